#[cfg(feature = "std")]
mod borrowing;
mod dropped;
mod poll;
mod stage;
mod wrapped;

use core::cell::UnsafeCell;
use core::fmt::{self, Debug};
use core::future::Future;
use core::marker::{PhantomData, PhantomPinned};
use core::panic::Location;
use core::time::Duration;

#[cfg(feature = "std")]
pub use self::borrowing::with_borrowing;
use self::stage::{Stage, put};
pub use self::wrapped::{LendingBody, Wrapped, WrappedLending, wrapped, wrapped_lending};
use super::error::ExitError;
use super::exit::{ExitSlot, slot};
use super::manager::{Managed, Manager};
use super::policy::{Borrowed, Both, Plain, Policy, Suppress, Suppressing};
use super::reason::ExitKind;
use crate::body::Body;
use crate::cleanup::leftovers::Leftovers;
use crate::cleanup::live::LiveEntry;
use crate::cleanup::{About, CollectorId, ExitToken, Subject};
#[cfg(feature = "alloc")]
use crate::exit_stack::{Swallowing, Unwinds};
use crate::mutants::mutant;
use crate::panic::Payload;
use crate::runtime::Cleanup;

macro_rules! with_fn {
    (
        $(#[$doc:meta])*
        $with:ident: $Policy:ident, scope: $($Suppress:ident)?, error: $($bound:tt)*
    ) => {
        $(#[$doc])*
        #[track_caller]
        pub fn $with<'r, R, M, F, T, E>(
            rt: &'r R,
            scope: M,
            body: F,
        ) -> With<
            'r,
            R,
            M,
            F,
            <F as Body<&'r mut M::Resource>>::Fut,
            T,
            E,
            $Policy,
            impl Future<Output = Entered<M>>,
            impl ExitSlot<M>,
        >
        where
            R: Cleanup,
            M: Manager $(+ $Suppress)?,
            F: for<'a> Body<&'a mut M::Resource, Out = Result<T, E>>
                + for<'a> AsyncFnOnce(&'a mut M::Resource) -> Result<T, E>,
            E: $($bound)*,
        {
            let make = Maker {
                body,
                begin: |body, resource, stage| put(stage, Stage::Body(body(resource))),
            };
            With::new(rt, scope.enter(rt), make, slot(M::exit))
        }
    };
}

