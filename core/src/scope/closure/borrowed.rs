//! Closure scopes that lend what borrows from their frame.

mod hosted;
mod lending;
mod policy;
mod slot;

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt::{self, Debug};
use core::future::{Future, poll_fn};
use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::{Ended, FOREIGN_PROOF};
use crate::body::Body;
use crate::panic::{Payload, catch};
use crate::scope::manager::{LocalScope, Scope};
use crate::scope::on_drop::HandOver;
use crate::scope::reason::ExitReason;

pub(in crate::scope) use self::hosted::{Hosted, Visitor};
pub use self::lending::{LendMut, LendingMut};
pub(in crate::scope) use self::policy::{BodyFailure, Hosting};
use self::slot::{Call, Slot};

/// A type with a lifetime to be filled in: what a scope lends that borrows from its frame.
///
/// Implement it for a type of your own that says nothing else. For a type without borrowed parts there
/// is [`Owned`].
///
/// # Examples
///
/// ```
/// use withal_core::scope::ForLt;
/// # struct Connection;
/// struct Transaction<'c>(&'c mut Connection);
///
/// /// A transaction on the connection of the frame.
/// enum Lent {}
///
/// impl ForLt for Lent {
///     type Of<'c> = Transaction<'c>;
/// }
/// ```
///
/// Source: the name is that of the crate `higher-kinded-types`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which type it is for each lifetime",
    label = "expected a type that implements `ForLt`",
    note = "lend a type without borrowed parts as `Owned<{Self}>`; for one with a lifetime write \
            `enum Lent {{}}` and `impl ForLt for Lent {{ type Of<'c> = Transaction<'c>; }}`"
)]
pub trait ForLt: 'static {
    /// The type, for one lifetime.
    type Of<'c>;
}

/// A type without borrowed parts, to be lent by reference: see [`ForLt`].
#[derive(Debug)]
pub struct Owned<T> {
    _type: PhantomData<fn(T) -> T>,
}

impl<T: 'static> ForLt for Owned<T> {
    type Of<'c> = T;
}

/// The frame of a closure scope, suspended where it has lent: the resource of
/// [`scope_fn_borrowing`]. [`with_borrowing`](crate::with_borrowing) runs a body in it.
#[must_use = "it holds the closure of an entered scope"]
pub struct Frame<L, Q, X> {
    slot: Arc<Slot>,
    /// `None` when it has ended.
    future: Option<Q>,
    ended: Option<FrameEnd<X>>,
    /// Invariant: it must stay the `L` of its slot (7).
    _lends: PhantomData<fn(L) -> L>,
}

/// How a frame ended before it was told that its body had.
enum FrameEnd<X> {
    Returned(Result<Ended, X>),
    Panicked(Payload),
}

impl<X> FrameEnd<X> {
    /// What it is for the scope.
    fn settle(self) -> Result<(), X> {
        match self {
            Self::Returned(Err(error)) => Err(error),
            Self::Returned(Ok(_)) => panic!("{FOREIGN_PROOF}"),
            Self::Panicked(payload) => payload.resume(),
        }
    }
}

impl<L, Q, X> Frame<L, Q, X>
where
    Q: Future<Output = Result<Ended, X>> + Unpin,
{
    fn new(slot: Arc<Slot>, future: Q) -> Self {
        Self {
            slot,
            future: Some(future),
            ended: None,
            _lends: PhantomData,
        }
    }

    /// Ready when it has lent.
    fn poll_lent(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), X>> {
        if let Some(future) = &mut self.future {
            if let Poll::Ready(returned) = Pin::new(future).poll(cx) {
                return Poll::Ready(FrameEnd::Returned(returned).settle());
            }
        }
        if self.slot.is_lent() {
            return Poll::Ready(Ok(()));
        }
        Poll::Pending
    }

    /// Ready when it has ended, after its body has.
    fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), X>> {
        if let Some(early) = self.ended.take() {
            return Poll::Ready(early.settle());
        }
        match &mut self.future {
            Some(future) => {
                let mut ended = Pin::new(&mut *future).poll(cx);
                if ended.is_pending() && self.slot.wake_untold() {
                    ended = Pin::new(future).poll(cx);
                }
                ended.map_ok(|_ended| ())
            }
            None => Poll::Pending,
        }
    }
}

/// What a body that is hosted by a frame needs of it. Sealed.
#[expect(
    unnameable_types,
    reason = "seals the type of a future that nobody writes"
)]
pub trait Host {
    fn slot(&self) -> &Slot;

