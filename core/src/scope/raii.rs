use core::any::type_name;
use core::fmt::{self, Debug};
use core::future::{Future, poll_fn};
use core::marker::PhantomData;
use core::pin::{Pin, pin};
use core::task::{Context, Poll};

use super::exit::{ExitFuture, Told, Why};
#[cfg(feature = "std")]
use super::manager::{Local, LocalScope};
use super::manager::{Managed, Scope};
use super::on_drop::Synchronous;
use super::reason::ExitReason;
use crate::cleanup::kind::Sendable;
#[cfg(feature = "std")]
use crate::cleanup::kind::ThreadBound;
use crate::cleanup::scope_link::Bequest;
use crate::runtime::Cleanup;

/// Makes a scope of a value that releases what it holds when it is dropped: its exit is that drop.
///
/// `make` gives the value; it does not run before the scope is entered. A plain variable in the body
/// does the same for most: this is for where a scope is asked for, in a list of them, say, or in an
/// exit stack. It is never done unasked: a lock guard, a file or a permit is no scope by itself.
///
/// The value owns what it holds (`'static`): a permit of an `Arc`, an owned guard. One that borrows
/// is kept in a variable around the scope, or in the body.
///
/// # Cancel safety
///
/// Dropped while it is entered, the value is dropped at once, but not before what the body has left
/// to clean up. While it enters, `make` is dropped.
///
/// # Errors
///
/// That of `make`. Where it has none, say so: `Ok::<_, Infallible>(value)`.
///
/// # Panics
///
/// A panic of the value's destructor is one of the exit.
///
/// # Complexity
///
/// No allocation.
///
/// # Examples
///
/// ```
/// use withal_core::scope::from_guard;
/// use withal_core::{runtime::NoExecutor, with};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let rt = NoExecutor::new();
/// let listener = from_guard(async { std::net::TcpListener::bind("127.0.0.1:0") });
/// let port = with(&rt, listener, async |listener| {
///     Ok::<_, std::io::Error>(listener.local_addr()?.port())
/// });
/// assert!(port.await.unwrap() > 0); // and closed again
/// # }).unwrap();
/// ```
///
/// Source: `contextlib.closing`, and what Python's `async with` refuses: a synchronous manager.
pub fn from_guard<F, G, X>(make: F) -> GuardScope<F, G, X>
where
    F: Future<Output = Result<G, X>>,
{
    GuardScope {
        make: Some(make),
        poll: F::poll,
    }
}

/// The scope that [`from_guard`] makes.
#[must_use = "a scope does nothing unless it is entered"]
pub struct GuardScope<F, G, X> {
    make: Option<F>,
    // A bound would relate `make` to what it gives: the compiler forgets lifetimes where it looks
    // whether a task is `Send`, and could not prove it.
    poll: PollMake<F, G, X>,
}

type PollMake<F, G, X> = fn(Pin<&mut F>, &mut Context<'_>) -> Poll<Result<G, X>>;

/// What a guard's scope is once it is entered.
struct Held<G, X>(PhantomData<fn(G, X)>);

macro_rules! guard_scope {
    ($Scope:ident, $Kind:ident, $GuardScope:ty, $wrap:expr, $unwrap:expr, $held:expr $(, $Send:ident)?) => {
        impl<G, X> $Scope for Held<G, X>
        where
            G: $($Send +)? 'static,
            X: Debug $(+ $Send)? + 'static,
        {
            type Resource = G;
            type Error = X;
            type OnDrop = Synchronous;

            async fn enter(&mut self) -> Result<G, X> {
                unreachable!("it is entered")
            }

            async fn exit(self, guard: G, _: ExitReason<'_>) -> Result<(), X> {
                drop(guard);
                Ok(())
            }
        }

        #[diagnostic::do_not_recommend]
        impl<F, G, X> Managed for $GuardScope
        where
            G: $($Send +)? 'static,
            X: Debug $(+ $Send)? + 'static,
        {
            type Kind = $Kind;
            type Resource = G;
            type Error = X;

            fn name() -> &'static str {
                type_name::<G>()
            }

            fn enter<R: Cleanup>(self, _: &R) -> impl Future<Output = Result<(Self, G), X>> {
                let GuardScope { make, poll } = $unwrap(self);
                async move {
                    let Some(make) = make else {
                        unreachable!("a scope is entered once");
                    };
                    let mut make = pin!(make);
                    let guard = poll_fn(|cx| poll(make.as_mut(), cx)).await?;
                    Ok(($wrap(GuardScope { make: None, poll }), guard))
                }
            }

            fn exit(
                self,
                guard: G,
                why: Why,
            ) -> impl ExitFuture<$Kind, Output = (Result<(), X>, Option<Told>)> {
                Managed::exit($held, guard, why)
            }

            fn dropped<R: Cleanup>(self, guard: G, why: Why, bequest: Bequest<'_, R, $Kind>) {
                Managed::dropped($held, guard, why, bequest);
            }
        }
    };
}

guard_scope!(
    Scope,
    Sendable,
    GuardScope<F, G, X>,
    |scope| scope,
    |scope| scope,
    Held::<G, X>(PhantomData),
    Send
);
#[cfg(feature = "std")]
guard_scope!(
    LocalScope,
    ThreadBound,
    Local<GuardScope<F, G, X>>,
    Local,
    |scope: Self| scope.0,
    Local(Held::<G, X>(PhantomData))
);

impl<F, G, X> Debug for GuardScope<F, G, X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardScope").finish_non_exhaustive()
    }
}
