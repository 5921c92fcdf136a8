//! Scopes that are broken, by helpers around [`with`] and [`enter_in`], or without them.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use futures_util::future::BoxFuture;
use withal::runtime::{Cleared, Runtime, Spawn};
use withal::scope::Failure;
use withal::{ExitReason, enter_in, with};

use crate::Scopes;
use crate::poll::{caught, poll_now};
use crate::scopes::Probing;

type Body = Result<u32, String>;

/// Its frame holds the body longer than the guard: the outer scope is exited before the inner ones.
#[derive(Debug)]
#[non_exhaustive]
pub enum OuterFirst {}

impl Scopes for OuterFirst {
    async fn with<P: Probing>(
        rt: &impl Runtime,
        probe: P,
        body: impl Future<Output = Body>,
    ) -> Body {
        // What is declared first is dropped last.
        let mut body = pin!(body);
        let guard = enter_in(rt, probe).await.map_err(|e| e.to_string())?;
        let ended = body.as_mut().await;
        guard.exit(ended).await.map_err(|e| e.to_string())
    }
}

/// It exits by hand what its guard exits as well.
#[derive(Debug)]
#[non_exhaustive]
pub enum ExitsTwice {}

impl Scopes for ExitsTwice {
    async fn with<P: Probing>(
        rt: &impl Runtime,
        probe: P,
        body: impl Future<Output = Body>,
    ) -> Body {
        let guard = enter_in(rt, probe.clone()).await;
        let guard = guard.map_err(|e| e.to_string())?;
        let ended = body.await;
        let exited = probe.exit(guard.clone(), ExitReason::Completed).await;
        exited.map_err(|e| e.to_string())?;
        guard.exit(ended).await.map_err(|e| e.to_string())
    }
}

/// It runs the body as nobody's, so that it waits for nothing that foreign code drops in there.
#[derive(Debug)]
#[non_exhaustive]
pub enum DoesNotWait {}

impl Scopes for DoesNotWait {
    async fn with<P: Probing>(
        rt: &impl Runtime,
        probe: P,
        body: impl Future<Output = Body>,
    ) -> Body {
        let scoped = with(rt, probe, async |_| Cleared::new(body).await);
        scoped.await.map_err(|e| e.to_string())
    }
}

/// It hides the body's failure from the exit, which commits what should be rolled back.
#[derive(Debug)]
#[non_exhaustive]
pub enum HidesFailure {}

impl Scopes for HidesFailure {
    async fn with<P: Probing>(
        rt: &impl Runtime,
        probe: P,
        body: impl Future<Output = Body>,
    ) -> Body {
        let scoped = with(rt, probe, async |_| Ok::<_, String>(body.await));
        scoped.await.map_err(|e| e.to_string())?
    }
}

/// It catches the body's panic, and makes an error of it.
#[derive(Debug)]
#[non_exhaustive]
pub enum SwallowsPanics {}

impl Scopes for SwallowsPanics {
    async fn with<P: Probing>(
        rt: &impl Runtime,
        probe: P,
        body: impl Future<Output = Body>,
    ) -> Body {
        let scoped = caught(with(rt, probe, async |_| body.await)).await;
        scoped?.map_err(|e| e.to_string())
    }
}

/// It returns while the exit is still to come.
#[derive(Debug)]
#[non_exhaustive]
pub enum ExitsLater {}

impl Scopes for ExitsLater {
    async fn with<P: Probing>(
        rt: &impl Runtime,
        probe: P,
        body: impl Future<Output = Body>,
    ) -> Body {
        let guard = enter_in(rt, probe).await;
        let _guard = guard.map_err(|e| e.to_string())?;
        body.await
    }
}

/// It runs the body whether or not it could enter.
#[derive(Debug)]
#[non_exhaustive]
pub enum IgnoresEnter {}

