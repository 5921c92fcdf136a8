//! The ways to cancel: ours, and those of foreign code.

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use futures_util::future::{FutureExt, LocalBoxFuture, select};
use futures_util::stream::{FuturesUnordered, StreamExt};
use withal::cancel::Cancellable;
use withal::cleanup::Kind;
use withal::runtime::Cleanup;
use withal::{
    ExitReason, HandOver, Local, LocalScope, Scope, await_cleanup, either, timeout, with,
};

use super::{Followed, Scenario};

/// A way to cancel. Implement it for a combinator of your own, and give it to
/// [`Sweep::way`](super::Sweep::way).
pub trait Cancel<R> {
    /// Polls `scenario` until it is [reached](Scenario::reached), and then cancels it; or to its
    /// end.
    fn run<'a>(&'a self, rt: &'a Followed<R>, scenario: Scenario<'a>) -> LocalBoxFuture<'a, ()>;

    /// Whether every scope of the scenario has ended when [`run`](Self::run) has.
    fn waits(&self) -> bool;

    /// What it is called, such as `select`.
    fn name(&self) -> String;

    /// Whether the scenario shall also panic under it.
    fn panics(&self) -> bool {
        false
    }

    /// Whether the runtime is gone when [`run`](Self::run) has ended: cleanups that need it may then
    /// be reported instead of run.
    fn shuts_down(&self) -> bool {
        false
    }
}

/// A way to cancel a future where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Which.
    pub how: How,
    /// Whether exits that stay on their thread are waited for as well.
    pub local: bool,
}

/// How a future is cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum How {
    /// By `Cancellable`, under all our combinators; whatever it is doing.
    Cancel,
    /// By losing our race.
    Race,
    /// By our timeout.
    Timeout,
    /// By foreign code, inside of `await_cleanup`.
    Awaited(Foreign),
    /// By foreign code, inside of a scope's body.
    Enclosed(Foreign),
    /// By foreign code, with nothing of ours around it.
    Alone(Foreign),
}

/// Foreign code that drops futures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Foreign {
    /// A plain drop.
    Drop,
    /// `futures_util::future::select`.
    Select,
    /// `FuturesUnordered`.
    Unordered,
    /// `tokio::select!`.
    #[cfg(feature = "tokio")]
    TokioSelect,
    /// `tokio::time::timeout`.
    #[cfg(feature = "tokio")]
    TokioTimeout,
    /// `smol::future::or`.
    #[cfg(feature = "smol")]
    Or,
    /// `async_std::future::timeout`.
    #[cfg(feature = "async-std")]
    AsyncStdTimeout,
}

impl Foreign {
    /// All there is on `rt`.
    pub fn all(rt: &impl Cleanup) -> Vec<Self> {
        let all = [
            Self::Drop,
            Self::Select,
            Self::Unordered,
            #[cfg(feature = "tokio")]
            Self::TokioSelect,
            #[cfg(feature = "tokio")]
            Self::TokioTimeout,
            #[cfg(feature = "smol")]
            Self::Or,
            #[cfg(feature = "async-std")]
            Self::AsyncStdTimeout,
        ];
        let runtime = rt.id().name;
        all.into_iter()
            .filter(|foreign| foreign.needs().is_none_or(|needed| needed == runtime))
            .collect()
    }

    /// The runtime that it does not work without.
    fn needs(self) -> Option<&'static str> {
        match self {
            #[cfg(feature = "tokio")]
            Self::TokioTimeout => Some("tokio"),
            #[cfg(feature = "async-std")]
            Self::AsyncStdTimeout => Some("async-std"),
            _ => None,
        }
    }

    /// Polls `scenario` until it is reached, and then drops it.
    async fn run(self, scenario: Scenario<'_>) {
        let mut reached = scenario.reached();
        match self {
            Self::Drop => poll_or_drop(scenario, &mut reached).await,
            Self::Select => drop(select(reached, scenario).await),
            Self::Unordered => {
                let mut set = FuturesUnordered::new();
                set.push(scenario);
                poll_or_drop(
                    async move { set.next().await.unwrap_or_default() },
                    &mut reached,
                )
                .await;
            }
            #[cfg(feature = "tokio")]
            Self::TokioSelect => tokio::select! {
                biased;
                () = reached => {}
                () = scenario => {}
            },
            #[cfg(feature = "tokio")]
            Self::TokioTimeout => {
                let _elapsed = tokio::time::timeout(SOON, scenario.stalls()).await;
            }
            #[cfg(feature = "smol")]
            Self::Or => smol::future::or(reached, scenario).await,
            #[cfg(feature = "async-std")]
            Self::AsyncStdTimeout => {
                let _elapsed = async_std::future::timeout(SOON, scenario.stalls()).await;
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Drop => "a drop",
            Self::Select => "select",
            Self::Unordered => "FuturesUnordered",
            #[cfg(feature = "tokio")]
            Self::TokioSelect => "tokio::select!",
            #[cfg(feature = "tokio")]
            Self::TokioTimeout => "tokio::time::timeout",
            #[cfg(feature = "smol")]
            Self::Or => "smol::future::or",
            #[cfg(feature = "async-std")]
            Self::AsyncStdTimeout => "async_std::future::timeout",
        }
    }
}

/// The limit of foreign timeouts, which have a clock of their own. A scenario that is reached
/// stalls, so this is only ever too short for a machine that is very slow, and then cancels a
/// little earlier.
#[cfg(any(feature = "tokio", feature = "async-std"))]
const SOON: Duration = Duration::from_millis(1);

