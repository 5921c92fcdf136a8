//! Combinators that drop what they were given, without waiting for it.

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;

use futures_util::future::{FutureExt, abortable, select};
use futures_util::stream::{self, FuturesOrdered, FuturesUnordered, StreamExt};
use tokio::runtime::{Builder, Runtime};
use tower::{Service, ServiceExt, service_fn};
use withal::tokio::TokioRuntime;
use withal::{Either, await_cleanup, cancel, either, with};
use withal_tests::poll::yields;
use withal_tests::{Act, Log};

use super::work;

type Work<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Short enough for a test, and nothing depends on how long it is.
const SOON: Duration = Duration::from_millis(1);

/// What gives up its work.
#[derive(Clone, Copy, Debug)]
enum Foreign {
    Select,
    TokioSelect,
    TokioTimeout,
    TowerTimeout,
    Abortable,
    NowOrNever,
    Unordered,
    Ordered,
    Buffered,
    TakeUntil,
    #[cfg(feature = "smol")]
    SmolOr,
    #[cfg(feature = "async-std")]
    AsyncStdTimeout,
}

const ALL: &[Foreign] = &[
    Foreign::Select,
    Foreign::TokioSelect,
    Foreign::TokioTimeout,
    Foreign::TowerTimeout,
    Foreign::Abortable,
    Foreign::NowOrNever,
    Foreign::Unordered,
    Foreign::Ordered,
    Foreign::Buffered,
    Foreign::TakeUntil,
    #[cfg(feature = "smol")]
    Foreign::SmolOr,
    #[cfg(feature = "async-std")]
    Foreign::AsyncStdTimeout,
];

