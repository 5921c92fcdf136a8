//! Scopes whose exits may move between threads, and scopes whose exits stay: one definition.

use core::any::type_name;
use core::fmt::Debug;
use core::future::Future;

use super::exit::{ExitFuture, Told, Why};
use super::on_drop::{Abandoned, OnDrop, strategy};
#[cfg(feature = "std")]
use super::on_drop::{LocalOnDrop, local_strategy};
use super::reason::ExitReason;
#[cfg(feature = "std")]
use crate::cleanup::kind::ThreadBound;
use crate::cleanup::kind::{Kind, Sendable};
use crate::cleanup::scope_link::Bequest;
use crate::runtime::Cleanup;

macro_rules! scope {
    (
        $(#[$doc:meta])*
        $Scope:ident, $OnDrop:ident $(, $Send:ident)?
    ) => {
        // The compiler shows the line of a bound that is not met, and with it the comment there.
        $(#[$doc])*
        pub trait $Scope: Sized $(+ $Send)? {
            /// What `enter` gives, the body is lent, and `exit` gets back.
            type Resource $(: $Send)?; // where it is not, implement `LocalScope`

            /// What can go wrong in `enter` and `exit`; `Infallible` where nothing can.
            type Error: Debug $(+ $Send)?; // where it is not, implement `LocalScope`

            /// What a drop does while the scope is entered: `HandOver`, `Synchronous` or `Abandon`.
            type OnDrop: $OnDrop<Self>; // a scope that borrows declares `Abandon`

            /// Acquires the resource.
            ///
            /// # Cancel safety
            ///
            /// Dropped before it has ended, it must undo by plain drops what it has acquired: the
            /// scope does not count as entered, and `exit` is not called.
            ///
            /// # Errors
            ///
            /// Whatever went wrong. The body does not run, and `exit` is not called.
            fn enter(
                &mut self,
            ) -> impl Future<Output = Result<Self::Resource, Self::Error>>
            $(+ $Send)?; // where it is not, implement `LocalScope`

            /// Releases the resource. Called exactly once for each `enter` that succeeded, whatever
            /// the `reason`; it cannot swallow the reason (see [`Suppress`](super::Suppress)).
            ///
            /// Exits are shielded: the scope's own cancellation does not drop them. They may wait,
            /// and use scopes, timeouts and queues of their own.
            ///
            /// # Errors
            ///
            /// Whatever went wrong; the body's own outcome is kept beside it.
            fn exit(
                self,
                resource: Self::Resource,
                reason: ExitReason<'_>,
            ) -> impl Future<Output = Result<(), Self::Error>>
            $(+ $Send)?; // where it is not, implement `LocalScope`

            /// Releases the resource synchronously, where the scope was dropped and its
            /// [`OnDrop`](Self::OnDrop) is `Abandon`. The provided hook drops it, and calls it lost.
            /// A panic in it is caught, where that is possible, and reported.
            fn abandon(self, resource: Self::Resource) -> Abandoned {
                drop(resource);
                Abandoned::Lost
            }
        }
    };
}

scope! {
    /// An async scope: acquired by `enter`, released by `exit`, whatever happens in between.
    ///
    /// # For callers
    ///
    /// Run a body in it by [`with`](super::with()), or hold it by [`enter_in`](super::enter_in): they
    /// call the hooks in order, and once. Hooks that you call by hand are plain methods, and nothing
    /// is promised of them.
    ///
    /// # For implementers
    ///
    /// Write plain `async fn enter` and `async fn exit`. Their futures must be `Send`; for those
    /// that are not there is `LocalScope`. Choose [`OnDrop`](Self::OnDrop) with care: `HandOver`
    /// unless the scope borrows something.
    ///
    /// # Examples
    ///
    /// A transaction that commits when its body completed, and rolls back otherwise:
    ///
    /// ```
    /// use withal_core::scope::{ExitReason, HandOver, Scope};
    /// # #[derive(Debug)] struct DbError;
    /// # struct Pool; struct Connection;
    /// # impl Pool { async fn get(&self) -> Result<Connection, DbError> { Ok(Connection) } }
    /// # impl Connection {
    /// #     async fn execute(&mut self, _: &str) -> Result<(), DbError> { Ok(()) }
    /// # }
    /// struct Transaction(Pool);
    ///
    /// impl Scope for Transaction {
    ///     type Resource = Connection;
    ///     type Error = DbError;
    ///     type OnDrop = HandOver;
    ///
    ///     async fn enter(&mut self) -> Result<Connection, DbError> {
    ///         let mut connection = self.0.get().await?;
    ///         connection.execute("begin").await?;
    ///         Ok(connection)
    ///     }
    ///
    ///     async fn exit(
    ///         self,
    ///         mut connection: Connection,
    ///         reason: ExitReason<'_>,
    ///     ) -> Result<(), DbError> {
    ///         let end = if reason.is_completed() { "commit" } else { "rollback" };
    ///         connection.execute(end).await
    ///     }
    /// }
    /// ```
    ///
    /// Source: PEP 492, `__aenter__` and `__aexit__`; differs in that an exit cannot swallow an
    /// error by accident, and sees cancellation and panics as reasons of their own.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is no async scope",
        label = "expected a type with async `enter` and `exit`",
        note = "a plain RAII value is dropped without help: keep it in a variable of the body, or \
                pass `from_guard(async {{ … }})`; to run async cleanup, implement `Scope` for a type \
                of yours that holds it",
        note = "a scope whose futures are not `Send` implements `LocalScope` and is passed as \
                `Local(scope)`"
    )]
    Scope, OnDrop, Send
}

