//! What ends a run before its time: Ctrl-C, and the time limit.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::task::AtomicWaker;
use withal::runtime::Runtime;
use withal::{Either, Elapsed, either, timeout};

/// How a run ended.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a program's own type: every case is to be handled"
)]
pub enum Ending<T> {
    /// Of its own accord.
    Finished(T),
    /// By Ctrl-C.
    Interrupted,
    /// By the time limit.
    OutOfTime,
}

/// Runs `work` until it is done, `interrupt` comes, or `time_limit` is over. In the last two cases
/// `work` is cancelled, and this returns once every scope in it has been exited.
pub async fn until_stopped<R: Runtime, T>(
    rt: &R,
    time_limit: Option<Duration>,
    interrupt: Interrupt,
    work: impl Future<Output = T>,
) -> Ending<T> {
    let work = async {
        match time_limit {
            Some(limit) => timeout(rt, limit, work).await,
            None => Ok(work.await),
        }
    };
    match either(work, interrupt).await {
        Either::Left(Ok(value)) => Ending::Finished(value),
        Either::Left(Err(Elapsed { .. })) => Ending::OutOfTime,
        Either::Right(()) => Ending::Interrupted,
    }
}

/// Ctrl-C, as a future: ready from the moment it was pressed. Needs no runtime's signal handling.
///
/// One task at a time may wait for it.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    pressed: AtomicBool,
    waiting: AtomicWaker,
}

impl Interrupt {
    /// Takes over Ctrl-C for this process: from now on it no longer ends it.
    ///
    /// # Errors
    ///
    /// If the system refuses, or somebody has taken it over before.
    pub fn install() -> Result<Self, ctrlc::Error> {
        let interrupt = Self::new();
        let pressed = interrupt.clone();
        ctrlc::set_handler(move || pressed.press())?;
        Ok(interrupt)
    }

    /// One that no key is tied to.
    pub fn new() -> Self {
        Self::default()
    }

    /// Does what the key does.
    pub fn press(&self) {
        self.0.pressed.store(true, Ordering::Release);
        self.0.waiting.wake();
    }

    /// Whether it was pressed.
    pub fn is_pressed(&self) -> bool {
        self.0.pressed.load(Ordering::Acquire)
    }
}

impl Future for Interrupt {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // Registered before the look: a press in between is then seen by one of the two.
        self.0.waiting.register(cx.waker());
        if self.is_pressed() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}
