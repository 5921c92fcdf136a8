//! What the two kinds of stacks take, and where they are handed over to.

#![expect(
    unnameable_types,
    reason = "public only in bounds, which nobody can implement"
)]

use core::fmt::Debug;

use super::unwinding::HandedOver;
#[cfg(feature = "std")]
use crate::cleanup::kind::ThreadBound;
use crate::cleanup::kind::{Kind, Sendable};
use crate::cleanup::scope_link::Bequest;
use crate::runtime::Cleanup;

/// A stack of this kind may hold a `T`. Sealed.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be on this stack: the stack may move between threads",
    note = "what is not `Send` goes on a stack of one thread: `exit_stack_local`, `LocalExitStack`"
)]
pub trait Takes<T>: Kind {}

// Not a word of `Send`, which does not lead to the cure.
#[diagnostic::do_not_recommend]
impl<T: Send> Takes<T> for Sendable {}

#[cfg(feature = "std")]
impl<T> Takes<T> for ThreadBound {}

/// A stack of this kind may hold scopes of the kind `S`. Sealed.
#[diagnostic::on_unimplemented(
    message = "a `LocalScope` cannot be on this stack: the stack may move between threads",
    note = "put it on a stack of one thread: `exit_stack_local`, `LocalExitStack`"
)]
pub trait Admits<S>: Kind {}

impl Admits<Self> for Sendable {}

#[cfg(feature = "std")]
impl<S> Admits<S> for ThreadBound {}

/// A kind of stack. Sealed.
pub trait StackKind: Kind + Sized {
    #[expect(private_interfaces, reason = "called by stacks alone")]
    fn hand_over<R, X>(bequest: Bequest<'_, R, Self>, exits: HandedOver<X, Self>)
    where
        R: Cleanup,
        X: Debug + Send + Sync + 'static;
}

impl StackKind for Sendable {
    #[expect(private_interfaces, reason = "called by stacks alone")]
    fn hand_over<R, X>(bequest: Bequest<'_, R, Self>, exits: HandedOver<X, Self>)
    where
        R: Cleanup,
        X: Debug + Send + Sync + 'static,
    {
        bequest.hand_over(exits);
    }
}

#[cfg(feature = "std")]
impl StackKind for ThreadBound {
    #[expect(private_interfaces, reason = "called by stacks alone")]
    fn hand_over<R, X>(bequest: Bequest<'_, R, Self>, exits: HandedOver<X, Self>)
    where
        R: Cleanup,
        X: Debug + Send + Sync + 'static,
    {
        bequest.hand_over(exits);
    }
}
