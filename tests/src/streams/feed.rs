//! What a stream under test reads from, and who fills it.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::panic::panic_any;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{FusedStream, Stream};
use withal::runtime::Runtime;
use withal::with;

use crate::poll::yields;
use crate::probe::Failed;
use crate::{Log, Probe};

/// What a feed gives. An error is its last item.
pub type Item = Result<u32, Failed>;

/// A feed, and who fills it.
///
/// From its first step to its end the feed is in a scope, which logs `+name` and `-name:reason`; its
/// exit waits a little.
pub fn feed<R: Runtime>(rt: &R, log: &Log, name: &str) -> (Feeder, Feed) {
    let shared = Arc::new(Shared::default());
    let probe = Probe::new(log, name).exit_yields(2).reasons();
    let (rt, own) = (rt.clone(), shared.clone());
    let completed = format!(".{name}");
    let log = log.clone();
    let running = async move {
        let scoped = with(&rt, probe, async |_| {
            own.run().await;
            log.push(completed);
            Ok::<_, Failed>(())
        });
        scoped.await.expect("the probe does not fail");
    };
    let feed = Feed {
        running: Some(running.boxed()),
        shared: shared.clone(),
    };
    (Feeder { shared }, feed)
}

/// What a stream under test reads from: a stream that loses nothing, whoever gives up.
///
/// Made by [`feed`].
#[must_use = "streams do nothing unless polled"]
pub struct Feed {
    running: Option<BoxFuture<'static, ()>>,
    shared: Arc<Shared>,
}

/// Fills a [`Feed`].
#[derive(Clone)]
pub struct Feeder {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    events: VecDeque<Event>,
    /// On its way out, within a poll.
    item: Option<Item>,
    taken: usize,
    waiting: Option<Waker>,
}

enum Event {
    Item(Item),
    Wait,
    Panic,
    End,
}

impl Feeder {
    /// Gives an item.
    pub fn push(&self, item: u32) {
        self.add([Event::Item(Ok(item))]);
    }

    /// Makes it wait for a poll of its own, there.
    pub fn wait(&self) {
        self.add([Event::Wait]);
    }

    /// Makes it fail, there, which ends it.
    pub fn fail(&self) {
        self.add([Event::Item(Err(Failed("the feed"))), Event::End]);
    }

    /// Makes it panic, there.
    pub fn panic(&self) {
        self.add([Event::Panic]);
    }

    /// Ends it, there.
    pub fn end(&self) {
        self.add([Event::End]);
    }

    /// Gives so many items, from 0 on, each of which lets wait for itself, and ends.
    pub fn give(&self, items: u32) {
        for item in 0..items {
            self.wait();
            self.push(item);
        }
        self.wait();
        self.end();
    }

    /// How many items were taken out so far.
    pub fn taken(&self) -> usize {
        self.shared.lock().taken
    }

    /// Whether the feed waits, and would wake by `waker` itself.
    pub fn would_wake(&self, waker: &Waker) -> bool {
        let state = self.shared.lock();
        let waiting = state.waiting.as_ref();
        waiting.is_some_and(|waiting| waiting.will_wake(waker))
    }

    fn add(&self, events: impl IntoIterator<Item = Event>) {
        let mut state = self.shared.lock();
        state.events.extend(events);
        let waiting = state.waiting.take();
        drop(state);
        if let Some(waker) = waiting {
            waker.wake();
        }
    }
}

impl Shared {
    /// What happens in the scope.
    async fn run(&self) {
        loop {
            match poll_fn(|cx| self.poll_event(cx)).await {
                Event::Wait => yields(1).await,
                Event::Item(item) => {
                    self.lock().item = Some(item);
                    // It leaves with the poll that goes on.
                    poll_fn(|_| match self.lock().item {
                        Some(_) => Poll::Pending,
                        None => Poll::Ready(()),
                    })
                    .await;
                }
                Event::Panic => panic_any("the feed"),
                Event::End => return,
            }
        }
    }

    fn poll_event(&self, cx: &Context<'_>) -> Poll<Event> {
        let mut state = self.lock();
        if let Some(event) = state.events.pop_front() {
            return Poll::Ready(event);
        }
        let stale = state.waiting.replace(cx.waker().clone());
        drop(state);
        drop(stale);
        Poll::Pending
    }

    fn take(&self) -> Option<Item> {
        let mut state = self.lock();
        let item = state.item.take()?;
        state.taken += 1;
        Some(item)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A case that fails must not hide how.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream for Feed {
    type Item = Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        // It is gone if it panics.
        let Some(mut running) = self.running.take() else {
            return Poll::Ready(None);
        };
        let polled = running.as_mut().poll(cx);
        if polled.is_pending() {
            self.running = Some(running);
        }
        if let Some(item) = self.shared.take() {
            return Poll::Ready(Some(item));
        }
        ready!(polled);
        Poll::Ready(None)
    }
}

impl FusedStream for Feed {
    fn is_terminated(&self) -> bool {
        self.running.is_none()
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.running = None;
        // Nobody is woken for it any more.
        let _stale = self.shared.lock().waiting.take();
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").finish_non_exhaustive()
    }
}

impl fmt::Debug for Feeder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feeder")
            .field("taken", &self.taken())
            .finish_non_exhaustive()
    }
}
