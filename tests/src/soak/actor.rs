//! The scopes of a script.
//!
//! This file is compiled twice, by `sendable` and by `local`, which say what a scope is.

use std::future::pending;
use std::marker::PhantomData;

use withal::runtime::Cleanup;
use withal::scope::{Abandoned, Failure, Suppress};
use withal::{Abandon, ExitReason, HandOver, Synchronous};

use super::{Hooks, play};
use crate::poll::yields;
use crate::soak::cast::{Broken, Cast, Fault, panic_at};
use crate::soak::event::{How, What};
use crate::soak::script::{Enter, Id, NONE, Op};

/// A scope that notes what happens to it, and whose exit plays a block. `D` is its drop strategy.
pub(super) struct Actor<R, D> {
    pub(super) cast: Cast<R>,
    pub(super) id: Id,
    _on_drop: PhantomData<fn() -> D>,
}

impl<R: Cleanup, D> Actor<R, D> {
    pub(super) fn new(cast: &Cast<R>, id: Id) -> Self {
        Self {
            cast: cast.clone(),
            id,
            _on_drop: PhantomData,
        }
    }

    pub(super) async fn enter(&self) -> Result<Id, Fault> {
        let stage = self.cast.stage();
        if let Op::Scope(_, enter) = self.cast.node(self.id).op {
            match enter {
                Enter::Plain => {}
                Enter::Yields => yields(1).await,
                Enter::Fails => return Err(Fault(self.id)),
                Enter::Panics => panic_at(self.id),
                Enter::Stalls(stop) => {
                    stage.ask(stop);
                    pending().await
                }
            }
        }
        stage.note(What::Entered, self.id, How::Plain);
        Ok(self.id)
    }

    pub(super) async fn exit(&self, reason: How) -> Result<(), Fault> {
        let (stage, id) = (self.cast.stage(), self.id);
        let reason = match (self.cast.broken, reason) {
            (Some(Broken::WrongReason), How::Failed(_)) => How::Completed,
            (_, reason) => reason,
        };
        stage.note(What::Exits, id, reason);
        let result = play::block(&self.cast, self.cast.node(id).b, 0, NONE).await;
        stage.note(What::Exited, id, play::how(&result));
        if self.cast.broken == Some(Broken::ExitsTwice) && reason == How::Cancelled {
            stage.note(What::Exits, id, reason);
        }
        if self.cast.broken == Some(Broken::SwallowsErrors) {
            return Ok(());
        }
        result
    }
}

/// What an exit is told, and which error it sees.
fn how(reason: ExitReason<'_>) -> How {
    match reason {
        ExitReason::Completed => How::Completed,
        ExitReason::Failed(failure) => {
            How::Failed(failure.downcast_ref().map_or(NONE, |Fault(id)| *id))
        }
        ExitReason::Cancelled => How::Cancelled,
        _ => How::Panicked(NONE),
    }
}

// Not generic over the strategy: whether it fits depends on the scope, which would depend on it.
macro_rules! hooks {
    ($($on_drop:ty),*) => {$(
        impl<R: Cleanup> Hooks for Actor<R, $on_drop> {
            type Resource = Id;
            type Error = Fault;
            type OnDrop = $on_drop;

            async fn enter(&mut self) -> Result<Id, Fault> {
                Actor::enter(self).await
            }

            async fn exit(self, _: Id, reason: ExitReason<'_>) -> Result<(), Fault> {
                Actor::exit(&self, how(reason)).await
            }

            fn abandon(self, _: Id) -> Abandoned {
                self.cast.stage().note(What::Abandoned, self.id, How::Plain);
                match self.id % 2 {
                    0 => Abandoned::Released,
                    _ => Abandoned::Lost,
                }
            }
        }
    )*};
}

hooks!(HandOver, Synchronous, Abandon);

impl<R: Cleanup> Suppress for Actor<R, HandOver> {
    fn suppresses(&self, failure: Failure<'_>) -> bool {
        let fault = failure.downcast_ref::<Fault>();
        fault.is_some_and(|Fault(id)| id % 2 == 0)
    }
}
