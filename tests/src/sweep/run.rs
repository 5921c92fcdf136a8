//! One run: one scenario, made anew, brought to one point, ended there in one way, and looked at.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::select;
use withal::cleanup::drain;
use withal::runtime::{Cleanup, RuntimeId, Timer};

use super::error::Violation;
use super::follow::Follow;
use super::ground::sealed::Sealed;
use super::scenario::Injected;
use super::trace::Trace;
use super::{Followed, check};
use crate::log::patience;
use crate::poll::yields;

/// What is followed from the beginning of a run to its end.
pub(super) struct Run<'g, G: Sealed> {
    ground: &'g G,
    pub(super) rt: Followed<G::Runtime>,
    pub(super) follow: Follow,
    wakes: Arc<Wakes>,
    _following: Following,
}

struct Following(RuntimeId);

impl Drop for Following {
    fn drop(&mut self) {
        Follow::end(self.0);
    }
}

/// What a run expects of its end.
#[derive(Clone, Copy)]
pub(super) struct Expect {
    /// Whoever cancelled has waited.
    pub(super) waited: bool,
    /// A panic may be a scope's reason to end.
    pub(super) panics: bool,
    /// Cleanups may be left, if they were reported.
    pub(super) shuts_down: bool,
    /// No waker may be held.
    pub(super) no_waker: bool,
}

impl<'g, G: Sealed> Run<'g, G> {
    pub(super) fn begin(ground: &'g G) -> Self {
        let rt = Followed::new(ground.runtime());
        let id = rt.id();
        Self {
            ground,
            rt,
            follow: Follow::begin(id),
            wakes: Arc::default(),
            _following: Following(id),
        }
    }

    /// Polls `future` to its end. A panic that the sweep has not caused is a violation.
    pub(super) async fn drive(&self, future: impl Future<Output = ()>) -> Result<(), Violation> {
        let watched = Watched {
            future: Box::pin(future),
            wakes: &self.wakes,
        };
        let caught = AssertUnwindSafe(watched).catch_unwind();
        let ended = self.ground.drive(self.rt.runtime(), caught).await;
        match ended {
            None => Err(Violation::Stalled),
            Some(Err(payload)) if !payload.is::<Injected>() => {
                Err(Violation::Panicked(message(&*payload)))
            }
            Some(_) => Ok(()),
        }
    }

    /// Looks at everything that must hold now: `held` counts the wakers that are left, and `holds` is
    /// the invariant.
    pub(super) async fn check(
        &self,
        expect: Expect,
        held: impl Fn() -> usize,
        holds: impl Fn(),
    ) -> Result<(), Violation> {
        if expect.waited {
            if let Some(about) = self.follow.live_own() {
                return Err(Violation::NotAwaited(Box::new(about)));
            }
            if !self.rt.has_started() {
                // What was waited for needs no help to be in order.
                invariant(&holds)?;
            }
        }
        self.settle().await;
        let left = if expect.shuts_down {
            self.follow.live_in_silence()
        } else {
            self.follow.live()
        };
        if let Some(about) = left {
            return Err(Violation::StillAlive(Box::new(about)));
        }
        check::check(&self.follow.trace(), expect.panics)?;
        invariant(&holds)?;
        if expect.no_waker {
            self.released(&held).await;
            let held = held();
            if held > 0 {
                return Err(Violation::WakerLeaked(held));
            }
        }
        Ok(())
    }

    pub(super) fn trace(&self) -> Trace {
        self.follow.trace()
    }

    /// Runs whatever is left: by the runtime, and by a drain of the process.
    async fn settle(&self) {
        self.ground.rest(self.rt.runtime());
        if self.follow.live().is_none() {
            return;
        }
        self.follow.mark("drains");
        if G::IS_MOVED_BY_HAND {
            self.drain_by_hand();
        } else {
            self.drain().await;
            let settled = self.follow.settled();
            self.ground.drive(self.rt.runtime(), settled).await;
        }
    }

    async fn drain(&self) {
        let settled = pin!(self.follow.settled());
        let drain = drain(&self.rt, patience());
        // It ends late where others have cleanups, so the scopes say when it is enough.
        let either = select(settled, drain);
        self.ground.drive(self.rt.runtime(), either).await;
    }

    /// As [`drain`](Self::drain), where nothing moves that is not polled here, unless a drain of
    /// somebody else's has hold of a cleanup of ours for a moment. Those of sweeps take turns.
    fn drain_by_hand(&self) {
        static TURN: Mutex<()> = Mutex::new(());
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        for attempt in 0..1000 {
            if attempt > 0 {
                thread::sleep(Duration::from_millis(1));
            }
            let _at_once = self.drain().now_or_never();
            let is_over = self.follow.live().is_none();
            if is_over || (attempt >= 5 && self.follow.live_in_silence().is_none()) {
                return;
            }
        }
    }

    /// How many wakers that [`drive`](Self::drive) polled with are held.
    pub(super) fn held_wakers(&self) -> usize {
        Arc::strong_count(&self.wakes) - 1
    }

    /// Gives another thread the time to drop the last waker: it may be preempted just then.
    async fn released(&self, held: impl Fn() -> usize) {
        if !G::IS_MOVED_BY_HAND {
            let rt = self.rt.runtime();
            let released = async {
                while held() > 0 {
                    yields(100).await;
                    rt.sleep(Duration::from_millis(1)).await;
                }
            };
            let (released, late) = (pin!(released), pin!(rt.sleep(patience())));
            self.ground.drive(rt, select(released, late)).await;
        }
    }
}

/// Polls with a waker of its own, by which those that are left over are found.
struct Watched<'w, F> {
    future: Pin<Box<F>>,
    wakes: &'w Arc<Wakes>,
}

impl<F: Future> Future for Watched<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let _stale = self.wakes.on(Some(cx.waker().clone()));
        let waker = Waker::from(self.wakes.clone());
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }
}

impl<F> Drop for Watched<'_, F> {
    fn drop(&mut self) {
        let _stale = self.wakes.on(None);
    }
}

/// Passes wakes on.
#[derive(Default)]
struct Wakes(Mutex<Option<Waker>>);

impl Wakes {
    fn on(&self, waker: Option<Waker>) -> Option<Waker> {
        let mut to = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *to, waker)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let to = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let to = to.clone();
        if let Some(waker) = to {
            waker.wake();
        }
    }
}

fn invariant(holds: impl Fn()) -> Result<(), Violation> {
    let held = catch_unwind(AssertUnwindSafe(holds));
    held.map_err(|payload| Violation::Invariant(message(&*payload)))
}

/// The text of a panic.
pub(super) fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref().map(String::as_str));
    text.unwrap_or("no text").to_owned()
}