/// Polls `future` until it ends or `reached` does, and drops it.
async fn poll_or_drop(
    future: impl Future<Output = ()>,
    mut reached: impl Future<Output = ()> + Unpin,
) {
    let mut future = Box::pin(future);
    poll_fn(|cx| {
        if Pin::new(&mut reached).poll(cx).is_ready() {
            return Poll::Ready(());
        }
        future.as_mut().poll(cx)
    })
    .await;
}

impl Way {
    /// Every way on `rt`.
    pub fn all(rt: &impl Cleanup) -> Vec<Self> {
        let alone = Self::alone(rt);
        Self::waiting(rt).into_iter().chain(alone).collect()
    }

    /// The ways on `rt` in which whoever cancels has waited for every cleanup.
    pub fn waiting(rt: &impl Cleanup) -> Vec<Self> {
        let ours = [How::Cancel, How::Race, How::Timeout];
        let foreign = Foreign::all(rt)
            .into_iter()
            .flat_map(|foreign| [How::Awaited(foreign), How::Enclosed(foreign)]);
        ours.into_iter().chain(foreign).map(Self::from).collect()
    }

    /// The ways on `rt` with nothing of ours around.
    pub fn alone(rt: &impl Cleanup) -> Vec<Self> {
        let foreign = Foreign::all(rt).into_iter();
        foreign.map(How::Alone).map(Self::from).collect()
    }

    /// The same way, for exits that stay on their thread.
    pub fn local(mut self) -> Self {
        self.local = true;
        self
    }
}

impl From<How> for Way {
    fn from(how: How) -> Self {
        Self { how, local: false }
    }
}

/// Calls `.local()` on a combinator, or does not, and waits for it.
macro_rules! await_local_if {
    ($local:expr, $combinator:expr) => {{
        let combinator = $combinator;
        if $local {
            let _ended = combinator.local().await;
        } else {
            let _ended = combinator.await;
        }
    }};
}

impl Way {
    async fn cancel<R: Cleanup>(self, rt: &Followed<R>, scenario: Scenario<'_>) {
        let reached = scenario.reached();
        match self.how {
            How::Cancel => {
                let cancellable = Cancellable::new("cancel", scenario);
                if self.local {
                    poll_and_cancel(pin!(cancellable.local()), reached).await;
                } else {
                    poll_and_cancel(pin!(cancellable), reached).await;
                }
            }
            How::Race => await_local_if!(self.local, either(reached, scenario)),
            How::Timeout => {
                let timer = scenario.timer();
                await_local_if!(self.local, timeout(&timer, Duration::MAX, scenario));
            }
            How::Awaited(foreign) => {
                await_local_if!(self.local, await_cleanup(foreign.run(scenario)));
            }
            How::Enclosed(foreign) => {
                let dropped = async || {
                    foreign.run(scenario).await;
                    Ok::<_, Infallible>(())
                };
                let ended = if self.local {
                    with(rt, Local(Outer), async |()| dropped().await).await
                } else {
                    with(rt, Outer, async |()| dropped().await).await
                };
                match ended {
                    Ok(()) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            How::Alone(foreign) => foreign.run(scenario).await,
        }
    }
}

impl<R: Cleanup> Cancel<R> for Way {
    fn run<'a>(&'a self, rt: &'a Followed<R>, scenario: Scenario<'a>) -> LocalBoxFuture<'a, ()> {
        self.cancel(rt, scenario).boxed_local()
    }

    fn waits(&self) -> bool {
        !matches!(self.how, How::Alone(_))
    }

    fn name(&self) -> String {
        self.to_string()
    }

    fn panics(&self) -> bool {
        match self.how {
            How::Cancel | How::Race | How::Timeout => true,
            How::Awaited(foreign) | How::Enclosed(foreign) | How::Alone(foreign) => {
                foreign == Foreign::Drop
            }
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.how {
            How::Cancel => f.write_str("cancel"),
            How::Race => f.write_str("race"),
            How::Timeout => f.write_str("timeout"),
            How::Awaited(foreign) => write!(f, "{} in await_cleanup", foreign.name()),
            How::Enclosed(foreign) => write!(f, "{} in a scope", foreign.name()),
            How::Alone(foreign) => f.write_str(foreign.name()),
        }
    }
}

/// The scope around the scenario.
struct Outer;

macro_rules! outer {
    ($Scope:ident) => {
        impl $Scope for Outer {
            type Resource = ();
            type Error = Infallible;
            type OnDrop = HandOver;

            async fn enter(&mut self) -> Result<(), Infallible> {
                Ok(())
            }

            async fn exit(self, (): (), _: ExitReason<'_>) -> Result<(), Infallible> {
                Ok(())
            }
        }
    };
}

outer!(Scope);
outer!(LocalScope);

async fn poll_and_cancel<F, K>(
    mut cancellable: Pin<&mut Cancellable<F, K>>,
    mut reached: impl Future<Output = ()> + Unpin,
) where
    F: Future<Output = ()>,
    K: Kind,
{
    poll_fn(|cx| {
        if Pin::new(&mut reached).poll(cx).is_ready() {
            return Poll::Ready(());
        }
        cancellable.as_mut().poll(cx)
    })
    .await;
    poll_fn(|cx| cancellable.as_mut().poll_cancel(cx)).await;
}
