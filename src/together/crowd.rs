use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::cancel::{Branch, KeptError, Siblings};
use crate::cleanup::Kind;
use crate::sync::future_set::{FutureSet, Key};

/// Branches of which each is polled when it was woken, and no other.
pub(crate) struct Crowd<F, T, K: Kind> {
    members: FutureSet<Member<F, T, K>>,
    signal: Arc<Signal<T>>,
    stopped: bool,
    // `Some` from the first poll on.
    siblings: Option<Siblings>,
}

/// What a branch has ended with, and its number.
pub(crate) type Ended<T> = (usize, Result<T, KeptError>);

/// Which branch was the first to come to an end that decides, though its cleanup goes on.
struct Signal<T> {
    decides: fn(&T) -> bool,
    /// Whether a panic does.
    panics: bool,
    /// Its number and one; zero for none.
    first: AtomicUsize,
    /// Whether it has panicked.
    panicked: AtomicBool,
}

impl<F, T, K: Kind> Crowd<F, T, K> {
    pub(crate) fn new(capacity: usize, panics: bool, decides: fn(&T) -> bool) -> Self {
        Self {
            members: FutureSet::with_capacity(capacity),
            signal: Arc::new(Signal {
                decides,
                panics,
                first: AtomicUsize::new(0),
                panicked: AtomicBool::new(false),
            }),
            stopped: false,
            siblings: None,
        }
    }

    /// Adds a branch, as number `index`.
    pub(crate) fn push(&mut self, index: usize, branch: Branch<F, T, K>) -> Key {
        self.members.push(Member {
            branch,
            index,
            cancel: self.stopped,
            signal: self.signal.clone(),
        })
    }

    /// How many branches have not ended.
    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// Cancels all branches: from now on, they are polled towards that.
    pub(crate) fn stop(&mut self) {
        if !self.stopped {
            self.stopped = true;
            for (_, member) in self.members.iter_pin_mut() {
                *member.project().cancel = true;
            }
            self.members.wake_all();
        }
    }

    /// Cancels one branch. Whether it had not ended.
    pub(crate) fn stop_one(&mut self, key: Key) -> bool {
        let Some(member) = self.members.get_pin_mut(key) else {
            return false;
        };
        *member.project().cancel = true;
        self.members.wake(key)
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// The first branch with an end that decides, once that is known.
    pub(crate) fn decided(&self) -> Option<usize> {
        self.signal.first.load(Ordering::Relaxed).checked_sub(1)
    }

    /// Whether that end is a panic.
    pub(crate) fn has_panicked(&self) -> bool {
        self.signal.panicked.load(Ordering::Relaxed)
    }

    /// Polls those that were woken; gives one that has ended, `None` where all have.
    pub(crate) fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<Option<(Key, Ended<T>)>>
    where
        F: Future<Output = T>,
    {
        self.siblings.get_or_insert_with(Siblings::begin);
        self.members.poll_next(cx)
    }
}

impl<F, T, K: Kind> Drop for Crowd<F, T, K> {
    fn drop(&mut self) {
        if let Some(siblings) = &self.siblings {
            let mut dropping = siblings.dropping();
            for (_, member) in self.members.iter_pin_mut() {
                dropping.drop_branch(member.project().branch);
            }
        }
    }
}

impl<F, T, K: Kind> fmt::Debug for Crowd<F, T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crowd")
            .field("len", &self.len())
            .field("stopped", &self.stopped)
            .finish_non_exhaustive()
    }
}

pin_project! {
    struct Member<F, T, K: Kind> {
        #[pin]
        branch: Branch<F, T, K>,
        index: usize,
        cancel: bool,
        signal: Arc<Signal<T>>,
    }
}

impl<F: Future<Output = T>, T, K: Kind> Future for Member<F, T, K> {
    type Output = Ended<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended<T>> {
        let mut this = self.project();
        let (index, signal) = (*this.index, &**this.signal);
        let polled = this.branch.as_mut().poll_branch(cx, *this.cancel);
        let (value, panicked) = match &polled {
            Poll::Ready(Ok(value)) => (Some(value), false),
            Poll::Ready(Err(error)) => (None, error.is_panic()),
            // Its cleanup goes on.
            Poll::Pending => (this.branch.value(), this.branch.is_panicking()),
        };
        let panics = panicked && signal.panics;
        if (panics || value.is_some_and(signal.decides))
            && signal.first.load(Ordering::Relaxed) == 0
        {
            // Members are polled one after the other, so nobody else writes it.
            signal.first.store(index + 1, Ordering::Relaxed);
            signal.panicked.store(panics, Ordering::Relaxed);
        }
        polled.map(|ended| (index, ended.map_err(|error| this.branch.keep(error))))
    }
}
