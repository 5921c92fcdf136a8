//! What happened, in order: kept by the tests themselves, never read from the kernel.

use std::cell::Cell;
use std::convert::Infallible;
use std::fmt::Display;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use futures_util::future::{Either, select};
use withal::cleanup::drain;
use withal::runtime::{Cleanup as _, NoExecutor, Runtime};

/// How long a case waits for an event that must come: longer than any healthy machine needs, so
/// that what never comes fails its case instead of hanging it.
pub const PATIENCE: Duration = Duration::from_secs(20);

thread_local! {
    static HERE: Cell<Duration> = const { Cell::new(PATIENCE) };
}

/// How long the case on this thread waits: [`PATIENCE`], unless its harness says otherwise.
pub fn patience() -> Duration {
    HERE.get()
}

pub(crate) fn set_patience(patience: Duration) {
    HERE.set(patience);
}

/// A shared list of events, written as in the design's traces: `+a` entered, `-a` exited.
#[derive(Clone, Debug, Default)]
pub struct Log {
    events: Arc<Mutex<Vec<String>>>,
    waiting: Arc<Mutex<Vec<Waker>>>,
}

impl Log {
    /// An empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an event.
    pub fn push(&self, event: impl Display) {
        self.lock().push(event.to_string());
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        waiting.into_iter().for_each(Waker::wake);
    }

    /// The events so far.
    pub fn events(&self) -> Vec<String> {
        self.lock().clone()
    }

    /// Whether `event` has happened.
    pub fn has(&self, event: &str) -> bool {
        self.position(event).is_some()
    }

    /// Waits until the events are as `wanted`; looks again after each one. Without a limit: for
    /// scopes that wait to be told.
    pub async fn when(&self, mut wanted: impl FnMut(&[String]) -> bool) {
        poll_fn(|cx| {
            // Registered first, so that no event slips in between.
            lock(&self.waiting).push(cx.waker().clone());
            if wanted(&self.lock()) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    /// Waits until the events are as `wanted`, or fails the case.
    pub async fn until(&self, rt: &impl Runtime, wanted: impl FnMut(&[String]) -> bool) {
        within_patience(rt, self.when(wanted), || self.trace()).await;
    }

    /// Waits for `event`, or fails the case.
    pub async fn seen(&self, rt: &impl Runtime, event: &str) {
        self.until(rt, |events| events.iter().any(|seen| seen == event))
            .await;
    }

    /// The events so far, separated by blanks.
    pub fn trace(&self) -> String {
        self.lock().join(" ")
    }

    /// How many events begin with `prefix`.
    pub fn count(&self, prefix: &str) -> usize {
        self.lock()
            .iter()
            .filter(|event| event.starts_with(prefix))
            .count()
    }

    /// Where `event` stands.
    pub fn position(&self, event: &str) -> Option<usize> {
        self.lock().iter().position(|seen| seen == event)
    }

    /// Asserts the whole trace.
    #[track_caller]
    pub fn assert(&self, expected: &str) {
        assert_eq!(self.trace(), expected);
    }

    /// Asserts that every scope entered was exited once.
    #[track_caller]
    pub fn assert_balanced(&self) {
        let events = self.lock().clone();
        for event in &events {
            if let Some(name) = event.strip_prefix('+') {
                let exits = events
                    .iter()
                    .filter(|event| event.strip_prefix('-').is_some_and(|exit| exit == name))
                    .count();
                assert_eq!(exits, 1, "exits of {name} in {}", events.join(" "));
            }
        }
        let (entered, exited) = (self.count_in(&events, '+'), self.count_in(&events, '-'));
        assert_eq!(
            entered,
            exited,
            "entered and exited in {}",
            events.join(" ")
        );
    }

    fn count_in(&self, events: &[String], mark: char) -> usize {
        events
            .iter()
            .filter(|event| event.starts_with(mark))
            .count()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        lock(&self.events)
    }
}

/// Runs `future` to its end, or fails the case and says what `seen` says. Drains meanwhile, where
/// the runtime [spawns no cleanup](spawns_nothing).
pub async fn within_patience<F: Future>(
    rt: &impl Runtime,
    future: F,
    seen: impl FnOnce() -> String,
) -> F::Output {
    let drained = async {
        if spawns_nothing(rt) {
            match select(pin!(future), pin!(drain_for_ever(rt))).await {
                Either::Left((output, _)) => output,
                Either::Right((never, _)) => match never {},
            }
        } else {
            future.await
        }
    };
    match select(pin!(drained), pin!(rt.sleep(patience()))).await {
        Either::Left((output, _)) => output,
        Either::Right(_) => panic!("waited in vain; so far: {}", seen()),
    }
}

/// Whether `rt` says that it spawns no cleanup: it has the name of [`NoExecutor`]. Cleanups that
/// nobody waits for are then orphans until somebody drains.
pub fn spawns_nothing(rt: &impl Runtime) -> bool {
    rt.id().name == NoExecutor::new().id().name
}

/// Runs cleanups as they come.
async fn drain_for_ever(rt: &impl Runtime) -> Infallible {
    loop {
        let _report = drain(rt, patience()).await;
        rt.sleep(Duration::from_millis(1)).await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A case that panics on purpose must not hide what was logged.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