with_fn! {
    /// Enters `scope`, runs `body` with the resource it lends, and exits it, whatever happened.
    ///
    /// `rt` is the runtime that cleans up if the scope is dropped where nobody waits; it is borrowed,
    /// and cloned only then. Enter, body and exit run one after the other in the caller's task;
    /// nothing is spawned, and nothing is forced to wait. Before its exit starts, the scope waits for
    /// every cleanup that was born on its thread while its own body was polled or dropped.
    ///
    /// A tuple of scopes, an array or a vector of them is a scope, too: they are entered in their order,
    /// and exited in the opposite one. See `concurrently`.
    ///
    /// # Cancel safety
    ///
    /// Dropped before its first poll, or while it enters, it does nothing but drop `enter`'s future.
    /// Dropped later, it is exited with [`ExitReason::Cancelled`](super::ExitReason), or with the reason
    /// that its body had ended for: by whoever drops it if that is a combinator of ours, which waits,
    /// else as the scope's [`OnDrop`](super::Scope::OnDrop) says. Leaked (`mem::forget`), it is never
    /// exited.
    ///
    /// # Errors
    ///
    /// [`ScopeError`](super::ScopeError): of `enter`, of the body, of the exit, or of the latter two at once.
    ///
    /// # Panics
    ///
    /// A panic of the body goes on after the exit (std only). If polled again after completion.
    ///
    /// # Complexity
    ///
    /// No allocation of its own; `HandOver` boxes the exit, and the error of a failed body is boxed
    /// while the exit looks at it.
    ///
    /// # When it does not compile
    ///
    /// | mistake, or what the compiler says | cure |
    /// |---|---|
    /// | `AsyncFnOnce` "is not general enough", or "type annotations needed" at the argument of `\|r\| async { … }` | an async closure, which may borrow what it is lent: `async \|r\| { … }` |
    /// | "`dyn FnOnce…: AsyncFnOnce` is not satisfied": the body is a boxed closure | call it inside: `async \|r\| body(r).await` |
    /// | "type annotations needed" at the body's `Ok` | name the error once: `Ok::<_, Error>(…)`, or `async \|r\| -> Result<T, Error> { … }` |
    /// | "expected `Result<_, _>`" at the body | a body that cannot fail ends with `Ok::<_, Infallible>(…)` |
    /// | the body's error borrows, or "cannot be sent (shared) between threads" | an owned `Send + Sync` error, or [`with_unseen_error`] |
    /// | "lifetime may not live long enough": the body keeps or returns what it was lent | return an owned value |
    /// | "is no async scope": a guard, a file, a lock | keep it in a variable of the body, make a scope of it by [`from_guard`](super::from_guard), or implement [`Scope`](super::Scope) for a type that holds it |
    /// | "is no async scope": `&mut scope` | pass it by value: running a scope uses it up |
    /// | "is no async scope", and it implements `LocalScope` | `Local(scope)` |
    /// | "is no async scope": a tuple of scopes | all of them `Local`, or none; errors that are `Into<Box<dyn Error + Send + Sync>>`, `Send + Sync` and owned |
    /// | "does not fulfill the required lifetime" at `OnDrop = HandOver`: the scope borrows | own what it holds, write it in closure style, or declare [`Abandon`](super::Abandon) |
    /// | "borrowed data escapes" at `scope_fn`: its closure borrows what is around it | `async move`, and own what it captures |
    /// | "future returned by `enter` (`exit`) is not `Send`" | hold nothing thread-bound over an `.await`, or implement `LocalScope` |
    /// | "future cannot be sent" where a scope is spawned | its body holds something that is not `Send`: spawn it on one thread, or replace that |
    /// | "not general enough" where a scope is spawned: a closure lends a trait object | lend a struct around it |
    /// | the same: the scope's own type borrows, and it is inside of a combinator, where the compiler loses track of the lifetime | box it first: `timeout(rt, limit, Box::pin(with(…)) as Pin<Box<dyn Future<Output = _> + Send>>)`, or `.boxed()` |
    /// | "queries overflow the depth limit": scopes and combinators are nested too deep for the compiler (about a dozen of each) | box one of them |
    /// | "unused `With`", or "`?` operator can only be applied" | `.await` |
    ///
    /// # Examples
    ///
    /// ```
    /// # use core::convert::Infallible;
    /// use withal_core::scope::{ExitReason, Scope, HandOver};
    /// use withal_core::{runtime::NoExecutor, with};
    ///
    /// struct Greeter;
    ///
    /// impl Scope for Greeter {
    ///     type Resource = String;
    ///     type Error = Infallible;
    ///     type OnDrop = HandOver;
    ///
    ///     async fn enter(&mut self) -> Result<String, Infallible> {
    ///         Ok("hello".to_owned())
    ///     }
    ///
    ///     async fn exit(self, said: String, reason: ExitReason<'_>) -> Result<(), Infallible> {
    ///         println!("{said}: {}", reason.kind());
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let rt = NoExecutor::new();
    /// let length = with(&rt, Greeter, async |said| {
    ///     said.push_str(", world");
    ///     Ok::<_, std::fmt::Error>(said.len())
    /// })
    /// .await?; // prints «hello, world: completed»
    /// assert_eq!(length, 12);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap().unwrap();
    /// ```
    ///
    /// Source: PEP 492, "async with".
    with: Plain, scope:, error: Debug + Send + Sync + 'static // or `with_unseen_error`
}

with_fn! {
    /// [`with`], whose caller gets what became of body and exit side by side.
    ///
    /// # Errors
    ///
    /// The error of `enter`: the body did not run.
    ///
    /// Cancel safety, panics and complexity are those of [`with`]; a failed body costs an allocation.
    ///
    /// # Examples
    ///
    /// ```
    /// # use core::convert::Infallible;
    /// use withal_core::scope::ExitError;
    /// use withal_core::{ExitReason, HandOver, Scope, runtime::NoExecutor, with_detailed};
    ///
    /// struct Upload;
    ///
    /// impl Scope for Upload {
    ///     type Resource = u32;
    ///     type Error = &'static str;
    ///     type OnDrop = HandOver;
    ///
    ///     async fn enter(&mut self) -> Result<u32, &'static str> {
    ///         Ok(0)
    ///     }
    ///
    ///     async fn exit(self, _: u32, _: ExitReason<'_>) -> Result<(), &'static str> {
    ///         Err("the server did not confirm")
    ///     }
    /// }
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let rt = NoExecutor::new();
    /// let ended = with_detailed(&rt, Upload, async |sent| {
    ///     *sent += 1;
    ///     Ok::<_, Infallible>(*sent)
    /// })
    /// .await
    /// .unwrap();
    /// assert_eq!(ended.body, Some(Ok(1)));
    /// assert_eq!(ended.exit, Err(ExitError::Failed("the server did not confirm")));
    /// # }).unwrap();
    /// ```
    with_detailed: Both, scope:, error: Debug + Send + Sync + 'static // or `with_unseen_error`
}

