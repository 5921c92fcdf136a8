//! What a drop does to a scope that is entered: declared by its type, since stable Rust cannot see
//! whether a type is `'static` (K2).

use core::future::Future;

#[cfg(feature = "alloc")]
use super::exit::Boxed;
use super::exit::{ExitFuture, InPlace, Told, Why};
#[cfg(feature = "std")]
use super::manager::LocalScope;
use super::manager::Scope;
use crate::cleanup::kind::Sendable;
#[cfg(feature = "std")]
use crate::cleanup::kind::ThreadBound;
use crate::cleanup::scope_link::Bequest;
use crate::cleanup::{Report, report};
use crate::mutants::mutant;
use crate::panic::catch;
use crate::runtime::Cleanup;
#[cfg(feature = "alloc")]
use alloc::boxed::Box;
#[cfg(feature = "alloc")]
use core::pin::Pin;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

/// A dropped scope is handed over: its exit runs later, and whoever dropped it waits, or the
/// enclosing scope, or the executor runs it. For owned scopes (`'static`) whose exit may wait.
///
/// Costs one allocation for the exit.
#[cfg(feature = "alloc")]
#[derive(Debug)]
#[non_exhaustive]
pub enum HandOver {}

/// The exit never waits, so that it runs at once, in the drop. For owned scopes (`'static`) like
/// permits and pooled objects. If cleanups of scopes inside it still run, it follows them.
///
/// Costs no allocation. An exit that waits all the same is abandoned in a drop, and reported.
#[derive(Debug)]
#[non_exhaustive]
pub enum Synchronous {}

/// A dropped scope gets its synchronous [`abandon`](Scope::abandon) hook instead of its exit. For
/// scopes that borrow, and for targets without an allocator.
///
/// The exit runs on every path but a drop, in place, without an allocation. Scopes that borrow
/// *and* must exit asynchronously on a drop are written in closure style, where the frame owns
/// everything.
#[derive(Debug)]
#[non_exhaustive]
pub enum Abandon {}

/// What the [`abandon`](Scope::abandon) hook achieved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Abandoned {
    /// All that an exit would have done is done.
    Released,
    /// Something is lost; the scope is reported as abandoned.
    Lost,
}

macro_rules! on_drop {
    (
        $(#[$doc:meta])*
        $OnDrop:ident for $Scope:ident, $Kind:ident, $strategy:ident
        $(, $Send:ident)?
    ) => {
        $(#[$doc])*
        pub trait $OnDrop<S: $Scope>: $strategy::Strategy<S> {}

        impl<S: $Scope, D: $strategy::Strategy<S>> $OnDrop<S> for D {}

        pub(super) mod $strategy {
            use super::*;

            #[expect(unnameable_types, reason = "seals the public trait")]
            pub trait Strategy<S: $Scope> {
                fn exit(
                    scope: S,
                    resource: S::Resource,
                    why: Why,
                ) -> impl ExitFuture<$Kind, Output = (Result<(), S::Error>, Option<Told>)> $(+ $Send)?;

                fn dropped<R: Cleanup>(
                    scope: S,
                    resource: S::Resource,
                    why: Why,
                    bequest: Bequest<'_, R, $Kind>,
                );
            }

            pub(in crate::scope) fn exit<S: $Scope>(
                scope: S,
                resource: S::Resource,
                why: Why,
            ) -> impl Future<Output = (Result<(), S::Error>, Option<Told>)> $(+ $Send)? {
                async move {
                    let result = scope.exit(resource, why.reason()).await;
                    (result, why.into_told())
                }
            }

            #[cfg(feature = "alloc")]
            impl<S: $Scope + 'static> Strategy<S> for HandOver {
                fn exit(
                    scope: S,
                    resource: S::Resource,
                    why: Why,
                ) -> impl ExitFuture<$Kind, Output = (Result<(), S::Error>, Option<Told>)> $(+ $Send)? {
                    let exit: Pin<Box<dyn Future<Output = _> $(+ $Send)?>> =
                        Box::pin(exit(scope, resource, why));
                    Boxed { exit: Some(exit) }
                }

                fn dropped<R: Cleanup>(
                    scope: S,
                    resource: S::Resource,
                    why: Why,
                    bequest: Bequest<'_, R, $Kind>,
                ) {
                    bequest.hand_over(exit(scope, resource, why));
                }
            }

            impl<S: $Scope + 'static> Strategy<S> for Synchronous {
                fn exit(
                    scope: S,
                    resource: S::Resource,
                    why: Why,
                ) -> impl ExitFuture<$Kind, Output = (Result<(), S::Error>, Option<Told>)> $(+ $Send)? {
                    InPlace { exit: exit(scope, resource, why) }
                }

                fn dropped<R: Cleanup>(
                    scope: S,
                    resource: S::Resource,
                    why: Why,
                    bequest: Bequest<'_, R, $Kind>,
                ) {
                    #[cfg(feature = "alloc")]
                    if !bequest.leftovers.is_empty() {
                        // Inner before outer: it follows what its body left.
                        bequest.hand_over(exit(scope, resource, why));
                        return;
                    }
                    let about = bequest.about;
                    let ended = catch(|| {
                        let exit = pin!(exit(scope, resource, why));
                        exit.poll(&mut Context::from_waker(Waker::noop()))
                    });
                    match ended {
                        Ok(Poll::Ready((Ok(()), _))) => {}
                        Ok(Poll::Ready((Err(error), _))) => {
                            report(&Report::ExitFailed(about, &error));
                        }
                        Ok(Poll::Pending) => report(&Report::NotSynchronous(about)),
                        Err(payload) => report(&Report::ExitPanicked(about, payload.message())),
                    }
                }
            }

            impl<S: $Scope> Strategy<S> for Abandon {
                fn exit(
                    scope: S,
                    resource: S::Resource,
                    why: Why,
                ) -> impl ExitFuture<$Kind, Output = (Result<(), S::Error>, Option<Told>)> $(+ $Send)? {
                    InPlace { exit: exit(scope, resource, why) }
                }

                fn dropped<R: Cleanup>(
                    scope: S,
                    resource: S::Resource,
                    _why: Why,
                    bequest: Bequest<'_, R, $Kind>,
                ) {
                    let about = bequest.about;
                    if mutant("abandon_skipped") {
                        return;
                    }
                    match catch(|| scope.abandon(resource)) {
                        Ok(Abandoned::Released) => {}
                        Ok(Abandoned::Lost) => report(&Report::Abandoned(about)),
                        Err(payload) => report(&Report::ExitPanicked(about, payload.message())),
                    }
                    bequest.hand_on();
                }
            }
        }
    };
}

on_drop! {
    /// What a drop does to an entered [`Scope`]: [`HandOver`], [`Synchronous`] or [`Abandon`].
    /// Sealed.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is no drop strategy for `{S}`",
        label = "expected `HandOver`, `Synchronous` or `Abandon`",
        note = "`HandOver` and `Synchronous` need a scope that owns all it holds (`'static`); \
                one that borrows declares `type OnDrop = Abandon`"
    )]
    OnDrop for Scope, Sendable, strategy, Send
}

#[cfg(feature = "std")]
on_drop! {
    /// What a drop does to an entered [`LocalScope`]: [`HandOver`], [`Synchronous`] or [`Abandon`].
    /// Sealed.
    LocalOnDrop for LocalScope, ThreadBound, local_strategy
}
