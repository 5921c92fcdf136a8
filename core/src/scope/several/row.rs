//! Several scopes in a row: a tuple, an array or a vector of them.
//!
//! # Invariants
//!
//! 1. The cells of a row are pinned with it: they are dropped in place, and never moved.

use alloc::boxed::Box;
use core::error::Error;
use core::fmt::Debug;
use core::future::Future;
use core::marker::PhantomData;
use core::panic::Location;
use core::pin::Pin;

use super::cell::{Cell, PinnedCell};
use super::error::{AnyError, Boxing};
use crate::cleanup::kind::Kind;
use crate::cleanup::scope_link::Bequest;
use crate::error_group::{ErrorGroup, Origin};
use crate::runtime::Cleanup;
use crate::scope::exit::{ExitSlot, Why, slot};
use crate::scope::manager::Managed;

/// Several scopes: a tuple of up to eight, an array or a vector. Sealed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not several async scopes",
    label = "expected a tuple of two to eight scopes, an array or a vector of them",
    note = "the scopes of a tuple are all `Send`, or all `Local(scope)`; their errors are \
            `Send + Sync + 'static`, and in a tuple also `Into<Box<dyn Error + Send + Sync>>`"
)]
#[expect(unnameable_types, reason = "seals the public trait")]
pub trait Elements: Sized {
    type Kind: Kind;
    type Resources;
    /// That of each entry of the group of errors.
    type Error: Debug;

    /// The scopes, to be entered.
    #[track_caller]
    fn entering<R: Cleanup>(
        self,
        rt: &R,
    ) -> impl Row<Self::Kind, Self::Error, All = (Self, Self::Resources)>;

    /// The scopes, which are entered.
    fn entered(
        self,
        resources: Self::Resources,
    ) -> impl Row<Self::Kind, Self::Error, All = (Self, Self::Resources)>;
}

/// The cells of several scopes.
#[expect(unnameable_types, reason = "public only in a sealed trait")]
pub trait Row<K: Kind, L> {
    /// The scopes, and their resources.
    type All;

    fn len(&self) -> usize;

    fn cell(self: Pin<&mut Self>, index: usize) -> PinnedCell<'_, K, L>;

    /// See [`Cell::leave`].
    fn leave<R: Cleanup>(self: Pin<&mut Self>, index: usize, why: Why, bequest: Bequest<'_, R, K>);

    /// All of them, if all are entered.
    fn take(self: Pin<&mut Self>) -> Option<Self::All>;

    /// What an origin calls the scope.
    fn origin_of(index: usize, name: &'static str, origin: Origin) -> Origin;

    /// Adds an error to a group.
    fn push(group: &mut ErrorGroup<L>, origin: Origin, error: L) {
        group.push(origin, error);
    }
}

macro_rules! tuple {
    ($($M:ident $N:ident $X:ident $scope:ident $resource:ident $index:tt),+) => {
        impl<$($M,)+ K> Elements for ($($M,)+)
        where
            K: Kind,
            $($M: Managed<Kind = K>,)+
            $($M::Error: Into<Box<dyn Error + Send + Sync>> + Send + Sync + 'static,)+
        {
            type Kind = K;
            type Resources = ($($M::Resource,)+);
            type Error = AnyError;

            fn entering<R: Cleanup>(
                self,
                rt: &R,
            ) -> impl Row<K, AnyError, All = (Self, Self::Resources)> {
                let location = Location::caller();
                let convert = PhantomData::<Boxing>;
                let ($($scope,)+) = self;
                ($(Cell::entering($scope.enter(rt), location, slot($M::exit), convert),)+)
            }

            fn entered(
                self,
                resources: Self::Resources,
            ) -> impl Row<K, AnyError, All = (Self, Self::Resources)> {
                let convert = PhantomData::<Boxing>;
                let ($($scope,)+) = self;
                let ($($resource,)+) = resources;
                ($(Cell::entered($scope, $resource, slot($M::exit), convert),)+)
            }
        }

        impl<$($M, $N, $X,)+ K> Row<K, AnyError>
            for ($(Cell<$M, $M::Resource, $N, $M::Error, $X, K, Boxing, AnyError>,)+)
        where
            K: Kind,
            $($M: Managed<Kind = K>,)+
            $($M::Error: Into<Box<dyn Error + Send + Sync>> + Send + Sync + 'static,)+
            $($N: Future<Output = Result<($M, $M::Resource), $M::Error>>,)+
            $($X: ExitSlot<$M>,)+
        {
            type All = (($($M,)+), ($($M::Resource,)+));

            fn len(&self) -> usize {
                [$($index,)+].len()
            }

            fn cell(self: Pin<&mut Self>, index: usize) -> PinnedCell<'_, K, AnyError> {
                // SAFETY: nothing is moved out of it (1).
                let this = unsafe { self.get_unchecked_mut() };
                match index {
                    // SAFETY: pinned structurally (1).
                    $($index => PinnedCell(unsafe { Pin::new_unchecked(&mut this.$index) }),)+
                    _ => unreachable!("there are no more scopes"),
                }
            }

            fn leave<R: Cleanup>(
                self: Pin<&mut Self>,
                index: usize,
                why: Why,
                bequest: Bequest<'_, R, K>,
            ) {
                // SAFETY: nothing is moved out of it (1).
                let this = unsafe { self.get_unchecked_mut() };
                match index {
                    // SAFETY: pinned structurally (1).
                    $($index => unsafe { Pin::new_unchecked(&mut this.$index) }.leave(why, bequest),)+
                    _ => unreachable!("there are no more scopes"),
                }
            }

            fn take(self: Pin<&mut Self>) -> Option<Self::All> {
                // SAFETY: nothing is moved out of it (1).
                let this = unsafe { self.get_unchecked_mut() };
                // SAFETY: pinned structurally (1).
                $(let ($scope, $resource) = unsafe { Pin::new_unchecked(&mut this.$index) }.take()?;)+
                Some((($($scope,)+), ($($resource,)+)))
            }

            fn origin_of(_index: usize, name: &'static str, origin: Origin) -> Origin {
                origin.named(name)
            }

            /// The group of a tuple in this one is an entry as a group.
            fn push(group: &mut ErrorGroup<AnyError>, origin: Origin, error: AnyError) {
                match error.downcast::<ErrorGroup<AnyError>>() {
                    Ok(nested) => group.push_group(origin, nested),
                    Err(error) => group.push(origin, error),
                }
            }
        }
    };
}

tuple!(A NA XA a ra 0, B NB XB b rb 1);
tuple!(A NA XA a ra 0, B NB XB b rb 1, C NC XC c rc 2);
tuple!(A NA XA a ra 0, B NB XB b rb 1, C NC XC c rc 2, D ND XD d rd 3);
tuple!(A NA XA a ra 0, B NB XB b rb 1, C NC XC c rc 2, D ND XD d rd 3, E NE XE e re 4);
tuple!(
    A NA XA a ra 0, B NB XB b rb 1, C NC XC c rc 2, D ND XD d rd 3, E NE XE e re 4, F NF XF f rf 5
);
tuple!(
    A NA XA a ra 0, B NB XB b rb 1, C NC XC c rc 2, D ND XD d rd 3, E NE XE e re 4, F NF XF f rf 5,
    G NG XG g rg 6
);
tuple!(
    A NA XA a ra 0, B NB XB b rb 1, C NC XC c rc 2, D ND XD d rd 3, E NE XE e re 4, F NF XF f rf 5,
    G NG XG g rg 6, H NH XH h rh 7
);
