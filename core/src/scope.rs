pub use crate::scope::error::*;
mod error;
mod reason;
pub use reason::*;
use crate::body::Body;
use crate::runtime::Cleanup;
use core::future::Future;
use core::fmt::Debug;

pub trait Scope: Send + Sized {
    type Resource: Send;
    type Error: Debug + Send;
    type OnDrop;
    fn enter(&mut self) -> impl Future<Output = Result<Self::Resource, Self::Error>> + Send;
    fn exit(self, resource: Self::Resource, reason: ExitReason<'_>) -> impl Future<Output = Result<(), Self::Error>> + Send;
    fn abandon(self, resource: Self::Resource) { drop(resource) }
}
#[derive(Debug)]
pub struct HandOver;
#[derive(Debug)]
pub struct Synchronous;
#[derive(Debug)]
pub struct Abandon;
pub async fn with<R, S, F, T, E>(rt: &R, mut scope: S, body: F) -> Result<T, ScopeError<E, S::Error, T>>
where R: Cleanup, S: Scope, F: for<'a> Body<&'a mut S::Resource, Out = Result<T, E>>, E: Debug + Send + Sync + 'static {
    let mut r = match scope.enter().await { Ok(r) => r, Err(e) => return Err(ScopeError::Enter(e)) };
    let res = body(&mut r).await;
    let _ = rt;
    let x = match &res { Ok(_) => scope.exit(r, ExitReason::Completed).await, Err(e) => scope.exit(r, ExitReason::Failed(Failure::new(e))).await };
    match (res, x) {
        (Ok(t), Ok(())) => Ok(t),
        (Err(e), Ok(())) => Err(ScopeError::Body(e)),
        (Ok(value), Err(e)) => Err(ScopeError::Exit { error: ExitError::Failed(e), value }),
        (Err(body), Err(e)) => Err(ScopeError::Both { body, exit: ExitError::Failed(e) }),
    }
}
