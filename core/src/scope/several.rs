//! Several scopes at once: tuples, arrays and vectors of them, entered in order, or [`concurrently`].
//!
//! One file, one part: `cell` one scope with its enter and its exit, `row` and `list` several of them,
//! `resources` what the latter lends, `entering` and `exiting` the two futures, `exits` what both do
//! with exits, `leave` a drop.

mod cell;
mod entering;
mod error;
mod exiting;
mod exits;
mod leave;
mod list;
mod resources;
mod row;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::any::type_name;
use core::error::Error;
use core::fmt;
use core::future::Future;
use core::panic::Location;
use core::pin::pin;

use self::entering::Entering;
pub use self::error::AnyError;
use self::exiting::Exiting;
use self::leave::leave;
pub use self::resources::Resources;
use self::row::Elements;
use super::exit::{ExitFuture, Told, Why};
use super::manager::Managed;
use crate::cleanup::kind::Kind;
use crate::cleanup::scope_link::Bequest;
use crate::cleanup::{About, Subject};
use crate::error_group::ErrorGroup;
use crate::runtime::Cleanup;

/// Several scopes that are entered at once, and exited at once: a tuple of two to eight, an array or a
/// vector.
///
/// All enters, and later all exits, run side by side in the caller's task; nothing is spawned. The
/// resource is a tuple or an array of theirs, or [`Resources`], a slice. The body starts when the last one is in, and
/// no exit starts before it has ended. For scopes that do not depend on each other: those that do are a
/// plain tuple, see [below](#in-order).
///
/// As soon as one enter fails or panics, those that go on are dropped, and what they leave is cleaned up;
/// then those that are in are exited, told the error (the first one, where there are several, in the
/// order of the scopes), and then the errors come out. An enter that was so far in an exit of its own is
/// let end, and counts.
///
/// Each exit is told why the body ended, whatever became of the other exits.
///
/// # In order
///
/// Without this function, a tuple, an array or a vector is a scope of its own:
/// `with(&rt, (a, b), async |(a, b)| …)`. It is entered from left to right and exited from right to left,
/// and is to its scopes what nested calls of [`with`](super::with()) are. The exits of those that were in
/// when an enter failed see that error; an exit behind one that failed sees the error of that one,
/// instead of the body's. Two things differ from nesting: all scopes are made before the first is
/// entered, and what an enter leaves behind is cleaned up before the next enter begins. Where a scope is
/// made from the resource of an earlier one, nest, or use an exit stack.
///
/// Nothing in a tuple is suppressed: a scope that does so goes around it, or into an exit stack.
///
/// ```compile_fail,E0277
/// // CM-12
/// # use withal_core::{Scope, ExitReason, Synchronous, runtime::NoExecutor, scope::{Failure, Suppress}};
/// # struct Optional;
/// # impl Scope for Optional {
/// #     type Resource = ();
/// #     type Error = std::io::Error;
/// #     type OnDrop = Synchronous;
/// #     async fn enter(&mut self) -> Result<(), std::io::Error> { Ok(()) }
/// #     async fn exit(self, (): (), _: ExitReason<'_>) -> Result<(), std::io::Error> { Ok(()) }
/// # }
/// # impl Suppress for Optional {
/// #     fn suppresses(&self, _: Failure<'_>) -> bool { true }
/// # }
/// # let rt = NoExecutor::new();
/// withal_core::with_suppressing(&rt, (Optional, Optional), async |_| Ok::<_, std::io::Error>(()));
/// ```
///
/// The scopes of a tuple are all `Send`, or are all marked as [`Local`](super::Local).
///
/// # Cancel safety
///
/// As [`with`](super::with()). Dropped while it enters, it drops what still enters; those that are in
/// are exited as cancelled, by whoever drops it, each as its own [`OnDrop`](super::Scope::OnDrop) says.
/// Dropped while it exits, the exits that have begun go on; in order, those that have not are then told
/// that they are cancelled. Leaked, the scopes are never exited.
///
/// # Errors
///
/// An [`ErrorGroup`] of all that failed, in the order of the scopes, each with its origin: the scope, and
/// [`Enter`](crate::error_group::Phase::Enter) or [`Exit`](crate::error_group::Phase::Exit). Those of
/// arrays and vectors are of the type of their scopes' error; those of tuples are each an [`AnyError`].
/// The body's error is none of them: it is where that of any scope is.
///
/// # Panics
///
/// The first panic of an enter or an exit, or of what makes an error an [`AnyError`], goes on when all
/// others have ended; what else went wrong is reported then (std only).
///
/// # Complexity
///
/// No allocation of its own for tuples and arrays, four for vectors, and some where errors come out or
/// a scope is dropped. It polls all that has not ended each time that one wakes it: for many hundreds
/// of scopes, spawn.
///
/// # Examples
///
/// ```
/// use withal_core::runtime::NoExecutor;
/// use withal_core::scope::{Lend, concurrently, scope_fn};
/// use withal_core::with;
///
/// # futures_util::FutureExt::now_or_never(async {
/// let connect = |name: &'static str| {
///     scope_fn(async move |lend: Lend<&'static str>| {
///         let (_connection, ended) = lend.lend(name).await;
///         Ok::<_, std::io::Error>(ended)
///     })
/// };
/// let rt = NoExecutor::new();
/// let scopes = concurrently((connect("db"), connect("cache")));
/// let names = with(&rt, scopes, async |(db, cache)| {
///     Ok::<_, std::fmt::Error>(format!("{db} and {cache}"))
/// });
/// assert_eq!(names.await.unwrap(), "db and cache");
/// # }).unwrap();
/// ```
///
/// Source: `asyncio.gather` over enters, which loses those that are in when one fails.
pub fn concurrently<S: Elements>(scopes: S) -> Concurrently<S> {
    Concurrently {
        scopes,
        order: Order {
            enters: false,
            exits: false,
        },
    }
}