with_fn! {
    /// [`with`] for bodies whose error borrows something, or is not `Send + Sync`: the exit learns that
    /// the body failed, and the name of the error's type, but cannot look at it.
    ///
    /// Errors, cancel safety, panics and complexity are those of [`with`].
    ///
    /// # Examples
    ///
    /// ```
    /// use withal_core::{ExitReason, HandOver, Scope, runtime::NoExecutor, with_unseen_error};
    /// # use core::convert::Infallible;
    /// # struct Buffer;
    /// # impl Scope for Buffer {
    /// #     type Resource = Vec<u8>;
    /// #     type Error = Infallible;
    /// #     type OnDrop = HandOver;
    /// #     async fn enter(&mut self) -> Result<Vec<u8>, Infallible> { Ok(Vec::new()) }
    /// #     async fn exit(self, _: Vec<u8>, reason: ExitReason<'_>) -> Result<(), Infallible> {
    /// #         println!("{}", reason.kind());
    /// #         Ok(())
    /// #     }
    /// # }
    /// # futures_util::FutureExt::now_or_never(async {
    /// let rt = NoExecutor::new();
    /// let line = String::from("no number");
    /// let parsed = with_unseen_error(&rt, Buffer, async |_| {
    ///     line.parse::<u8>().map_err(|_| line.as_str()) // an error that borrows
    /// });
    /// assert_eq!(parsed.await.unwrap_err().body(), Some(&"no number")); // prints «failed»
    /// # }).unwrap();
    /// ```
    with_unseen_error: Borrowed, scope:, error: Debug
}

with_fn! {
    /// [`with`] for scopes that may swallow their body's error (see [`Suppress`]): the value is an
    /// `Option`, `None` for an error that was suppressed.
    ///
    /// Errors, cancel safety, panics and complexity are those of [`with`].
    ///
    /// # Examples
    ///
    /// See [`Suppress`].
    ///
    /// Source: PEP 492, an `__aexit__` that returns true; differs in that a type must declare it, and
    /// in that a cancellation or a panic is never suppressed.
    with_suppressing: Suppressing, scope: Suppress, error: Debug + Send + Sync + 'static // or `with_unseen_error`
}

#[cfg(feature = "alloc")]
with_fn! {
    /// [`with`] for stacks whose entries may swallow the body's error.
    #[expect(unreachable_pub, reason = "called by stacks alone")]
    with_swallowing: Swallowing, scope: Unwinds, error: Debug + Send + Sync + 'static
}

/// What an enter gives: the scope and its resource, or its error.
type Entered<M> = Result<(M, <M as Managed>::Resource), <M as Managed>::Error>;

/// The future that [`with`] returns.
///
/// One struct, whose fields are the parts it runs: it is `Send` whenever they are, and a scope in
/// a scope's body adds no other layer. No bound relates its body to what that is lent: the compiler
/// forgets lifetimes where it looks whether a task is `Send`, and could not prove it of a resource
/// that borrows.
///
/// # Invariants
///
/// 1. The body borrows `resource`, which stays where it is (the struct is `!Unpin`) and
///    to which no other reference is made, until `stage` holds no body.
/// 2. The futures in `stage` are pinned structurally: dropped in place, never moved.
#[must_use = "futures do nothing unless polled: a scope is entered by `.await`"]
pub struct With<'r, R, M, F, B, T, E, P, N, X>
where
    R: Cleanup,
    M: Manager,
    P: Policy<M, T, E>,
    X: ExitSlot<M>,
{
    rt: &'r R,
    location: &'static Location<'static>,
    budget: Option<Duration>,
    live: LiveEntry,
    entered_under: CollectorId,
    token: Option<ExitToken>,
    leftovers: Leftovers<M::Kind>,
    stage: Stage<N, Maker<'r, M, F, B, N, X>, B, X>,
    ended: BodyState<T, E>,
    exited: ExitState<M::Error>,
    // A cell, since it is borrowed from while references to the whole struct come and go. Below the
    // body, so that it would go after it.
    resource: UnsafeCell<Option<M::Resource>>,
    // `Some` while the scope is entered and its exit has not begun, as is the resource.
    manager: Option<M>,
    _pinned: PhantomPinned,
    _policy: PhantomData<fn() -> P>,
}

/// What makes the body.
struct Maker<'r, M: Managed, F, B, N, X> {
    body: F,
    /// Calls it, and puts what it returns in its place, where it is built. A bound that says that it
    /// can be called so would relate `F` and `B`.
    begin: Begin<F, &'r mut M::Resource, Stage<N, Self, B, X>>,
}

