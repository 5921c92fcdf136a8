//! What waits for a guard is a scope: `with(&rt, mutex.lock(), async |value| …)` enters by waiting,
//! lends the guard, and exits by dropping it, which never waits.
//!
//! A scope that owns its share of the primitive is `Synchronous`: dropped, it releases after the
//! cleanups of its body. One that borrows cannot outlive the drop, so it is `Abandon`, and its hook
//! releases at once.

#[cfg(all(test, feature = "std", not(loom)))]
mod tests;

use core::convert::Infallible;

#[cfg(feature = "std")]
use withal_core::scope::LocalScope;
#[cfg(feature = "alloc")]
use withal_core::scope::Synchronous;
use withal_core::scope::{Abandon, Abandoned, ExitReason, Scope};

#[cfg(feature = "alloc")]
use alloc::sync::Arc;

use crate::flavour::Flavour;
use crate::mutex::{self, Mutex};
use crate::semaphore::{self, Semaphore};

/// The four scopes of one waiting future: borrowed and owned, `Send` and of one thread.
macro_rules! scopes {
    ($primitive:ident<$($T:ident),*>: $module:ident::$Future:ident => $Guard:ident, $Error:ty, $result:expr) => {
        scope! {
            Scope, Abandon, ['a, $($T: Send,)* F: Flavour + Sync] &'a $primitive<$($T,)* F>;
            $module::$Future => $Guard [$($T,)* F], $Error, $result
        }
        #[cfg(feature = "std")]
        scope! {
            LocalScope, Abandon, ['a, $($T,)* F: Flavour] &'a $primitive<$($T,)* F>;
            $module::$Future => $Guard [$($T,)* F], $Error, $result
        }
        #[cfg(feature = "alloc")]
        scope! {
            Scope, Synchronous, [$($T: Send + 'static,)* F: Flavour + Sync] Arc<$primitive<$($T,)* F>>;
            $module::$Future => $Guard [$($T,)* F], $Error, $result
        }
        #[cfg(feature = "std")]
        scope! {
            LocalScope, Synchronous, [$($T: 'static,)* F: Flavour] Arc<$primitive<$($T,)* F>>;
            $module::$Future => $Guard [$($T,)* F], $Error, $result
        }
    };
}

macro_rules! scope {
    (
        $Scope:ident, $OnDrop:ident, [$($generics:tt)*] $Handle:ty;
        $module:ident::$Future:ident => $Guard:ident [$($args:ident),*], $Error:ty, $result:expr
    ) => {
        impl<$($generics)*> $Scope for $module::$Future<$Handle, $($args),*> {
            type Resource = $module::$Guard<$Handle, $($args),*>;
            type Error = $Error;
            type OnDrop = $OnDrop;

            async fn enter(&mut self) -> Result<Self::Resource, $Error> {
                // It cannot be pinned in here; one that was never polled is as good as new.
                let guard = self.anew().await;
                $result(guard)
            }

            async fn exit(self, guard: Self::Resource, _: ExitReason<'_>) -> Result<(), $Error> {
                drop(guard);
                Ok(())
            }

            fn abandon(self, guard: Self::Resource) -> Abandoned {
                drop(guard);
                Abandoned::Released
            }
        }
    };
}

scopes!(Mutex<T>: mutex::Lock => Guard, Infallible, Ok);
scopes!(Semaphore<>: semaphore::Acquire => Permit, semaphore::Closed, core::convert::identity);