/// What [`concurrently`] makes.
#[derive(Clone)]
#[must_use = "a scope does nothing unless it is entered"]
pub struct Concurrently<S> {
    scopes: S,
    order: Order,
}

impl<S> Concurrently<S> {
    /// Enters the scopes one after the other, first to last; they still exit at once.
    pub fn enters_in_order(mut self) -> Self {
        self.order.enters = true;
        self
    }

    /// Exits the scopes one after the other, last to first, each told what nested scopes would be; they
    /// still enter at once.
    pub fn exits_in_order(mut self) -> Self {
        self.order.exits = true;
        self
    }
}

impl<S> fmt::Debug for Concurrently<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Concurrently")
            .field("enters_in_order", &self.order.enters)
            .field("exits_in_order", &self.order.exits)
            .finish_non_exhaustive()
    }
}

/// What is done one after the other; all else is done at once.
#[derive(Clone, Copy)]
struct Order {
    enters: bool,
    exits: bool,
}

impl Order {
    const NESTED: Self = Self {
        enters: true,
        exits: true,
    };
}

type Errors<S> = ErrorGroup<<S as Elements>::Error>;

/// `made` is what becomes of the scopes and their resources.
#[track_caller]
fn enter<S: Elements, R: Cleanup, O>(
    scopes: S,
    rt: &R,
    order: Order,
    made: fn((S, S::Resources), Order) -> O,
) -> impl Future<Output = Result<O, Errors<S>>> {
    let name = type_name::<S>();
    let about = About::new(Subject::Scope, name, Location::caller(), rt.id());
    Entering::new(rt, scopes.entering(rt), about, order, made)
}

fn exit<S: Elements>(
    scopes: S,
    resources: S::Resources,
    why: Why,
    order: Order,
) -> impl ExitFuture<S::Kind, Output = (Result<(), Errors<S>>, Option<Told>)> {
    Exiting::new(
        scopes.entered(resources),
        type_name::<S>(),
        order.exits,
        why,
    )
}

fn dropped<S: Elements, R: Cleanup>(
    scopes: S,
    resources: S::Resources,
    why: Why,
    bequest: Bequest<'_, R, S::Kind>,
    order: Order,
) {
    leave(pin!(scopes.entered(resources)), order.exits, why, bequest);
}

impl<S: Elements> Managed for Concurrently<S> {
    type Kind = S::Kind;
    type Resource = S::Resources;
    type Error = ErrorGroup<S::Error>;

    fn name() -> &'static str {
        type_name::<Self>()
    }

    fn enter<R: Cleanup>(
        self,
        rt: &R,
    ) -> impl Future<Output = Result<(Self, Self::Resource), Self::Error>> {
        enter(self.scopes, rt, self.order, |(scopes, resources), order| {
            (Self { scopes, order }, resources)
        })
    }

    fn exit(
        self,
        resources: S::Resources,
        why: Why,
    ) -> impl ExitFuture<S::Kind, Output = (Result<(), Self::Error>, Option<Told>)> {
        exit(self.scopes, resources, why, self.order)
    }

    fn dropped<R: Cleanup>(
        self,
        resources: S::Resources,
        why: Why,
        bequest: Bequest<'_, R, S::Kind>,
    ) {
        dropped(self.scopes, resources, why, bequest, self.order);
    }
}

/// As many scopes are a scope, whose exits and enters are nested.
macro_rules! nested {
    ([$($generics:tt)*] $Scopes:ty where $($bounds:tt)*) => {
        impl<$($generics)*> Managed for $Scopes
        where
            $($bounds)*
        {
            type Kind = <Self as Elements>::Kind;
            type Resource = <Self as Elements>::Resources;
            type Error = ErrorGroup<<Self as Elements>::Error>;

            fn name() -> &'static str {
                type_name::<Self>()
            }

            fn enter<R: Cleanup>(
                self,
                rt: &R,
            ) -> impl Future<Output = Result<(Self, Self::Resource), Self::Error>> {
                enter(self, rt, Order::NESTED, |entered, _| entered)
            }

            fn exit(
                self,
                resources: Self::Resource,
                why: Why,
            ) -> impl ExitFuture<Self::Kind, Output = (Result<(), Self::Error>, Option<Told>)> {
                exit(self, resources, why, Order::NESTED)
            }

            fn dropped<R: Cleanup>(
                self,
                resources: Self::Resource,
                why: Why,
                bequest: Bequest<'_, R, Self::Kind>,
            ) {
                dropped(self, resources, why, bequest, Order::NESTED);
            }
        }
    };
    ($($M:ident)+) => {
        nested! {
            [$($M,)+ K] ($($M,)+) where
            K: Kind,
            $($M: Managed<Kind = K>,)+
            $($M::Error: Into<Box<dyn Error + Send + Sync>> + Send + Sync + 'static,)+
        }
    };
}

nested!([M, const N: usize] [M; N] where M: Managed, M::Error: Send + Sync + 'static,);
nested!([M] Vec<M> where M: Managed, M::Error: Send + Sync + 'static,);
nested!(A B);
nested!(A B C);
nested!(A B C D);
nested!(A B C D E);
nested!(A B C D E F);
nested!(A B C D E F G);
nested!(A B C D E F G H);
