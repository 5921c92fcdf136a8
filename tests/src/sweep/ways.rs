//! The ways to cancel: ours, and those of foreign code.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use futures_util::future::{self, select};
use futures_util::stream::{FuturesUnordered, StreamExt};
use withal::cancel::Cancellable;
use withal::cleanup::Kind;
use withal::runtime::Runtime;
use withal::{Either, Local, await_cleanup, race, timeout, with};

use super::{Cancel, PollTimer, PollTimes, Ticks};
use crate::probe::{Failed, LocalProbe};
use crate::{Log, Probe};

/// A way to cancel a future on this thread.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// Which.
    pub how: How,
    /// Whether exits that stay on their thread are waited for as well.
    pub local: bool,
}

/// How a future is cancelled.
#[derive(Clone, Copy, Debug)]
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
#[derive(Clone, Copy, Debug)]
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
    pub fn all(rt: &impl Runtime) -> Vec<Self> {
        let all = [
            (Self::Drop, None),
            (Self::Select, None),
            (Self::Unordered, None),
            #[cfg(feature = "tokio")]
            (Self::TokioSelect, None),
            #[cfg(feature = "tokio")]
            (Self::TokioTimeout, Some("tokio")),
            #[cfg(feature = "smol")]
            (Self::Or, None),
            #[cfg(feature = "async-std")]
            (Self::AsyncStdTimeout, Some("async-std")),
        ];
        let is_there = |only: Option<&str>| only.is_none_or(|only| only == rt.id().name);
        let there = all.into_iter().filter(|(_, only)| is_there(*only));
        there.map(|(foreign, _)| foreign).collect()
    }

    /// Polls `future` `n` times and then drops it; `true` if it completed before.
    pub async fn run(self, future: impl Future<Output = ()>, n: usize) -> bool {
        match self {
            Self::Drop => PollTimes::new(future, n).await.is_some(),
            Self::Select => {
                let selected = select(Box::pin(future), Ticks(n)).await;
                matches!(selected, future::Either::Left(_))
            }
            Self::Unordered => {
                let mut set = FuturesUnordered::new();
                set.push(future);
                PollTimes::new(set.next(), n).await.is_some()
            }
            #[cfg(feature = "tokio")]
            Self::TokioSelect => tokio::select! {
                biased;
                () = future => true,
                () = Ticks(n) => false,
            },
            #[cfg(feature = "tokio")]
            Self::TokioTimeout => tokio::time::timeout(SOON, stalled_after(future, n))
                .await
                .is_ok(),
            #[cfg(feature = "smol")]
            Self::Or => {
                let completes = async {
                    future.await;
                    true
                };
                let gives_up = async {
                    Ticks(n).await;
                    false
                };
                smol::future::or(completes, gives_up).await
            }
            #[cfg(feature = "async-std")]
            Self::AsyncStdTimeout => async_std::future::timeout(SOON, stalled_after(future, n))
                .await
                .is_ok(),
        }
    }
}

/// The limit of foreign timeouts. What they run stalls, so that it is only ever too short for a
/// machine that is very slow, and then cancels a little earlier.
#[cfg(any(feature = "tokio", feature = "async-std"))]
const SOON: Duration = Duration::from_millis(1);

/// `future`, which is not polled again after `n` times.
#[cfg(any(feature = "tokio", feature = "async-std"))]
async fn stalled_after(future: impl Future<Output = ()>, n: usize) {
    let mut polls = PollTimes::new(future, n);
    let ended = Pin::new(&mut polls).await;
    if ended.is_none() {
        future::pending().await
    }
}

impl Way {
    /// Every way on `rt`.
    pub fn all(rt: &impl Runtime) -> Vec<Self> {
        let alone = Foreign::all(rt).into_iter().map(How::Alone).map(Self::from);
        Self::waiting(rt).into_iter().chain(alone).collect()
    }

    /// The ways on `rt` in which whoever cancels has waited for every cleanup.
    pub fn waiting(rt: &impl Runtime) -> Vec<Self> {
        let ours = [How::Cancel, How::Race, How::Timeout];
        let foreign = Foreign::all(rt)
            .into_iter()
            .flat_map(|foreign| [How::Awaited(foreign), How::Enclosed(foreign)]);
        ours.into_iter().chain(foreign).map(Self::from).collect()
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

impl<R: Runtime> Cancel<R> for Way {
    async fn run<F>(&self, rt: &R, log: &Log, future: F, n: usize) -> bool
    where
        F: Future<Output = ()>,
    {
        match self.how {
            How::Cancel => {
                let cancellable = Cancellable::new("sweep", future);
                if self.local {
                    poll_and_cancel(pin!(cancellable.local()), n).await
                } else {
                    poll_and_cancel(pin!(cancellable), n).await
                }
            }
            How::Race => {
                let race = race(future, Ticks(n));
                let winner = if self.local {
                    race.local().await
                } else {
                    race.await
                };
                matches!(winner, Either::Left(()))
            }
            How::Timeout => {
                let timeout = timeout(&PollTimer, Duration::from_nanos(n as u64), future);
                if self.local {
                    timeout.local().await.is_ok()
                } else {
                    timeout.await.is_ok()
                }
            }
            How::Awaited(foreign) => {
                let awaited = await_cleanup(foreign.run(future, n));
                if self.local {
                    awaited.local().await
                } else {
                    awaited.await
                }
            }
            How::Enclosed(foreign) => {
                let probe = Probe::new(log, "outer");
                let dropped = foreign.run(future, n);
                let completed = if self.local {
                    let scope = Local(LocalProbe::new(probe));
                    with(rt, scope, async |_| Ok::<_, Failed>(dropped.await)).await
                } else {
                    with(rt, probe, async |_| Ok::<_, Failed>(dropped.await)).await
                };
                assert_eq!(
                    log.events().last().map(String::as_str),
                    Some("-outer"),
                    "{log:?}"
                );
                completed.unwrap()
            }
            How::Alone(foreign) => foreign.run(future, n).await,
        }
    }

    fn waits(&self) -> bool {
        !matches!(self.how, How::Alone(_))
    }

    fn name(&self) -> String {
        format!("{:?}", self.how)
    }
}

async fn poll_and_cancel<F, K>(mut cancellable: Pin<&mut Cancellable<F, K>>, n: usize) -> bool
where
    F: Future<Output = ()>,
    K: Kind,
{
    let mut left = n;
    let completed = poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        match cancellable.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(true),
            Poll::Pending if left == 0 => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    })
    .await;
    poll_fn(|cx| cancellable.as_mut().poll_cancel(cx)).await;
    completed
}
