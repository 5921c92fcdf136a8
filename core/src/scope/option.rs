//! A scope that there may be or not.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::exit::{ExitFuture, Told, Why};
use super::manager::{Managed, Manager};
use super::policy::Suppress;
use super::reason::Failure;
use crate::cleanup::kind::Kind;
use crate::cleanup::scope_link::Bequest;
use crate::cleanup::{About, Report, report};
use crate::pin;
use crate::runtime::Cleanup;

/// What an `Option` of a scope lends: the scope's resource, or nothing.
///
/// It is no `Option` itself, since a body that takes the resource out of it would leave nothing to
/// exit.
///
/// # Examples
///
/// ```
/// use core::convert::Infallible;
/// use withal_core::scope::null_scope;
/// use withal_core::{runtime::NoExecutor, with};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let rt = NoExecutor::new();
/// for connection in [Some(null_scope("open")), None] {
///     let expected = connection.is_some();
///     let used = with(&rt, connection, async |connection| {
///         Ok::<_, Infallible>(connection.as_mut().is_some())
///     });
///     assert_eq!(used.await.unwrap(), expected);
/// }
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct Maybe<T> {
    resource: Option<T>,
}

impl<T> Maybe<T> {
    /// The resource, if there is a scope.
    pub fn as_ref(&self) -> Option<&T> {
        self.resource.as_ref()
    }

    /// The resource, if there is a scope.
    pub fn as_mut(&mut self) -> Option<&mut T> {
        self.resource.as_mut()
    }

    /// Whether there is a scope.
    pub fn is_some(&self) -> bool {
        self.resource.is_some()
    }
}

/// `None` is a scope that lends nothing and has nothing to do.
impl<M: Managed> Managed for Option<M> {
    type Kind = M::Kind;
    type Resource = Maybe<M::Resource>;
    type Error = M::Error;

    fn name() -> &'static str {
        M::name()
    }

    fn enter<R: Cleanup>(
        self,
        rt: &R,
    ) -> impl Future<Output = Result<(Self, Self::Resource), M::Error>> {
        // Not by `map`: the place of the call is that of the caller.
        let enter = match self {
            Some(scope) => Some(scope.enter(rt)),
            None => None,
        };
        async move {
            let Some(enter) = enter else {
                return Ok((None, Maybe { resource: None }));
            };
            let (scope, resource) = enter.await?;
            let resource = Some(resource);
            Ok((Some(scope), Maybe { resource }))
        }
    }

    fn exit(
        self,
        resource: Self::Resource,
        why: Why,
    ) -> impl ExitFuture<M::Kind, Output = (Result<(), M::Error>, Option<Told>)> {
        match (self, resource.resource) {
            (Some(scope), Some(resource)) => MaybeExit::Exit(scope.exit(resource, why)),
            (None, None) => MaybeExit::Nothing(why.into_told()),
            _ => MaybeExit::Swapped,
        }
    }

    fn exit_in_box(
        self,
        resource: Self::Resource,
        why: Why,
    ) -> impl Future<Output = (Result<(), M::Error>, Option<Told>)> {
        match (self, resource.resource) {
            (Some(scope), Some(resource)) => MaybeExit::Exit(scope.exit_in_box(resource, why)),
            (None, None) => MaybeExit::Nothing(why.into_told()),
            _ => MaybeExit::Swapped,
        }
    }

    fn dropped<R: Cleanup>(
        self,
        resource: Self::Resource,
        why: Why,
        bequest: Bequest<'_, R, M::Kind>,
    ) {
        match (self, resource.resource) {
            (Some(scope), Some(resource)) => return scope.dropped(resource, why, bequest),
            (None, None) => {}
            _ => report(&Report::ExitPanicked(bequest.about, SWAPPED)),
        }
        bequest.hand_on();
    }
}

const SWAPPED: &str = "what an optional scope lent was swapped with what another one did";

impl<M: Manager + Suppress> Suppress for Option<M> {
    fn suppresses(&self, failure: Failure<'_>) -> bool {
        self.as_ref().is_some_and(|scope| scope.suppresses(failure))
    }
}

/// The exit of a scope that there may be or not.
pub(crate) enum MaybeExit<F> {
    Exit(F),
    Nothing(Option<Told>),
    /// Scope and resource do not belong together. To be found out in a poll, where a panic is caught.
    Swapped,
}

impl<F, X> Future for MaybeExit<F>
where
    F: Future<Output = (Result<(), X>, Option<Told>)>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match pin::maybe_exit(self) {
            Ok(exit) => exit.poll(cx),
            Err(Some(told)) => Poll::Ready((Ok(()), told.take())),
            Err(None) => panic!("{SWAPPED}"),
        }
    }
}

impl<K, F, X> ExitFuture<K> for MaybeExit<F>
where
    K: Kind,
    F: ExitFuture<K, Output = (Result<(), X>, Option<Told>)>,
{
    fn place(&mut self, about: impl FnOnce() -> About) {
        if let Self::Exit(exit) = self {
            exit.place(about);
        }
    }

    fn hand_over<'r, R: Cleanup>(
        self: Pin<&mut Self>,
        bequest: Bequest<'r, R, K>,
    ) -> Result<(), Bequest<'r, R, K>> {
        match pin::maybe_exit(self) {
            Ok(exit) => exit.hand_over(bequest),
            // It is over at its first poll.
            Err(_) => Err(bequest),
        }
    }
}
