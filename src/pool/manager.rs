use std::fmt::{self, Debug};
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::destroyed::DestroyReason;

/// Makes the objects of a [`Pool`](super::Pool), and looks after them.
///
/// # For callers
///
/// The pool calls the hooks, each object's one after the other, and never while it is leased.
///
/// # For implementers
///
/// Write plain `async fn`s; all but `create` may be left out, and cost nothing then. A hook does
/// nothing before its future is polled.
///
/// `check`, `reset` and `destroy` are bounded by the pool's
/// [`hook_timeout`](super::PoolBuilder::hook_timeout): what hangs in one of them must not hold its
/// place for ever. `create` has the time of whoever takes.
///
/// Leave `reset` and `destroy` out where they would not wait: a lease then gives its object back in its
/// drop, without an allocation. [`is_broken`](Self::is_broken) may tidy up.
///
/// # Examples
///
/// ```
/// use std::io;
/// use withal::pool::{DestroyReason, PoolManager};
/// # struct Connection;
/// # impl Connection {
/// #     async fn open(_: &str) -> io::Result<Self> { Ok(Self) }
/// #     async fn ping(&mut self) -> io::Result<()> { Ok(()) }
/// #     async fn roll_back(&mut self) -> io::Result<()> { Ok(()) }
/// #     async fn say_goodbye(self) -> io::Result<()> { Ok(()) }
/// # }
///
/// struct Database {
///     address: String,
/// }
///
/// impl PoolManager for Database {
///     type Object = Connection;
///     type Error = io::Error;
///
///     async fn create(&self) -> io::Result<Connection> {
///         Connection::open(&self.address).await
///     }
///
///     async fn check(&self, connection: &mut Connection) -> io::Result<()> {
///         connection.ping().await
///     }
///
///     async fn reset(&self, connection: &mut Connection) -> io::Result<()> {
///         connection.roll_back().await
///     }
///
///     async fn destroy(
///         &self,
///         connection: Connection,
///         _: DestroyReason<io::Error>,
///     ) -> io::Result<()> {
///         connection.say_goodbye().await
///     }
/// }
/// ```
///
/// Source: r2d2's `ManageConnection`; differs in that resetting and destroying may wait.
pub trait PoolManager: Send + Sync + Sized + 'static {
    /// What is pooled.
    type Object: Send + 'static;

    /// What can go wrong in the hooks; `Infallible` where nothing can.
    type Error: Debug + Send + Sync + 'static;

    /// Makes an object. Dropped before its end, it must undo by plain drops what it has begun.
    ///
    /// # Errors
    ///
    /// Whatever went wrong: the take fails with it, and the next one that waits tries again.
    fn create(&self) -> impl Future<Output = Result<Self::Object, Self::Error>> + Send;

    /// Whether an idle object can still be used: called when it is taken.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with it: it is destroyed, and the take makes another one. So is one whose
    /// check was dropped before its end.
    fn check(
        &self,
        object: &mut Self::Object,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        let _ = object;
        NotThere::new()
    }

    /// Whether an object that comes back is broken: then it is destroyed. May also tidy it up, as far
    /// as that does not wait.
    fn is_broken(&self, object: &mut Self::Object) -> bool {
        let _ = object;
        false
    }

    /// Makes an object that comes back fit for the next one. With this hook, leases that are dropped
    /// are [handed over](crate::HandOver).
    ///
    /// # Errors
    ///
    /// Whatever went wrong: the object is destroyed.
    fn reset(
        &self,
        object: &mut Self::Object,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        let _ = object;
        NotThere::new()
    }

    /// Takes leave of an object. The provided hook drops it, and the reason. Its place is free, for a
    /// new one, when this has ended.
    ///
    /// # Errors
    ///
    /// Whatever went wrong: it is reported, or stands in the report of the pool's close.
    fn destroy(
        &self,
        object: Self::Object,
        why: DestroyReason<Self::Error>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send {
        drop((object, why));
        NotThere::new()
    }
}

/// The future of a hook that is not there. It has no size, and no hook that waits has none: that is how
/// the pool tells them apart.
struct NotThere<E>(PhantomData<fn() -> E>);

impl<E> NotThere<E> {
    fn new() -> Self {
        Self(PhantomData)
    }
}

impl<E> Future for NotThere<E> {
    type Output = Result<(), E>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(()))
    }
}

pub(super) fn checks<M: PoolManager>() -> bool {
    future_size::<&M, &mut M::Object, _>(M::check) > 0
}

pub(super) fn resets<M: PoolManager>() -> bool {
    future_size::<&M, &mut M::Object, _>(M::reset) > 0
}

pub(super) fn waits_to_destroy<M: PoolManager>() -> bool {
    fn size<A, B, C, F>(_: fn(A, B, C) -> F) -> usize {
        size_of::<F>()
    }
    size::<&M, M::Object, DestroyReason<M::Error>, _>(M::destroy) > 0
}

fn future_size<A, B, F>(_: fn(A, B) -> F) -> usize {
    size_of::<F>()
}

/// The manager of a pool whose objects need nothing but to be made.
///
/// # Examples
///
/// ```
/// use std::convert::Infallible;
/// use withal::pool::create_with;
/// use withal::runtime::Runtime;
/// use withal::Pool;
///
/// async fn buffers(rt: &impl Runtime) {
///     let make = create_with(async || Ok::<_, Infallible>(Vec::<u8>::with_capacity(1 << 16)));
///     let pool = Pool::builder(rt, make).max(4).build();
///     let mut buffer = pool.take().await.unwrap();
///     buffer.push(1);
/// }
/// ```
pub fn create_with<F, Fut, T, E>(create: F) -> CreateWith<F>
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + Send,
    T: Send + 'static,
    E: Debug + Send + Sync + 'static,
{
    CreateWith { create }
}

/// The manager that [`create_with`] makes.
pub struct CreateWith<F> {
    create: F,
}

impl<F, Fut, T, E> PoolManager for CreateWith<F>
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + Send,
    T: Send + 'static,
    E: Debug + Send + Sync + 'static,
{
    type Object = T;
    type Error = E;

    fn create(&self) -> impl Future<Output = Result<T, E>> + Send {
        (self.create)()
    }
}

impl<F> Debug for CreateWith<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateWith").finish_non_exhaustive()
    }
}
