use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;
use withal_core::cleanup::CleanupTask;
use withal_core::runtime::{Alarm, Cleanup, RuntimeId, Timer};

use crate::{Sleep, TokioRuntime};

impl Cleanup for TokioRuntime {
    fn id(&self) -> RuntimeId {
        self.id
    }

    fn spawn_cleanup(&self, task: CleanupTask) {
        // A runtime that is shutting down drops the task, which gives the cleanup back; so does a
        // panic of the spawn, which must not leave the caller's `Drop`.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(self.handle.spawn(task))));
    }

    fn in_context<T>(&self, f: impl FnOnce() -> T) -> T {
        let _guard = self.handle.enter();
        f()
    }

    fn alarm(&self, timeout: Duration) -> Option<Alarm> {
        Some(Alarm::new(Watch {
            runtime: self.clone(),
            since: Instant::now(),
            timeout,
            sleep: None,
            broken: false,
        }))
    }
}

pin_project! {
    /// A sleep that never panics: it is made for the kernel, which may outlive the runtime.
    ///
    /// Tokio's timers panic in a runtime without a time driver and after its shutdown. From then
    /// on the system's clock decides, looked at whenever the cleanup is polled for another reason.
    struct Watch {
        runtime: TokioRuntime,
        since: Instant,
        timeout: Duration,
        #[pin]
        sleep: Option<Sleep>,
        broken: bool,
    }
}

impl Future for Watch {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if !*this.broken {
            let polled = catch_unwind(AssertUnwindSafe(|| {
                if this.sleep.is_none() {
                    this.sleep.set(Some(this.runtime.sleep(*this.timeout)));
                }
                let sleep = this.sleep.as_mut().as_pin_mut();
                sleep.map_or(Poll::Pending, |sleep| sleep.poll(cx))
            }));
            match polled {
                Ok(poll) => return poll,
                Err(_) => *this.broken = true,
            }
        }
        if this.since.elapsed() >= *this.timeout {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}