type Begin<F, A, S> = fn(F, A, &mut S);

/// What a guard knows of its scope.
pub(crate) struct EnteredParts<'r, R, M: Manager> {
    pub(crate) rt: &'r R,
    pub(crate) location: &'static Location<'static>,
    pub(crate) entered_under: CollectorId,
    pub(crate) live: LiveEntry,
    pub(crate) manager: M,
    pub(crate) resource: M::Resource,
}

/// How the body ended.
// The tag on its own is quicker to look at than one that hides in a field.
#[repr(u8)]
enum BodyState<T, E> {
    /// It has not.
    Running,
    Value(T),
    Failed(E),
    /// It failed, and the exit knows: its error, or what the policy kept of it, is here.
    Told {
        kept: Option<E>,
        suppressed: bool,
    },
    /// It failed, and the exit has given the error back.
    Error {
        error: E,
        suppressed: bool,
    },
    Panicked(Payload),
}

impl<T, E> BodyState<T, E> {
    #[inline]
    fn new(result: Result<T, E>) -> Self {
        match result {
            Ok(value) => Self::Value(value),
            Err(error) => Self::Failed(error),
        }
    }

    #[inline]
    fn take(&mut self) -> Self {
        core::mem::replace(self, Self::Running)
    }

    #[inline]
    fn kind(&self) -> ExitKind {
        match self {
            Self::Value(_) => ExitKind::Completed,
            Self::Running => ExitKind::Cancelled,
            Self::Panicked(_) => ExitKind::Panicked,
            Self::Failed(_) | Self::Told { .. } | Self::Error { .. } => ExitKind::Failed,
        }
    }
}

/// How the exit ended.
enum ExitState<X> {
    /// It has not.
    Running,
    Done(Result<(), ExitError<X>>),
    Panicked(Payload),
}

impl<'r, R, M, F, B, T, E, P, N, X> With<'r, R, M, F, B, T, E, P, N, X>
where
    R: Cleanup,
    M: Manager,
    P: Policy<M, T, E>,
    X: ExitSlot<M>,
{
    #[track_caller]
    #[inline]
    fn new(rt: &'r R, enter: N, make: Maker<'r, M, F, B, N, X>, _exit: PhantomData<X>) -> Self {
        if mutant("clones_its_runtime") {
            drop(rt.clone());
        }
        Self {
            rt,
            location: Location::caller(),
            budget: None,
            live: LiveEntry::default(),
            entered_under: CollectorId::NONE,
            token: None,
            leftovers: Leftovers::new(),
            stage: Stage::Entering {
                enter,
                make: Some(make),
            },
            ended: BodyState::Running,
            exited: ExitState::Running,
            resource: UnsafeCell::new(None),
            manager: None,
            _pinned: PhantomPinned,
            _policy: PhantomData,
        }
    }

    /// The part of a scope that follows its body, for a guard.
    pub(crate) fn exiting(
        parts: EnteredParts<'r, R, M>,
        result: Result<T, E>,
        _exit: PhantomData<X>,
    ) -> Self {
        Self {
            rt: parts.rt,
            location: parts.location,
            budget: None,
            live: parts.live,
            entered_under: parts.entered_under,
            token: None,
            leftovers: Leftovers::new(),
            stage: Stage::Waiting,
            ended: BodyState::new(result),
            exited: ExitState::Running,
            resource: UnsafeCell::new(Some(parts.resource)),
            manager: Some(parts.manager),
            _pinned: PhantomPinned,
            _policy: PhantomData,
        }
    }

    /// Bounds the cleanup: from the end of the body, waiting for what the body left and the exit
    /// itself may together take `budget`. If the wait alone uses it up, the exit gets it once more.
    /// Off by default.
    ///
    /// When it runs out, liveness wins: what is unfinished goes on by itself, is reported by name
    /// and location, and the scope moves on. Runtimes without a clock ignore it.
    pub fn budget(mut self, budget: Duration) -> Self {
        self.budget = Some(budget);
        self
    }

    fn about(&self) -> About {
        About {
            subject: Subject::Scope,
            name: M::name(),
            location: self.location,
            runtime: self.rt.id(),
        }
    }
}

impl<'r, R, M, F, B, T, E, P, N, X> fmt::Debug for With<'r, R, M, F, B, T, E, P, N, X>
where
    R: Cleanup,
    M: Manager,
    P: Policy<M, T, E>,
    X: ExitSlot<M>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("With")
            .field("scope", &M::name())
            .field("location", &self.location)
            .field("stage", &self.stage.name())
            .finish_non_exhaustive()
    }
}