    /// Polls it, while its body runs, and lets its lending answer `call` meanwhile. What it panics
    /// with is kept for its exit.
    fn poll(&mut self, call: Call, cx: &mut Context<'_>);

    fn has_ended(&self) -> bool;
}

impl<L, Q, X> Host for Frame<L, Q, X>
where
    Q: Future<Output = Result<Ended, X>> + Unpin,
{
    fn slot(&self) -> &Slot {
        &self.slot
    }

    fn poll(&mut self, call: Call, cx: &mut Context<'_>) {
        let Some(future) = &mut self.future else {
            return;
        };
        let _calling = self.slot.call(call);
        let end = match catch(|| Pin::new(future).poll(cx)) {
            Ok(Poll::Pending) => return,
            Ok(Poll::Ready(returned)) => FrameEnd::Returned(returned),
            Err(payload) => FrameEnd::Panicked(payload),
        };
        let ended = catch(|| self.future = None);
        self.ended = Some(ended.map_or_else(FrameEnd::Panicked, |()| end));
    }

    fn has_ended(&self) -> bool {
        self.ended.is_some()
    }
}

impl<L, Q, X> Debug for Frame<L, Q, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame").finish_non_exhaustive()
    }
}

macro_rules! borrowing_scope {
    (
        $(#[$doc:meta])*
        fn $scope_fn:ident,
        $(#[$type_doc:meta])*
        struct $ScopeFn:ident: $Scope:ident,
        struct $Boxed:ident $(: $Send:ident)?
    ) => {
        $(#[$doc])*
        pub fn $scope_fn<F, L, X>(closure: F) -> $ScopeFn<L, X>
        where
            L: ForLt,
            F: for<'l> Body<LendMut<'l, L>, Out = Result<Ended, X>>
                + for<'l> AsyncFnOnce(LendMut<'l, L>) -> Result<Ended, X>,
            <F as Body<LendMut<'static, L>>>::Fut: $($Send +)? 'static,
        {
            let slot = Arc::new(Slot::new());
            let lend: LendMut<'static, L> = LendMut::new(slot.clone());
            let future = $Boxed { future: Box::pin(closure(lend)) };
            $ScopeFn { frame: Some(Frame::new(slot, future)) }
        }

        $(#[$type_doc])*
        #[must_use = "a scope does nothing unless it is entered"]
        pub struct $ScopeFn<L, X> {
            frame: Option<Frame<L, $Boxed<X>, X>>,
        }

        impl<L, X> $Scope for $ScopeFn<L, X>
        where
            L: ForLt,
            X: Debug $(+ $Send)? + 'static,
        {
            type Resource = Frame<L, $Boxed<X>, X>;
            type Error = X;
            type OnDrop = HandOver;

            async fn enter(&mut self) -> Result<Self::Resource, X> {
                let Some(mut frame) = self.frame.take() else {
                    panic!("a closure scope was entered twice, by a call of its hooks");
                };
                poll_fn(|cx| frame.poll_lent(cx)).await?;
                Ok(frame)
            }

            async fn exit(
                self,
                mut frame: Self::Resource,
                reason: ExitReason<'_>,
            ) -> Result<(), X> {
                let looked = frame.slot.end(reason);
                let ended = poll_fn(|cx| frame.poll_ended(cx)).await;
                match looked {
                    Ok(()) => ended,
                    Err(payload) => payload.resume(),
                }
            }
        }

        /// The future of a frame. A struct around the trait object, since the compiler forgets that this
        /// is `'static` where it looks whether a task is `Send`.
        #[expect(unnameable_types, reason = "public only in the type of a resource")]
        pub struct $Boxed<X> {
            future: Pin<Box<dyn Future<Output = Result<Ended, X>> $(+ $Send)?>>,
        }

        impl<X> Future for $Boxed<X> {
            type Output = Result<Ended, X>;

            fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Ended, X>> {
                self.future.as_mut().poll(cx)
            }
        }

        impl<X> Debug for $Boxed<X> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($Boxed)).finish_non_exhaustive()
            }
        }

        impl<L, X> Debug for $ScopeFn<L, X> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($ScopeFn)).finish_non_exhaustive()
            }
        }
    };
}

