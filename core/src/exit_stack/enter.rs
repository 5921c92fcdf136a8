//! Entering a scope onto a stack.

use alloc::boxed::Box;
use core::fmt::{self, Debug};
use core::future::Future;
use core::panic::Location;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use super::ExitStack;
use super::kind::{Admits, StackKind, Takes};
use super::node::{Node, Suppresses, Tag};
use crate::cleanup::kind::Kind;
use crate::runtime::Cleanup;
use crate::scope::{Failure, Managed, Manager, Suppress, Told};

type Place<X, M, F> = Box<Node<X, M, <M as Managed>::Resource, F>>;
type Entered<M> = Result<(M, <M as Managed>::Resource), <M as Managed>::Error>;
type Exited<M> = (Result<(), <M as Managed>::Error>, Option<Told>);

impl<R, X, K, P> ExitStack<R, X, K, P>
where
    R: Cleanup,
    X: Debug + Send + Sync + 'static,
    K: StackKind,
{
    /// Enters `scope`, puts it on top of the stack, and lends its resource for as long as the stack is
    /// borrowed.
    ///
    /// The stack is only shared meanwhile: one scope may use the resource of another, and several may
    /// be entered at once, which are then on the stack in the order in which their enters end.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it has ended, it drops the scope's enter, and leaves the stack as it was. Leaked,
    /// it leaks the scope.
    ///
    /// # Errors
    ///
    /// That of the scope's enter: nothing is added, and what is on the stack stays.
    ///
    /// # Panics
    ///
    /// If polled again after completion.
    ///
    /// # Complexity
    ///
    /// One allocation, before anything is entered: the entry, in which the exit has its place too.
    ///
    /// Source: `AsyncExitStack.enter_async_context`.
    #[track_caller]
    pub fn enter<'s, M>(
        &'s self,
        scope: M,
    ) -> Enter<
        's,
        R,
        X,
        K,
        P,
        M,
        impl Future<Output = Entered<M>>,
        impl Future<Output = Exited<M>> + 'static,
    >
    where
        M: Manager + 'static,
        M::Resource: 'static,
        M::Error: Into<X> + Send + Sync + 'static,
        K: Admits<M::Kind> + Takes<M> + Takes<M::Resource>,
    {
        self.entering(scope, None, Location::caller())
    }

    fn entering<'s, M>(
        &'s self,
        scope: M,
        suppresses: Option<Suppresses<M>>,
        location: &'static Location<'static>,
    ) -> Enter<
        's,
        R,
        X,
        K,
        P,
        M,
        impl Future<Output = Entered<M>>,
        impl Future<Output = Exited<M>> + 'static,
    >
    where
        M: Manager + 'static,
        M::Resource: 'static,
    {
        let tag = Tag::new(M::name(), location);
        Enter {
            stack: self,
            node: Some(Node::vacant(tag, M::exit_in_box, suppresses)),
            enter: scope.enter(&self.rt),
        }
    }
}

impl<R, X, K> ExitStack<R, X, K, super::MaySuppress>
where
    R: Cleanup,
    X: Debug + Send + Sync + 'static,
    K: StackKind,
{
    /// [`enter`](Self::enter) for a scope that may swallow the error of the moment: that of the body, or
    /// of an exit above. The entries below see *completed* then.
    ///
    /// Cancel safety, errors, panics and complexity are those of [`enter`](Self::enter).
    #[track_caller]
    pub fn enter_suppressing<'s, M>(
        &'s self,
        scope: M,
    ) -> Enter<
        's,
        R,
        X,
        K,
        super::MaySuppress,
        M,
        impl Future<Output = Entered<M>>,
        impl Future<Output = Exited<M>> + 'static,
    >
    where
        M: Manager + Suppress + 'static,
        M::Resource: 'static,
        M::Error: Into<X> + Send + Sync + 'static,
        K: Admits<M::Kind> + Takes<M> + Takes<M::Resource>,
    {
        let suppresses = |scope: &M, failure: Failure<'_>| scope.suppresses(failure);
        self.entering(scope, Some(suppresses), Location::caller())
    }
}

/// The future that [`ExitStack::enter`] returns.
#[must_use = "futures do nothing unless polled: a scope is entered by `.await`"]
pub struct Enter<'s, R: Cleanup, X, K: Kind, P, M: Manager, N, F> {
    stack: &'s ExitStack<R, X, K, P>,
    /// The place on the stack, until it is taken there.
    node: Option<Place<X, M, F>>,
    enter: N,
}

impl<'s, R, X, K, P, M, N, F> Future for Enter<'s, R, X, K, P, M, N, F>
where
    R: Cleanup,
    X: Debug + Send + Sync + 'static,
    K: StackKind + Takes<F>,
    M: Manager + 'static,
    M::Resource: 'static,
    M::Error: Into<X> + Send + Sync + 'static,
    N: Future<Output = Entered<M>>,
    F: Future<Output = Exited<M>> + 'static,
{
    type Output = Result<&'s mut M::Resource, M::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: only `enter` is pinned, structurally: it is dropped in place, and never moved.
        let this = unsafe { self.get_unchecked_mut() };
        assert!(
            this.node.is_some(),
            "the enter of a scope was polled after completion"
        );
        // SAFETY: as above.
        let entered = ready!(unsafe { Pin::new_unchecked(&mut this.enter) }.poll(cx));
        let Some(mut node) = this.node.take() else {
            unreachable!("it is there until the enter has ended")
        };
        let (manager, resource) = entered?;
        node.fill(manager, resource, this.stack.rt.id());
        // SAFETY: the scope and its resource are what `K` takes, as those say who make this future, and
        // so is the exit; the rest of a node is `Send`.
        let node = unsafe { this.stack.entries.push(node) };
        // SAFETY: it is on the stack, and stays there for as long as that is shared.
        let node = unsafe { node.as_ref() };
        // SAFETY: nobody but the list knows of it, and that looks at its tag alone.
        let resource = unsafe { node.resource() };
        match resource {
            // SAFETY: it stays where it is for as long as the stack is shared, and this is the only
            // reference to it: the stack touches it when it is borrowed uniquely or owned.
            Some(mut resource) => Poll::Ready(Ok(unsafe { resource.as_mut() })),
            None => unreachable!("it was filled right now"),
        }
    }
}

impl<R: Cleanup, X, K: Kind, P, M: Manager, N, F> Debug for Enter<'_, R, X, K, P, M, N, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Enter").finish_non_exhaustive()
    }
}
