//! Does what a plan says.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use pin_project_lite::pin_project;
use withal::runtime::Timer as _;
use withal::{ExitReason, HandOver, Scope, with};

use super::combine;
use super::ledger::{Fault, Given, Ledger};
use super::plan::{Plan, Then, What, Work};
use crate::Deterministic;
use crate::poll::yields;

/// What the parts of a plan share.
#[derive(Clone)]
pub(super) struct Cast {
    pub(super) rt: Deterministic,
    pub(super) ledger: Arc<Ledger>,
}

impl Cast {
    /// Plays `plan`; `Send` and `'static`, so that it may run anywhere.
    pub(super) fn play(&self, plan: &Arc<Plan>) -> BoxFuture<'static, Given> {
        let (cast, part) = (self.clone(), plan.clone());
        let inner: BoxFuture<'static, Given> = match plan.what {
            What::Work(work) => Box::pin(cast.work(work, part.id)),
            What::Scope { exit_yields } => Box::pin(cast.scope(part, exit_yields)),
            What::Of(how) => combine::play(how, cast, part),
        };
        Box::pin(Told {
            ledger: self.ledger.clone(),
            plan: plan.clone(),
            inner,
        })
    }

    /// Plays part `n` of `plan`.
    pub(super) fn part(&self, plan: &Plan, n: usize) -> BoxFuture<'static, Given> {
        self.play(&plan.parts[n])
    }

    /// Plays all parts of `plan`.
    pub(super) fn parts(&self, plan: &Plan) -> Vec<BoxFuture<'static, Given>> {
        plan.parts.iter().map(|part| self.play(part)).collect()
    }

    async fn work(self, work: Work, id: usize) -> Given {
        yields(work.yields.into()).await;
        if work.millis > 0 {
            self.rt.sleep(millis(work.millis)).await;
        }
        match work.then {
            Then::Value => Ok(id),
            Then::Error => Err(Fault(id)),
            Then::Panic => resume_unwind(Box::new(Thrown)),
            Then::Never => pending().await,
        }
    }

    async fn scope(self, plan: Arc<Plan>, exit_yields: u8) -> Given {
        let scope = Ledgered {
            ledger: self.ledger.clone(),
            plan: plan.clone(),
            exit_yields,
        };
        let body = with(&self.rt, scope, async |()| self.part(&plan, 0).await);
        let given = body.await.map_err(|error| match error {
            withal::ScopeError::Body(fault) => fault,
            other => unreachable!("{other:?}: neither enter nor exit fails"),
        });
        if let Ok(given) = given {
            self.ledger.same(plan.parts[0].id, Ok(given));
        }
        given
    }
}

pub(super) fn millis(millis: u8) -> Duration {
    Duration::from_millis(millis.into())
}

/// What a plan panics with.
pub(super) struct Thrown;

/// A scope that tells the ledger.
struct Ledgered {
    ledger: Arc<Ledger>,
    plan: Arc<Plan>,
    exit_yields: u8,
}

impl Scope for Ledgered {
    type Resource = ();
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), Infallible> {
        self.ledger.entered(self.plan.id);
        Ok(())
    }

    async fn exit(self, (): (), _: ExitReason<'_>) -> Result<(), Infallible> {
        yields(self.exit_yields.into()).await;
        self.ledger.exited(self.plan.range());
        Ok(())
    }
}

pin_project! {
    /// Tells the ledger how its part ended.
    struct Told {
        ledger: Arc<Ledger>,
        plan: Arc<Plan>,
        #[pin]
        inner: BoxFuture<'static, Given>,
    }
}

impl Future for Told {
    type Output = Given;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Given> {
        let this = self.project();
        let waits = match this.plan.what {
            What::Of(how) => how.waits(),
            What::Scope { .. } => true,
            What::Work(_) => false,
        };
        match catch_unwind(AssertUnwindSafe(|| this.inner.poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(given)) => {
                this.ledger.gave(this.plan.range(), given, waits);
                Poll::Ready(given)
            }
            Err(thrown) => {
                this.ledger.panicked(this.plan.range(), waits);
                resume_unwind(thrown)
            }
        }
    }
}
