//! Several scopes of one body: on a stack, as a tuple, and beside nesting them by hand.

use async_trait::async_trait;
use withal::exit_stack::ExitStack;
use withal::runtime::NoExecutor;
use withal::scope::concurrently;
use withal::{ScopeError, with};

use super::nested::{may_wait, synchronous};
use super::work::{BoxedScope, Failed, Permit, RT, Session, number, work};
use crate::now::now;
use crate::{Bar, Case, Contender};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::new("stack of 1")
            .with(stack(1).bar(Bar::Allocations(1.0)))
            .with(Contender::new("withal (nested)", || {
                number(now(may_wait::one()))
            }))
            .with(boxed_stack(1)),
        Case::new("stack of 16")
            .with(stack(16).bar(Bar::Allocations(16.0)))
            .with(Contender::new("withal (nested)", || {
                number(now(may_wait::sixteen()))
            }))
            .with(boxed_stack(16)),
        Case::new("stack of 1,000, each entry")
            .with(stack(1000).each_of(1000).bar(Bar::Allocations(1.0)))
            .with(boxed_stack(1000).each_of(1000)),
    ];
    cases.push(
        Case::new("four at once")
            .with(Contender::new("withal (tuple)", || number(now(tuple()))))
            .with(Contender::new("withal (concurrently)", || {
                number(now(side_by_side()))
            }))
            .with(Contender::new("withal (nested)", || {
                number(now(synchronous::four()))
            })),
    );
    cases
}

fn stack(entries: u64) -> Contender {
    Contender::new("withal", move || number(now(on_a_stack(entries))))
}

fn boxed_stack(entries: u64) -> Contender {
    Contender::new("boxed (async-trait, Vec)", move || {
        number(now(in_a_vec(entries)))
    })
}

/// So many scopes are entered and used, and are exited together.
pub(crate) async fn on_a_stack(entries: u64) -> Result<u64, Failed> {
    let ended = ExitStack::<NoExecutor, Failed>::run(&RT, async |stack| {
        let mut sum = 0;
        for entry in 0..entries {
            sum += work(stack.enter(Session(entry)).await?);
        }
        Ok::<_, Failed>(sum)
    });
    ended.await.map_err(|_| Failed)
}

/// The same, as people write it by hand: a list of boxed scopes, exited in reverse.
async fn in_a_vec(entries: u64) -> Result<u64, Failed> {
    let mut entered: Vec<(Box<dyn BoxedScope + Send>, u64)> = Vec::new();
    let mut sum = 0;
    for entry in 0..entries {
        let mut scope: Box<dyn BoxedScope + Send> = Box::new(Session(entry));
        let mut resource = scope.enter().await?;
        sum += work(&mut resource);
        entered.push((scope, resource));
    }
    while let Some((mut scope, resource)) = entered.pop() {
        scope.exit(resource, true).await?;
    }
    Ok(sum)
}

#[async_trait]
impl BoxedScope for Session {
    async fn enter(&mut self) -> Result<u64, Failed> {
        BoxedScope::enter(&mut Permit(self.0)).await
    }

    async fn exit(&mut self, resource: u64, completed: bool) -> Result<(), Failed> {
        BoxedScope::exit(&mut Permit(self.0), resource, completed).await
    }
}

async fn tuple() -> Result<u64, Failed> {
    let scopes = (Permit(1), Permit(2), Permit(3), Permit(4));
    let ended = with(&RT, scopes, async |(a, b, c, d)| {
        Ok::<_, Failed>(work(a) + work(b) + work(c) + work(d))
    });
    ended.await.map_err(lost)
}

async fn side_by_side() -> Result<u64, Failed> {
    let scopes = concurrently((Permit(1), Permit(2), Permit(3), Permit(4)));
    let ended = with(&RT, scopes, async |(a, b, c, d)| {
        Ok::<_, Failed>(work(a) + work(b) + work(c) + work(d))
    });
    ended.await.map_err(lost)
}

fn lost<E, X>(_: ScopeError<E, X, u64>) -> Failed {
    Failed
}