#[cfg(feature = "std")]
scope! {
    /// A [`Scope`] whose futures are not `Send`: pass it to [`with`](super::with()) as
    /// [`Local(scope)`](Local).
    ///
    /// Its exit never leaves its thread. Dropped by foreign code, it is left to the enclosing scope if
    /// that is local too, else to the thread's list of orphans, which a
    /// [`drain`](crate::cleanup::drain) on that thread runs; it is never spawned. A `Send` scope in
    /// between cannot take it, nor pass it on: put local scopes inside of local ones. A thread that
    /// ends with some reports them.
    ///
    /// # Examples
    ///
    /// ```
    /// use core::convert::Infallible;
    /// use std::rc::Rc;
    /// use withal_core::scope::{ExitReason, HandOver, Local, LocalScope};
    /// use withal_core::{runtime::NoExecutor, with};
    ///
    /// struct Counted(Rc<()>);
    ///
    /// impl LocalScope for Counted {
    ///     type Resource = Rc<()>;
    ///     type Error = Infallible;
    ///     type OnDrop = HandOver;
    ///
    ///     async fn enter(&mut self) -> Result<Rc<()>, Infallible> {
    ///         Ok(self.0.clone())
    ///     }
    ///
    ///     async fn exit(self, _: Rc<()>, _: ExitReason<'_>) -> Result<(), Infallible> {
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let rt = NoExecutor::new();
    /// let users = Rc::new(());
    /// let inside = with(&rt, Local(Counted(users.clone())), async |users| {
    ///     Ok::<_, Infallible>(Rc::strong_count(users))
    /// });
    /// assert_eq!(inside.await.unwrap(), 3);
    /// assert_eq!(Rc::strong_count(&users), 1);
    /// # }).unwrap();
    /// ```
    #[diagnostic::on_unimplemented(
        message = "`{Self}` is no async scope of one thread",
        label = "expected a type with async `enter` and `exit`",
        note = "implement `LocalScope` for it; if its futures are `Send`, implement `Scope` and \
                pass it without `Local`"
    )]
    LocalScope, LocalOnDrop
}

/// Passes a [`LocalScope`] where a scope is expected.
#[cfg(feature = "std")]
#[derive(Clone, Copy, Debug, Default)]
#[expect(
    clippy::exhaustive_structs,
    reason = "a marker around one value, now and later"
)]
pub struct Local<S>(pub S);

/// What [`with`](super::with()) runs: a [`Scope`], or a `LocalScope` as `Local(scope)`. Sealed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no async scope",
    label = "expected a type with async `enter` and `exit`"
)]
pub trait Manager: Sized + Managed {}

impl<M: Managed> Manager for M {}