impl Foreign {
    /// Begins `work`, and gives it up.
    async fn gives_up(self, work: Work<'_>) {
        match self {
            Self::Select => drop(select(work, pin!(yields(2))).await),
            Self::TokioSelect => tokio::select! {
                biased;
                () = work => unreachable!("it never ends"),
                () = yields(2) => {}
            },
            Self::TokioTimeout => assert!(tokio::time::timeout(SOON, work).await.is_err()),
            Self::TowerTimeout => {
                let mut work = Some(work);
                // A service makes the future of each call; this one serves one call.
                let service = service_fn(|()| {
                    let work = work.take();
                    async {
                        work.expect("one call").await;
                        Ok::<_, Infallible>(())
                    }
                });
                let mut limited = tower::timeout::Timeout::new(service, SOON);
                let called = limited.ready().await.unwrap().call(());
                assert!(
                    called
                        .await
                        .unwrap_err()
                        .is::<tower::timeout::error::Elapsed>()
                );
            }
            Self::Abortable => {
                let (work, handle) = abortable(work);
                let aborts = async {
                    yields(2).await;
                    handle.abort();
                };
                assert!(futures_util::join!(work, aborts).0.is_err());
            }
            Self::NowOrNever => assert_eq!(work.now_or_never(), None),
            Self::Unordered => {
                let mut set: FuturesUnordered<_> = [work].into_iter().collect();
                assert_eq!(set.next().now_or_never(), None);
            }
            Self::Ordered => {
                let mut set: FuturesOrdered<_> = [work].into_iter().collect();
                assert_eq!(set.next().now_or_never(), None);
            }
            Self::Buffered => {
                let mut jobs = stream::iter([work]).buffer_unordered(2);
                assert_eq!(jobs.next().now_or_never(), None);
            }
            Self::TakeUntil => {
                let mut ended = pin!(stream::once(work).take_until(yields(2)));
                assert_eq!(ended.next().await, None);
                // The adapter keeps what it takes no more of.
                ended.set(stream::once(Box::pin(yields(0)) as Work<'_>).take_until(yields(2)));
            }
            #[cfg(feature = "smol")]
            Self::SmolOr => smol::future::or(work, yields(2)).await,
            #[cfg(feature = "async-std")]
            Self::AsyncStdTimeout => {
                assert!(async_std::future::timeout(SOON, work).await.is_err());
            }
        }
    }
}

fn tokio_runtime() -> (Runtime, TokioRuntime) {
    let tokio = Builder::new_current_thread().enable_all().build().unwrap();
    let rt = TokioRuntime::new(tokio.handle().clone());
    (tokio, rt)
}

// K3: they return at once, and the scope around them waits. The exit of b needs that they have
// returned: did one of them wait, it would wait for ever.
#[test]
fn foreign_combinators_return_at_once_and_the_enclosing_scope_waits() {
    for foreign in ALL {
        let (log, (tokio, rt)) = (Log::new(), tokio_runtime());
        tokio.block_on(async {
            let a = with(&rt, Act::new(&log, "a"), async |()| {
                let work = work(&rt, &log, "gave-up");
                foreign.gives_up(Box::pin(work)).await;
                log.push("gave-up");
                Ok::<_, String>(())
            });
            a.await.unwrap();
        });
        assert_eq!(log.trace(), "+a +b gave-up -b:cancelled -a", "{foreign:?}");
    }
}

// K1, K3: and inside of `await_cleanup`, so do they.
#[test]
fn foreign_combinators_are_made_to_wait() {
    for foreign in ALL {
        let (log, (tokio, rt)) = (Log::new(), tokio_runtime());
        tokio.block_on(async {
            let work = work(&rt, &log, "+b");
            await_cleanup(foreign.gives_up(Box::pin(work))).await;
            log.push("gave-up");
        });
        assert_eq!(log.trace(), "+b -b:cancelled gave-up", "{foreign:?}");
    }
}

// K2, K6: with nothing around them, the executor runs the exit, and a drain sees its end.
#[test]
fn foreign_combinators_outside_of_every_scope_leave_it_to_the_executor() {
    for foreign in ALL {
        let (log, (tokio, rt)) = (Log::new(), tokio_runtime());
        tokio.block_on(async {
            let work = work(&rt, &log, "gave-up");
            foreign.gives_up(Box::pin(work)).await;
            log.push("gave-up");
            log.seen(&rt, "-b:cancelled").await;
        });
        assert_eq!(log.trace(), "+b gave-up -b:cancelled", "{foreign:?}");
    }
}

// K1, K3: one of ours around one of theirs waits for both.
#[test]
fn a_combinator_of_ours_waits_for_what_one_of_theirs_dropped() {
    for foreign in ALL {
        let (log, (tokio, rt)) = (Log::new(), tokio_runtime());
        tokio.block_on(async {
            let given_up = async {
                foreign.gives_up(Box::pin(work(&rt, &log, "ours"))).await;
                std::future::pending::<()>().await;
            };
            let ours = async {
                log.seen(&rt, "+b").await;
                yields(5).await;
                log.push("ours");
            };
            assert_eq!(either(given_up, ours).await, Either::Right(()));
            log.push("returned");
        });
        assert_eq!(log.trace(), "+b ours -b:cancelled returned", "{foreign:?}");
    }
}

// K1, K14: cancelled before they have given up, what they hold is awaited.
#[test]
fn a_foreign_combinator_that_is_cancelled_is_awaited() {
    for foreign in ALL {
        let (log, (tokio, rt)) = (Log::new(), tokio_runtime());
        tokio.block_on(async {
            let mut given_up = Box::pin(foreign.gives_up(Box::pin(work(&rt, &log, "+b"))));
            let _ = futures_util::poll!(given_up.as_mut());
            cancel(given_up).await;
            log.push("returned");
        });
        let trace = log.trace();
        // What gives up in its first poll does so outside of the cancel, and is nobody's.
        let outside = matches!(
            foreign,
            Foreign::NowOrNever | Foreign::Unordered | Foreign::Ordered | Foreign::Buffered
        );
        if outside {
            assert_eq!(log.count("+"), 1, "{foreign:?}: {trace}");
        } else {
            assert_eq!(trace, "+b -b:cancelled returned", "{foreign:?}");
        }
    }
}
