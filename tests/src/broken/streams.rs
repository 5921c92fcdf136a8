//! Streams that are broken, beside the plain sound one that they are made from.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::mem;
use std::panic::AssertUnwindSafe;
use std::task::{Context, Poll, Waker};
use std::thread::{self, ThreadId};

use futures_util::FutureExt;
use futures_util::stream::StreamExt;
use withal::await_cleanup;
use withal::runtime::Runtime;

use crate::StreamUnderTest;
use crate::poll::yields;
use crate::streams::{Feed, Item};

/// What a stream keeps, or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Promise {
    All,
    Laziness,
    OneOfEach,
    Lockstep,
    EachWake,
    LatestWaker,
    Sleep,
    ItemsOfTheDropped,
    LifeAfterADrop,
    Errors,
    Panics,
    End,
    AnyThread,
    Source,
    SourceAtOnce,
    CloseAfterTheEnd,
}

use Promise::*;

/// Which promise a [`Plain`] stream breaks.
#[expect(
    private_bounds,
    reason = "sealed: the ways to break it are those below"
)]
pub trait Breach: Breaks {}

trait Breaks: Send + Sync + 'static {
    const PROMISE: Promise;
}

breaches! {
    /// Breaks nothing.
    Sound, Nothing: All;
    /// Begins when it is made.
    BeginsAtOnce, LosesLaziness: Laziness;
    /// Gives each item twice.
    GivesTwice, LosesOneOfEach: OneOfEach;
    /// Reads the next item before anybody asks for it.
    RunsAhead, LosesLockstep: Lockstep;
    /// Waits for an item without a waker.
    LosesWakes, LosesEachWake: EachWake;
    /// Waits with the waker that it was first polled with.
    KeepsAnOldWaker, LosesTheLatestWaker: LatestWaker;
    /// Wakes itself, instead of waiting to be woken.
    Spins, LosesSleep: Sleep;
    /// Has an item in the frame of a step, which may be dropped.
    LosesItems, LosesReturn: ItemsOfTheDropped;
    /// Is at its end when a step was dropped.
    EndsWithADrop, LosesItsLife: LifeAfterADrop;
    /// Takes an error for the end.
    SwallowsErrors, LosesErrors: Errors;
    /// Takes a panic of its source for the end.
    SwallowsPanics, LosesPanics: Panics;
    /// Begins again after its end.
    GoesOn, LosesItsEnd: End;
    /// Gives its items only on the thread that it began on.
    StaysOnItsThread, LosesThreads: AnyThread;
    /// Leaves its source open, for ever.
    LeavesItsSourceOpen, LosesItsSource: Source;
    /// Leaves it to a task to close its source.
    ClosesLater, LosesItsSourceForNow: SourceAtOnce;
    /// Takes it ill to be closed after its end.
    PanicsWhenClosedAgain, LosesItsPatience: CloseAfterTheEnd;
}

/// A stream that gives what it reads, and waits a little with each item in its hands.
pub struct Plain<B: Breach> {
    /// `None` once it is closed.
    feed: Option<Feed>,
    /// What was read, and not given.
    held: Option<Option<Item>>,
    /// What was given, by one that gives it again.
    again: Option<Item>,
    /// A step has begun, and has not ended.
    steps: bool,
    ended: bool,
    waker: Option<Waker>,
    thread: Option<ThreadId>,
    /// Drops a feed in a task.
    drop_later: Box<dyn Fn(Feed) + Send>,
    _breach: PhantomData<fn() -> B>,
}

impl<B: Breach> Plain<B> {
    /// The next item of the feed.
    async fn read(&mut self) -> Option<Item> {
        let read = poll_fn(|cx| self.poll_read(cx));
        if B::PROMISE == Panics {
            return AssertUnwindSafe(read).catch_unwind().await.unwrap_or(None);
        }
        read.await
    }

    fn poll_read(&mut self, cx: &Context<'_>) -> Poll<Option<Item>> {
        let here = thread::current().id();
        if B::PROMISE == AnyThread && *self.thread.get_or_insert(here) != here {
            return Poll::Pending;
        }
        if B::PROMISE == Sleep {
            cx.waker().wake_by_ref();
        }
        let waker = match B::PROMISE {
            EachWake => Waker::noop(),
            LatestWaker => self.waker.get_or_insert_with(|| cx.waker().clone()),
            _ => cx.waker(),
        };
        match &mut self.feed {
            Some(feed) => feed.poll_next_unpin(&mut Context::from_waker(waker)),
            None => Poll::Ready(None),
        }
    }

    /// Ends, in the way that it has.
    fn drop_feed(&mut self) {
        match self.feed.take() {
            Some(feed) if B::PROMISE == Source => mem::forget(feed),
            Some(feed) if B::PROMISE == SourceAtOnce => (self.drop_later)(feed),
            _ => {}
        }
    }
}

impl<B: Breach> StreamUnderTest for Plain<B> {
    fn over<R: Runtime>(rt: &R, feed: Feed) -> Self {
        let rt = rt.clone();
        let mut stream = Self {
            feed: Some(feed),
            held: None,
            again: None,
            steps: false,
            ended: false,
            waker: None,
            thread: None,
            drop_later: Box::new(move |feed| {
                let _task = rt.spawn(async move {
                    yields(3).await;
                    drop(feed);
                });
            }),
            _breach: PhantomData,
        };
        if B::PROMISE == Laziness {
            stream.held = stream.read().now_or_never();
        }
        stream
    }

    async fn next(&mut self) -> Option<Item> {
        if B::PROMISE == LifeAfterADrop && mem::replace(&mut self.steps, true) {
            self.ended = true;
        }
        if let Some(item) = self.again.take() {
            return Some(item);
        }
        if self.ended && B::PROMISE != End {
            return None;
        }
        let item = if B::PROMISE == ItemsOfTheDropped {
            let item = self.read().await;
            yields(1).await;
            item
        } else {
            if self.held.is_none() {
                self.held = Some(self.read().await);
            }
            yields(1).await;
            self.held.take().flatten()
        };
        self.steps = false;
        match B::PROMISE {
            OneOfEach => self.again.clone_from(&item),
            Lockstep => self.held = self.read().now_or_never(),
            Errors if matches!(item, Some(Err(_))) => return None,
            End if self.ended => return Some(Ok(0)),
            _ => {}
        }
        self.ended |= item.is_none();
        item
    }

    async fn close(mut self) {
        assert!(
            !(self.ended && B::PROMISE == CloseAfterTheEnd),
            "it is closed already"
        );
        await_cleanup(async { self.drop_feed() }).await;
    }
}

impl<B: Breach> Drop for Plain<B> {
    fn drop(&mut self) {
        self.drop_feed();
    }
}

impl<B: Breach> fmt::Debug for Plain<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plain").finish_non_exhaustive()
    }
}
