//! Scopes that do nothing but swallow errors.

use core::any::type_name;
use core::convert::Infallible;
use core::fmt::{self, Debug};
use core::future::{Future, ready};

use super::exit::{ExitFuture, InPlace, Told, Why};
#[cfg(feature = "std")]
use super::manager::Local;
use super::manager::Managed;
use super::policy::Suppress;
use super::reason::Failure;
use crate::cleanup::kind::Sendable;
#[cfg(feature = "std")]
use crate::cleanup::kind::ThreadBound;
use crate::cleanup::scope_link::Bequest;
use crate::runtime::Cleanup;

/// A scope that swallows those errors of type `E` for which `matches` says so, when it is run by
/// [`with_suppressing`](super::with_suppressing), or in an exit stack.
///
/// It does nothing else. An error of another type is not looked at, and neither a cancellation nor a
/// panic is one. Name few errors: what is swallowed is gone.
///
/// To take some errors out of an [`ErrorGroup`](crate::error_group::ErrorGroup) and keep the others,
/// use its [`suppress`](crate::error_group::ErrorGroup::suppress).
///
/// # Panics
///
/// A panic of `matches` counts as no, and is reported.
///
/// # Complexity
///
/// No allocation of its own; a failed body's error is boxed while the exit looks at it.
///
/// # Examples
///
/// ```
/// use std::fs::remove_file;
/// use std::io;
/// use withal_core::scope::suppress;
/// use withal_core::{runtime::NoExecutor, with_suppressing};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let rt = NoExecutor::new();
/// let missing = suppress(|error: &io::Error| error.kind() == io::ErrorKind::NotFound);
/// let removed = with_suppressing(&rt, missing, async |()| remove_file("no/such/file"));
/// assert_eq!(removed.await.unwrap(), None);
/// # }).unwrap();
/// ```
///
/// Source: `contextlib.suppress`; differs in that it says by a predicate which, and in that there is a
/// value, `None`, in place of the one that there is not.
pub fn suppress<E, P>(matches: P) -> Suppressing<P>
where
    E: 'static,
    P: Fn(&E) -> bool,
{
    Suppressing {
        matches,
        ask: |matches, failure| failure.downcast_ref::<E>().is_some_and(matches),
    }
}

/// [`suppress`] for errors of several types: `matches` gets whatever the body failed with.
///
/// Panics and complexity are those of [`suppress`].
///
/// # Examples
///
/// ```
/// use std::num::{ParseFloatError, ParseIntError};
/// use withal_core::scope::{Failure, Suppress, suppress_any};
///
/// // Whichever of the two it is.
/// let unreadable =
///     suppress_any(|failure| failure.is::<ParseIntError>() || failure.is::<ParseFloatError>());
/// let error = "1.x".parse::<f64>().unwrap_err();
/// assert!(unreadable.suppresses(Failure::new(&error)));
/// ```
pub fn suppress_any<P>(matches: P) -> Suppressing<P>
where
    P: Fn(Failure<'_>) -> bool,
{
    Suppressing {
        matches,
        ask: |matches, failure| matches(failure),
    }
}

/// The scope that [`suppress`] and [`suppress_any`] make. A clone of it can be entered once more.
#[derive(Clone, Copy)]
#[must_use = "a scope does nothing unless it is entered"]
pub struct Suppressing<P> {
    matches: P,
    // A bound that says that it can be called so would relate it to the error, and the compiler could
    // not prove that a task which runs it is `Send`.
    ask: fn(&P, Failure<'_>) -> bool,
}

impl<P> Suppress for Suppressing<P> {
    fn suppresses(&self, failure: Failure<'_>) -> bool {
        (self.ask)(&self.matches, failure)
    }
}

macro_rules! suppressing {
    ($Kind:ident, $Suppressing:ty) => {
        // Not by `Scope`, which would ask whether the predicate is `Send`: it moves nowhere.
        #[diagnostic::do_not_recommend]
        impl<P> Managed for $Suppressing {
            type Kind = $Kind;
            type Resource = ();
            type Error = Infallible;

            fn name() -> &'static str {
                type_name::<Suppressing<P>>()
            }

            fn enter<R: Cleanup>(
                self,
                _: &R,
            ) -> impl Future<Output = Result<(Self, ()), Infallible>> {
                ready(Ok((self, ())))
            }

            fn exit(
                self,
                (): (),
                why: Why,
            ) -> impl ExitFuture<$Kind, Output = (Result<(), Infallible>, Option<Told>)> {
                let exit = ready((Ok(()), why.into_told()));
                InPlace { exit }
            }

            fn dropped<R: Cleanup>(self, (): (), _: Why, bequest: Bequest<'_, R, $Kind>) {
                bequest.hand_on();
            }
        }
    };
}

suppressing!(Sendable, Suppressing<P>);
#[cfg(feature = "std")]
suppressing!(ThreadBound, Local<Suppressing<P>>);

impl<P> Debug for Suppressing<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suppressing").finish_non_exhaustive()
    }
}
