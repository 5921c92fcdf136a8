//! Scopes written as one async closure: set up, lend, tear down (`@asynccontextmanager`).

#[cfg(feature = "std")]
mod borrowed;

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt::{self, Debug};
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

#[cfg(feature = "std")]
pub(super) use self::borrowed::{BodyFailure, Hosted, Hosting, Visitor};
#[cfg(feature = "std")]
pub use self::borrowed::{
    BorrowingScopeFn, ForLt, Frame, LendMut, LendingMut, LocalBorrowingScopeFn, Owned,
    scope_fn_borrowing, scope_fn_borrowing_local,
};
#[cfg(feature = "std")]
use super::manager::LocalScope;
use super::manager::Scope;
use super::on_drop::HandOver;
use super::reason::{ExitKind, ExitReason};
use crate::body::Body;
use crate::lock::Mutex;
use crate::mutants::mutant;
use crate::panic::wake;
use crate::panic::{Payload, catch};

/// The token by which a closure scope lends its resource to the body, once.
///
/// It is taken by value, so lending twice does not compile; and the closure must return the
/// [`Ended`] that lending gives, so neither does not lending.
#[must_use = "a closure scope must lend its resource: `let (resource, ended) = lend.lend(resource).await`"]
pub struct Lend<T> {
    slot: Arc<Slot<T>>,
}

impl<T> Lend<T> {
    /// Lends `resource` to the body, and waits until the body has ended. Gives the resource back,
    /// with the reason.
    ///
    /// What stands after it in the closure runs whatever happened, if it is not skipped by a `?` of
    /// the closure's own.
    ///
    /// # Cancel safety
    ///
    /// The closure's future is the scope's; it is not dropped when the body is cancelled, but
    /// resumed with [`ExitKind::Cancelled`].
    pub fn lend(self, resource: T) -> Lending<T> {
        Lending {
            slot: self.slot,
            resource: Some(resource),
        }
    }

    /// [`lend`](Self::lend), with a `look` at the whole reason, the error of a failed body
    /// included. `look` is called in the exit; what it returns comes with the resource.
    ///
    /// # Cancel safety
    ///
    /// As [`lend`](Self::lend).
    ///
    /// # Panics
    ///
    /// With what `look` panics with.
    pub async fn lend_with_look<L, V>(self, resource: T, look: L) -> (T, Ended, V)
    where
        L: FnOnce(ExitReason<'_>) -> V + Send + 'static,
        V: Send + 'static,
    {
        let (look, seen) = keeping(look);
        self.slot.look.with(|slot| *slot = Some(look));
        let (resource, ended) = self.lend(resource).await;
        match seen() {
            Some(Ok(value)) => (resource, ended, value),
            Some(Err(payload)) => payload.resume(),
            None => unreachable!("the exit looks before it gives the resource back"),
        }
    }
}

impl<T> Debug for Lend<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lend").finish_non_exhaustive()
    }
}

/// Proof that a closure scope has lent its resource, with the reason that the body ended: what the
/// closure returns.
#[derive(Debug)]
#[must_use = "look at how the body ended, and return this from the closure: `Ok(ended)`"]
pub struct Ended {
    kind: ExitKind,
}

impl Ended {
    /// Why the body ended.
    pub fn kind(&self) -> ExitKind {
        self.kind
    }

    /// Whether the body returned `Ok`.
    pub fn is_completed(&self) -> bool {
        self.kind == ExitKind::Completed
    }
}

/// What a scope panics with whose closure returned an [`Ended`] that it got elsewhere.
const FOREIGN_PROOF: &str = "a closure scope returned the proof of another scope";