impl Scopes for IgnoresEnter {
    async fn with<P: Probing>(
        rt: &impl Runtime,
        probe: P,
        body: impl Future<Output = Body>,
    ) -> Body {
        let entered = enter_in(rt, probe).await;
        let ended = body.await;
        let guard = entered.map_err(|e| e.to_string())?;
        guard.exit(ended).await.map_err(|e| e.to_string())
    }
}

/// It begins when it is called.
#[derive(Debug)]
#[non_exhaustive]
pub enum BeginsAtOnce {}

impl Scopes for BeginsAtOnce {
    fn with<P: Probing>(
        rt: &impl Runtime,
        probe: P,
        body: impl Future<Output = Body>,
    ) -> impl Future<Output = Body> {
        let mut scoped = Box::pin(with(rt, probe, async |_| body.await));
        let first = poll_now(scoped.as_mut());
        async {
            let ended = match first {
                Poll::Ready(ended) => ended,
                Poll::Pending => scoped.await,
            };
            ended.map_err(|e| e.to_string())
        }
    }
}

/// It enters and exits, and thinks of no other way out: cancelled, it is not exited.
#[derive(Debug)]
#[non_exhaustive]
pub enum ForgetsCancelled {}

impl Scopes for ForgetsCancelled {
    async fn with<P: Probing>(
        _rt: &impl Runtime,
        mut probe: P,
        body: impl Future<Output = Body>,
    ) -> Body {
        let resource = probe.enter().await.map_err(|e| e.to_string())?;
        let ended = body.await;
        exit(probe, resource, &ended).await?;
        ended
    }
}

/// Exits by itself after a body that ended.
async fn exit<P: Probing>(probe: P, resource: P::Resource, ended: &Body) -> Result<(), String> {
    let reason = match ended {
        Ok(_) => ExitReason::Completed,
        Err(error) => ExitReason::Failed(Failure::new(error)),
    };
    probe
        .exit(resource, reason)
        .await
        .map_err(|e| e.to_string())
}

/// Spawns the exit when it is dropped, on whichever runtime is current there.
#[derive(Debug)]
#[non_exhaustive]
pub enum SpawnsFromDrop {}

impl Scopes for SpawnsFromDrop {
    async fn with<P: Probing>(
        _rt: &impl Runtime,
        probe: P,
        body: impl Future<Output = Body>,
    ) -> Body {
        guarded(probe, body, |exit| {
            let current = withal::current().expect("a runtime is current");
            drop(current.spawn(exit));
        })
        .await
    }
}

/// Spawns the exit when it is dropped, and does not ask whether anybody ran it.
#[derive(Debug)]
#[non_exhaustive]
pub enum OrphansInSilence {}

impl Scopes for OrphansInSilence {
    async fn with<P: Probing>(
        rt: &impl Runtime,
        probe: P,
        body: impl Future<Output = Body>,
    ) -> Body {
        guarded(probe, body, |exit| drop(rt.spawn(exit))).await
    }
}

type Exit = BoxFuture<'static, ()>;

/// Enters, runs and exits by itself; dropped meanwhile, gives the exit to `spawn`.
async fn guarded<P: Probing>(
    mut probe: P,
    body: impl Future<Output = Body>,
    spawn: impl FnOnce(Exit),
) -> Body {
    let resource = probe.enter().await.map_err(|e| e.to_string())?;
    let mut guard = Guard {
        entered: Some((probe, resource)),
        spawn: Some(spawn),
    };
    let ended = body.await;
    if let Some((probe, resource)) = guard.entered.take() {
        exit(probe, resource, &ended).await?;
    }
    ended
}

struct Guard<P: Probing, S: FnOnce(Exit)> {
    entered: Option<(P, P::Resource)>,
    spawn: Option<S>,
}

impl<P: Probing, S: FnOnce(Exit)> Drop for Guard<P, S> {
    fn drop(&mut self) {
        if let (Some((probe, resource)), Some(spawn)) = (self.entered.take(), self.spawn.take()) {
            spawn(Box::pin(async move {
                let _ = probe.exit(resource, ExitReason::Cancelled).await;
            }));
        }
    }
}