borrowing_scope! {
    /// A scope from one async closure that lends what borrows from its own frame: it owns a
    /// connection, say, and lends a transaction on it. Run by
    /// [`with_borrowing`](crate::with_borrowing).
    ///
    /// Like [`scope_fn`](super::scope_fn()), but for what is lent: a reference, which the body has
    /// for as long as the lending lasts. The frame does not sleep meanwhile. Each poll of the scope
    /// polls the frame, and the frame polls the body, where it awaits the lending: so a timeout or a
    /// task group that is open around the lending sees all of it, and may end it. A frame that drops
    /// the lending while the body runs cancels the body; it has no proof then that the body has ended,
    /// and returns an error, which the caller gets as
    /// [`ScopeError::Withdrawn`](crate::ScopeError::Withdrawn).
    ///
    /// # Cancel safety
    ///
    /// The scope owns the frame, which outlives its own future: it is handed over. When the body is
    /// cancelled, the frame is polled once, in the drop, to get at the body and drop it. A frame whose
    /// branches are polled only when they are woken, by a `FuturesUnordered` say, is polled twice.
    ///
    /// A lending that is leaked leaks the body that has begun in it, at the latest when its scope ends;
    /// that is [reported](crate::cleanup::Report::BodyLeaked). So does one that a cancelled frame keeps
    /// from being polled, by a lock that it waits for first, or the like.
    ///
    /// # Panics
    ///
    /// As [`scope_fn`](super::scope_fn()). A panic of the body passes by the frame: the lending tells
    /// it, and it tears down. A panic of the frame beside the body cancels the body.
    ///
    /// # Complexity
    ///
    /// Three allocations: the closure's future, what it shares with the scope, and the body's future;
    /// and the exit's.
    ///
    /// # Examples
    ///
    /// ```
    /// use withal_core::scope::{ForLt, LendMut, scope_fn_borrowing};
    /// use withal_core::{runtime::NoExecutor, with_borrowing};
    /// # use std::io::Error;
    /// # #[derive(Default)] struct Connection(Vec<&'static str>);
    /// # impl Connection {
    /// #     async fn begin(&mut self) -> Result<Transaction<'_>, Error> { Ok(Transaction(self)) }
    /// # }
    /// # struct Transaction<'c>(&'c mut Connection);
    /// # impl Transaction<'_> {
    /// #     async fn execute(&mut self, text: &'static str) -> Result<(), Error> {
    /// #         self.0.0.push(text);
    /// #         Ok(())
    /// #     }
    /// #     async fn commit(self) -> Result<(), Error> { self.0.0.push("commit"); Ok(()) }
    /// #     async fn roll_back(self) -> Result<(), Error> { self.0.0.push("roll back"); Ok(()) }
    /// # }
    /// enum Lent {}
    ///
    /// impl ForLt for Lent {
    ///     type Of<'c> = Transaction<'c>;
    /// }
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let transaction = scope_fn_borrowing(async |lend: LendMut<'_, Lent>| {
    ///     let mut connection = Connection::default();
    ///     let mut transaction = connection.begin().await?;
    ///     let ended = lend.lend(&mut transaction).await;
    ///     if ended.is_completed() {
    ///         transaction.commit().await?;
    ///     } else {
    ///         transaction.roll_back().await?;
    ///     }
    ///     Ok::<_, Error>(ended)
    /// });
    /// let rt = NoExecutor::new();
    /// with_borrowing(&rt, transaction, async |transaction| {
    ///     transaction.execute("insert").await
    /// })
    /// .await?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap().unwrap();
    /// ```
    ///
    /// Source: `contextlib.asynccontextmanager`, whose frame may yield what refers to its locals.
    fn scope_fn_borrowing,
    /// The scope that [`scope_fn_borrowing`] makes.
    struct BorrowingScopeFn: Scope,
    struct BoxedFrame: Send
}

borrowing_scope! {
    /// [`scope_fn_borrowing`] for closures whose future is not `Send`: pass it as `Local(scope)`.
    ///
    /// Cancel safety, panics and complexity are those of [`scope_fn_borrowing`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::rc::Rc;
    /// use withal_core::scope::{LendMut, Local, Owned, scope_fn_borrowing_local};
    /// use withal_core::{runtime::NoExecutor, with_borrowing};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let scope = scope_fn_borrowing_local(async |lend: LendMut<'_, Owned<Rc<i32>>>| {
    ///     let mut shared = Rc::new(3);
    ///     let ended = lend.lend(&mut shared).await;
    ///     Ok::<_, std::fmt::Error>(ended)
    /// });
    /// let rt = NoExecutor::new();
    /// let value = with_borrowing(&rt, Local(scope), async |shared| {
    ///     Ok::<_, std::fmt::Error>(**shared)
    /// });
    /// assert_eq!(value.await.unwrap(), 3);
    /// # }).unwrap();
    /// ```
    fn scope_fn_borrowing_local,
    /// The scope that [`scope_fn_borrowing_local`] makes.
    struct LocalBorrowingScopeFn: LocalScope,
    struct LocalBoxedFrame
}