type Look = Box<dyn FnOnce(ExitReason<'_>) + Send>;

/// A [`Look`] that keeps what it sees, or what it panics with.
fn keeping<L, V>(look: L) -> (Look, impl Fn() -> Option<Result<V, Payload>> + Send)
where
    L: FnOnce(ExitReason<'_>) -> V + Send + 'static,
    V: Send + 'static,
{
    let seen = Arc::new(Mutex::new(None));
    let keep = seen.clone();
    let look = Box::new(move |reason: ExitReason<'_>| {
        let value = catch(|| look(reason));
        keep.with(|seen| *seen = Some(value));
    });
    (look, move || seen.with(Option::take))
}

/// Where closure and scope meet.
struct Slot<T> {
    state: Mutex<State<T>>,
    look: Mutex<Option<Look>>,
}

enum State<T> {
    /// The closure sets up, or tears down.
    Closure,
    /// The closure has lent; the scope has not taken it yet.
    Lent(T, Waker),
    /// The body has it.
    Body(Waker),
    /// The body has ended; the closure has not taken it back yet.
    Returned(T, ExitKind),
}

impl<T> Slot<T> {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State::Closure),
            look: Mutex::new(None),
        })
    }

    /// The scope takes what was lent.
    fn take_lent(&self) -> Option<T> {
        self.state
            .with(|state| match core::mem::replace(state, State::Closure) {
                State::Lent(resource, waker) => {
                    *state = State::Body(waker);
                    Some(resource)
                }
                other => {
                    *state = other;
                    None
                }
            })
    }

    /// The scope gives back what the body had.
    fn give_back(&self, resource: T, reason: ExitReason<'_>) {
        if let Some(look) = self.look.with(Option::take) {
            look(reason);
        }
        let kind = if mutant("closure_told_completed") {
            ExitKind::Completed
        } else {
            reason.kind()
        };
        let returned = State::Returned(resource, kind);
        let before = self.state.with(|state| core::mem::replace(state, returned));
        // The closure may await it inside a set of futures that polls only what was woken.
        if let State::Body(waker) = before {
            wake(waker);
        }
    }
}

/// The future that [`Lend::lend`] returns. Leaked, it leaks the resource, and the body never starts.
#[must_use = "nothing is lent unless this is awaited"]
pub struct Lending<T> {
    slot: Arc<Slot<T>>,
    resource: Option<T>,
}

// The resource is moved in and out, never pinned.
impl<T> Unpin for Lending<T> {}

impl<T> Future for Lending<T> {
    type Output = (T, Ended);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<(T, Ended)> {
        let this = &mut *self;
        let waker = cx.waker().clone();
        let lent = this.resource.take();
        // Dropped outside the lock.
        let (_stale, returned) = this.slot.state.with(|state| {
            if let Some(resource) = lent {
                *state = State::Lent(resource, waker);
                return (None, None);
            }
            match state {
                State::Lent(_, stale) | State::Body(stale) => {
                    (Some(core::mem::replace(stale, waker)), None)
                }
                _ => match core::mem::replace(state, State::Closure) {
                    State::Returned(resource, kind) => (None, Some((resource, kind))),
                    _ => (Some(waker), None),
                },
            }
        });
        match returned {
            Some((resource, kind)) => Poll::Ready((resource, Ended { kind })),
            None => Poll::Pending,
        }
    }
}

impl<T> Debug for Lending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lending").finish_non_exhaustive()
    }
}