// Where the compiler cannot tell which of the two impls below was meant.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no async scope",
    label = "expected a `Scope`, or a `LocalScope` as `Local(scope)`",
    note = "`Local` marks a scope that implements `LocalScope`; one that implements `Scope` is \
            passed without it"
)]
#[expect(unnameable_types, reason = "seals the public trait")]
pub trait Managed: Sized {
    type Kind: Kind;
    type Resource;
    type Error: Debug;

    fn name() -> &'static str;

    /// Whether its exit is that of other scopes in it, which are followed by themselves: its own begins
    /// when theirs have ended.
    fn exits_others_first() -> bool {
        false
    }

    /// Owns the scope while it is entered, and gives it back. One that is made of several hands over
    /// to `rt` what it has entered so far, if it is dropped.
    #[track_caller]
    fn enter<R: Cleanup>(
        self,
        rt: &R,
    ) -> impl Future<Output = Result<(Self, Self::Resource), Self::Error>>;

    fn exit(
        self,
        resource: Self::Resource,
        why: Why,
    ) -> impl ExitFuture<Self::Kind, Output = (Result<(), Self::Error>, Option<Told>)>;

    /// The same, for one who has it in a box that outlives its frame: it need not be moved out.
    fn exit_in_box(
        self,
        resource: Self::Resource,
        why: Why,
    ) -> impl Future<Output = (Result<(), Self::Error>, Option<Told>)> {
        self.exit(resource, why)
    }

    fn dropped<R: Cleanup>(
        self,
        resource: Self::Resource,
        why: Why,
        bequest: Bequest<'_, R, Self::Kind>,
    );
}

impl<S: Scope> Managed for S {
    type Kind = Sendable;
    type Resource = S::Resource;
    type Error = S::Error;

    fn name() -> &'static str {
        type_name::<S>()
    }

    #[expect(
        clippy::manual_async_fn,
        reason = "an `async fn` would store the runtime"
    )]
    fn enter<R: Cleanup>(
        mut self,
        _rt: &R,
    ) -> impl Future<Output = Result<(Self, S::Resource), S::Error>> {
        async move {
            let resource = Scope::enter(&mut self).await?;
            Ok((self, resource))
        }
    }

    fn exit(
        self,
        resource: S::Resource,
        why: Why,
    ) -> impl ExitFuture<Sendable, Output = (Result<(), S::Error>, Option<Told>)> {
        <S::OnDrop as strategy::Strategy<S>>::exit(self, resource, why)
    }

    fn exit_in_box(
        self,
        resource: S::Resource,
        why: Why,
    ) -> impl Future<Output = (Result<(), S::Error>, Option<Told>)> {
        strategy::exit(self, resource, why)
    }

    fn dropped<R: Cleanup>(
        self,
        resource: S::Resource,
        why: Why,
        bequest: Bequest<'_, R, Sendable>,
    ) {
        <S::OnDrop as strategy::Strategy<S>>::dropped(self, resource, why, bequest);
    }
}

#[cfg(feature = "std")]
impl<S: LocalScope> Managed for Local<S> {
    type Kind = ThreadBound;
    type Resource = S::Resource;
    type Error = S::Error;

    fn name() -> &'static str {
        type_name::<S>()
    }

    #[expect(
        clippy::manual_async_fn,
        reason = "an `async fn` would store the runtime"
    )]
    fn enter<R: Cleanup>(
        mut self,
        _rt: &R,
    ) -> impl Future<Output = Result<(Self, S::Resource), S::Error>> {
        async move {
            let resource = self.0.enter().await?;
            Ok((self, resource))
        }
    }

    fn exit(
        self,
        resource: S::Resource,
        why: Why,
    ) -> impl ExitFuture<ThreadBound, Output = (Result<(), S::Error>, Option<Told>)> {
        <S::OnDrop as local_strategy::Strategy<S>>::exit(self.0, resource, why)
    }

    fn exit_in_box(
        self,
        resource: S::Resource,
        why: Why,
    ) -> impl Future<Output = (Result<(), S::Error>, Option<Told>)> {
        local_strategy::exit(self.0, resource, why)
    }

    fn dropped<R: Cleanup>(
        self,
        resource: S::Resource,
        why: Why,
        bequest: Bequest<'_, R, ThreadBound>,
    ) {
        <S::OnDrop as local_strategy::Strategy<S>>::dropped(self.0, resource, why, bequest);
    }
}
