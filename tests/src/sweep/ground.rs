//! What a sweep runs on: runtimes of its own, simulated, or one of the caller's.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::future::{Either, LocalBoxFuture, select};
use withal::runtime::Runtime;

use super::ways::{Cancel, Way};
use super::{Followed, Scenario};
use crate::Deterministic;
use crate::log::patience;

/// Sealed: [`Simulation`] and [`Real`].
pub trait Ground: sealed::Sealed {}

impl<G: sealed::Sealed> Ground for G {}

/// A new [`Deterministic`] runtime for each run.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Simulation;

/// A runtime of the caller's, who polls the sweep on it.
#[derive(Clone, Debug)]
pub struct Real<R>(pub(super) R);

pub(super) mod sealed {
    use super::{Cancel, Future, Runtime};

    #[expect(unnameable_types, reason = "seals the public trait")]
    pub trait Sealed {
        type Runtime: Runtime;

        /// Whether nothing moves on it but in [`drive`](Self::drive) and [`rest`](Self::rest).
        const IS_MOVED_BY_HAND: bool;

        /// The runtime of one run.
        fn runtime(&self) -> Self::Runtime;

        /// All the ways to cancel there.
        fn ways(&self) -> Vec<Box<dyn Cancel<Self::Runtime>>>;

        /// Polls `future` to its end, and all tasks meanwhile; `None` if nothing moves any more.
        fn drive<F: Future>(
            &self,
            rt: &Self::Runtime,
            future: F,
        ) -> impl Future<Output = Option<F::Output>>;

        /// Runs the tasks until nothing moves any more.
        fn rest(&self, rt: &Self::Runtime);
    }
}
use sealed::Sealed;

/// More rounds than any run takes that moves on.
const ROUNDS: usize = 100_000;

impl Sealed for Simulation {
    type Runtime = Deterministic;
    const IS_MOVED_BY_HAND: bool = true;

    fn runtime(&self) -> Deterministic {
        Deterministic::new()
    }

    fn ways(&self) -> Vec<Box<dyn Cancel<Deterministic>>> {
        let rt = self.runtime();
        let ways = Way::all(&rt).into_iter().map(boxed);
        let ends = [Shutdown::BeforeTheDrop, Shutdown::DuringTheCleanup];
        ways.chain(ends.map(boxed)).collect()
    }

    async fn drive<F: Future>(&self, rt: &Deterministic, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        let waker = Waker::from(woken.clone());
        for _ in 0..ROUNDS {
            if woken.0.swap(false, Ordering::AcqRel) {
                let poll = future.as_mut().poll(&mut Context::from_waker(&waker));
                if let Poll::Ready(output) = poll {
                    return Some(output);
                }
            } else if !rt.poll_next() && !rt.advance_to_next() {
                break;
            }
        }
        None
    }

    fn rest(&self, rt: &Deterministic) {
        for _ in 0..ROUNDS {
            if !rt.poll_next() && !rt.advance_to_next() {
                return;
            }
        }
    }
}

fn boxed<R>(way: impl Cancel<R> + 'static) -> Box<dyn Cancel<R>> {
    Box::new(way)
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

impl<R: Runtime> Sealed for Real<R> {
    type Runtime = R;
    const IS_MOVED_BY_HAND: bool = false;

    fn runtime(&self) -> R {
        self.0.clone()
    }

    fn ways(&self) -> Vec<Box<dyn Cancel<R>>> {
        Way::all(&self.0).into_iter().map(boxed).collect()
    }

    async fn drive<F: Future>(&self, rt: &R, future: F) -> Option<F::Output> {
        match select(pin!(future), pin!(rt.sleep(patience()))).await {
            Either::Left((output, _)) => Some(output),
            Either::Right(_) => None,
        }
    }

    fn rest(&self, _rt: &R) {
        // It runs by itself.
    }
}

/// The runtime is shut down: its tasks are dropped, and it takes no more.
#[derive(Clone, Copy, Debug)]
enum Shutdown {
    /// While the scenario is there.
    BeforeTheDrop,
    /// When the cleanups that the scenario's drop has left were each polled once.
    DuringTheCleanup,
}

impl Cancel<Deterministic> for Shutdown {
    fn run<'a>(
        &'a self,
        rt: &'a Followed<Deterministic>,
        mut scenario: Scenario<'a>,
    ) -> LocalBoxFuture<'a, ()> {
        Box::pin(async move {
            let mut reached = scenario.reached();
            poll_fn(|cx| {
                if Pin::new(&mut reached).poll(cx).is_ready() {
                    return Poll::Ready(());
                }
                Pin::new(&mut scenario).poll(cx)
            })
            .await;
            let rt = rt.runtime();
            match self {
                Self::BeforeTheDrop => {
                    rt.shut_down();
                    drop(scenario);
                }
                Self::DuringTheCleanup => {
                    drop(scenario);
                    rt.poll_each();
                    rt.shut_down();
                }
            }
        })
    }

    fn waits(&self) -> bool {
        false
    }

    fn name(&self) -> String {
        match self {
            Self::BeforeTheDrop => "a shutdown of the runtime".to_owned(),
            Self::DuringTheCleanup => "a drop, then a shutdown of the runtime".to_owned(),
        }
    }

    fn shuts_down(&self) -> bool {
        true
    }
}