macro_rules! closure_scope {
    (
        $(#[$doc:meta])*
        fn $scope_fn:ident,
        $(#[$type_doc:meta])*
        struct $ScopeFn:ident: $Scope:ident $(, $Send:ident)?
    ) => {
        $(#[$doc])*
        pub fn $scope_fn<F, T, X>(closure: F) -> $ScopeFn<T, X>
        where
            F: Body<Lend<T>, Out = Result<Ended, X>>
                + AsyncFnOnce(Lend<T>) -> Result<Ended, X>,
            <F as Body<Lend<T>>>::Fut: $($Send +)? 'static,
        {
            let slot = Slot::new();
            let lend = Lend { slot: slot.clone() };
            $ScopeFn {
                slot,
                created: Some(Box::pin(closure(lend))),
                entered: None,
            }
        }

        // Without the closure's type: the compiler forgets that it is `'static`, where it looks whether
        // a task is `Send`.
        $(#[$type_doc])*
        #[must_use = "a scope does nothing unless it is entered"]
        pub struct $ScopeFn<T, X> {
            slot: Arc<Slot<T>>,
            created: Option<Pin<Box<dyn Future<Output = Result<Ended, X>> $(+ $Send)?>>>,
            entered: Option<Pin<Box<dyn Future<Output = Result<Ended, X>> $(+ $Send)?>>>,
        }

        impl<T, X> $Scope for $ScopeFn<T, X>
        where
            T: $($Send +)? 'static,
            X: Debug $(+ $Send)? + 'static,
        {
            type Resource = T;
            type Error = X;
            type OnDrop = HandOver;

            async fn enter(&mut self) -> Result<T, X> {
                let Some(mut future) = self.created.take() else {
                    panic!("a closure scope was entered twice, by a call of its hooks");
                };
                let slot = &self.slot;
                let resource = core::future::poll_fn(|cx| {
                    match future.as_mut().poll(cx) {
                        Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                        Poll::Ready(Ok(_)) => panic!("{FOREIGN_PROOF}"),
                        Poll::Pending => {}
                    }
                    slot.take_lent().map_or(Poll::Pending, |lent| Poll::Ready(Ok(lent)))
                })
                .await?;
                self.entered = Some(future);
                Ok(resource)
            }

            async fn exit(mut self, resource: T, reason: ExitReason<'_>) -> Result<(), X> {
                self.slot.give_back(resource, reason);
                match self.entered.take() {
                    Some(future) => future.await.map(|_ended| ()),
                    None => panic!("a closure scope was exited before it was entered, by a call of its hooks"),
                }
            }
        }

        impl<T, X> Debug for $ScopeFn<T, X> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($ScopeFn)).finish_non_exhaustive()
            }
        }
    };
}

closure_scope! {
    /// A scope from one async closure: it sets up, lends its resource once, learns how the body
    /// ended, and tears down.
    ///
    /// The closure owns everything, so nothing is lost when its scope is dropped: it is handed over
    /// and resumed. It does not run before the scope is entered, and an error before it lends is
    /// the error of `enter`. The resource is lent by value, and comes back; while the body has it,
    /// the closure sleeps. What borrows from the closure's own frame is lent by
    /// `scope_fn_borrowing`.
    ///
    /// The closure is told how the body ended, and cannot change it: an error passes on, whether the
    /// closure ends well or fails itself, in which case both arrive. To swallow errors is for types that
    /// implement [`Suppress`](super::Suppress).
    ///
    /// A function that returns the scope serves for more than one; and around another function see
    /// [`wrapped`](super::wrapped()). A type of your own that is such a scope: [`Compose`](super::Compose).
    ///
    /// # Without
    ///
    /// What stands behind the lending runs however the body ended, also when it was cancelled; no
    /// `finally` is needed for that. Only the closure itself can skip it, by a `?` in between:
    ///
    /// ```text
    /// let (file, ended) = lend.lend(file).await;
    /// file.flush().await?;     // if this fails,
    /// file.remove().await?;    // this does not run
    /// Ok(ended)
    /// ```
    ///
    /// Where each step must run, take the results first, and use `?` behind the last:
    ///
    /// ```text
    /// let flushed = file.flush().await;
    /// let removed = file.remove().await;
    /// flushed.and(removed)?;
    /// Ok(ended)
    /// ```
    ///
    /// or hold a scope open around the lending for each thing to be released.
    ///
    /// # Panics
    ///
    /// The scope panics when entered if the closure returns the [`Ended`] of another scope instead
    /// of lending; and when its hooks are called by hand in another order than once and once.
    ///
    /// # Complexity
    ///
    /// Two allocations: the closure's future, and the slot it shares with the scope; and the
    /// exit's.
    ///
    /// # Examples
    ///
    /// ```
    /// use withal_core::scope::{Lend, scope_fn};
    /// use withal_core::{runtime::NoExecutor, with};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let connection = scope_fn(async |lend: Lend<String>| {
    ///     let connection = String::from("connected"); // set up
    ///     let (connection, ended) = lend.lend(connection).await;
    ///     println!("{connection}, {}", ended.kind()); // tear down, whatever happened
    ///     Ok::<_, std::io::Error>(ended)
    /// });
    /// let rt = NoExecutor::new();
    /// with(&rt, connection, async |connection| {
    ///     connection.push_str(" and used");
    ///     Ok::<_, std::fmt::Error>(())
    /// })
    /// .await?; // prints «connected and used, completed»
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap().unwrap();
    /// ```
    ///
    /// Source: `contextlib.asynccontextmanager`; differs in that the body's error is not thrown
    /// into the closure, which therefore cannot swallow it.
    fn scope_fn,
    /// The scope that [`scope_fn`] makes.
    struct ScopeFn: Scope, Send
}

#[cfg(feature = "std")]
closure_scope! {
    /// [`scope_fn`] for closures whose future is not `Send`: pass it as `Local(scope)`.
    ///
    /// Cancel safety, panics and complexity are those of [`scope_fn`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::rc::Rc;
    /// use withal_core::scope::{Lend, Local, scope_fn_local};
    /// use withal_core::{runtime::NoExecutor, with};
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let shared = Rc::new(3);
    /// let scope = scope_fn_local(async move |lend: Lend<Rc<i32>>| {
    ///     let (_shared, ended) = lend.lend(shared).await;
    ///     Ok::<_, std::fmt::Error>(ended)
    /// });
    /// let rt = NoExecutor::new();
    /// let value = with(&rt, Local(scope), async |shared| Ok::<_, std::fmt::Error>(**shared));
    /// assert_eq!(value.await.unwrap(), 3);
    /// # }).unwrap();
    /// ```
    fn scope_fn_local,
    /// The scope that [`scope_fn_local`] makes.
    struct LocalScopeFn: LocalScope
}
