//! What waits for a guard is a scope: `with(&rt, mutex.lock(), async |value| …)` enters by waiting,
//! lends the guard, and exits by dropping it, which never waits. To wait at a barrier is a scope as
//! well, which lends the index, and whose exit does nothing.
//!
//! A scope that owns its share of the primitive is `Synchronous`: dropped, it releases after the
//! cleanups of its body. One that borrows cannot outlive the drop, so it is `Abandon`, and its hook
//! releases at once.

#[cfg(all(test, feature = "std", not(loom)))]
mod tests;

use core::convert::{Infallible, identity};

#[cfg(feature = "std")]
use withal_core::scope::LocalScope;
#[cfg(feature = "alloc")]
use withal_core::scope::Synchronous;
use withal_core::scope::{Abandon, Abandoned, ExitReason, Scope};

#[cfg(feature = "alloc")]
use alloc::sync::Arc;

use crate::barrier::{self, Barrier};
use crate::flavour::Flavour;
#[cfg(feature = "alloc")]
use crate::limiter::{self, Limiter};
use crate::mutex::{self, Mutex};
#[cfg(feature = "alloc")]
use crate::pool::{self, Pool};
use crate::rw_lock::{self, RwLock};
use crate::semaphore::{self, Semaphore};

/// The four scopes of one waiting future: borrowed and owned, `Send` and of one thread. The bounds
/// in brackets are those of the `Send` ones, and of the others.
macro_rules! scopes {
    (
        $primitive:ident<$($T:ident),*> [$($send:tt)*] [$($local:tt)*];
        $module:ident::$Future:ident => $Resource:tt, $Error:ty, $result:expr
    ) => {
        scope! {
            Scope, Abandon, ['a, $($send)* F: Flavour + Sync], [], &'a $primitive<$($T,)* F>;
            $module::$Future [$($T),*] => $Resource, $Error, $result
        }
        #[cfg(feature = "std")]
        scope! {
            LocalScope, Abandon, ['a, $($local)* F: Flavour], [], &'a $primitive<$($T,)* F>;
            $module::$Future [$($T),*] => $Resource, $Error, $result
        }
        #[cfg(feature = "alloc")]
        scope! {
            Scope, Synchronous, [$($send)* F: Flavour + Sync], [$($T: 'static),*],
            Arc<$primitive<$($T,)* F>>;
            $module::$Future [$($T),*] => $Resource, $Error, $result
        }
        #[cfg(feature = "std")]
        scope! {
            LocalScope, Synchronous, [$($local)* F: Flavour], [$($T: 'static),*],
            Arc<$primitive<$($T,)* F>>;
            $module::$Future [$($T),*] => $Resource, $Error, $result
        }
    };
}

macro_rules! scope {
    (
        $Scope:ident, $OnDrop:ident, [$($generics:tt)*], [$($bounds:tt)*], $Handle:ty;
        $module:ident::$Future:ident [$($T:ident),*] => $Resource:tt, $Error:ty, $result:expr
    ) => {
        impl<$($generics)*> $Scope for $module::$Future<$Handle, $($T,)* F>
        where
            $($bounds)*
        {
            type Resource = resource!($Resource [$Handle, $($T,)* F]);
            type Error = $Error;
            type OnDrop = $OnDrop;

            async fn enter(&mut self) -> Result<Self::Resource, $Error> {
                // It cannot be pinned in here; one that was never polled is as good as new.
                let resource = self.anew().await;
                $result(resource)
            }

            async fn exit(self, _released: Self::Resource, _: ExitReason<'_>) -> Result<(), $Error> {
                Ok(())
            }

            fn abandon(self, _released: Self::Resource) -> Abandoned {
                Abandoned::Released
            }
        }
    };
}

/// A guard, or something simple.
macro_rules! resource {
    (($module:ident::$Guard:ident) [$($args:tt)*]) => {
        $module::$Guard<$($args)*>
    };
    ($Simple:ident [$($args:tt)*]) => {
        $Simple
    };
}

scopes! {
    Mutex<T> [T: Send,] [T,];
    mutex::Lock => (mutex::Guard), Infallible, Ok
}
scopes! {
    RwLock<T> [T: Send + Sync,] [T,];
    rw_lock::Read => (rw_lock::ReadGuard), Infallible, Ok
}
scopes! {
    RwLock<T> [T: Send + Sync,] [T,];
    rw_lock::Write => (rw_lock::WriteGuard), Infallible, Ok
}
scopes! {
    Semaphore<> [] [];
    semaphore::Acquire => (semaphore::Permit), semaphore::Closed, identity
}
#[cfg(feature = "alloc")]
scopes! {
    Limiter<K> [K: Copy + Ord + Send + Sync,] [K: Copy + Ord,];
    limiter::Acquire => (limiter::Token), limiter::KeyInUse, identity
}
#[cfg(feature = "alloc")]
scopes! {
    Pool<T> [T: Send,] [T,];
    pool::Take => (pool::Lease), pool::Closed, identity
}
scopes! {
    Barrier<> [] [];
    barrier::Wait => usize, barrier::BrokenBarrier, identity
}
