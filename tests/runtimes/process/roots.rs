//! `run`: what is left when `main` has ended.

#[cfg(any(feature = "tokio", feature = "async-std", feature = "smol"))]
macro_rules! roots {
    ($flavour:ident, $entry:expr) => {
        mod $flavour {
            use std::future::pending;
            use std::panic::{AssertUnwindSafe, catch_unwind};
            use std::time::Duration;

            use futures_util::StreamExt;
            use withal::runtime::Timer;
            use withal::{RunOptions, generator, run, run_with, with};
            use withal_tests::foreign::begun;
            use withal_tests::{Act, Log};

            use crate::turn;

            // K6
            #[test]
            fn run_ends_with_a_drain() {
                let _turn = turn();
                let log = Log::new();
                let entry = $entry;
                let ran = run(&entry, async |rt| {
                    let a = Act::new(&log, "a").exit(rt.sleep(Duration::from_millis(5)));
                    let never = async |_: &mut ()| pending::<Result<(), String>>().await;
                    drop(begun(with(rt, a, never)));
                    log.push("main-returned");
                    7
                });
                assert_eq!(ran.output, 7);
                assert!(ran.cleanup.is_clean(), "{}", ran.cleanup);
                assert_eq!(ran.cleanup.finished.len(), 1, "{}", ran.cleanup);
                log.assert("+a main-returned -a:cancelled");
            }

            // FH-8, FH-7, K6: its timers work, so the runtime is still there.
            #[test]
            fn a_generator_that_main_leaves_open_is_cleaned_up_by_the_drain() {
                let _turn = turn();
                let log = Log::new();
                let entry = $entry;
                let ran = run(&entry, async |rt| {
                    let mut items = Box::pin(generator(async |y| {
                        let a = Act::new(&log, "a").exit(rt.sleep(Duration::from_millis(5)));
                        let a = with(rt, a, async |_| {
                            y.yield_(1).await;
                            Ok::<_, String>(())
                        });
                        a.await.unwrap();
                    }));
                    let first = items.next().await;
                    log.push("main-returned");
                    first
                });
                log.push("run-returned");
                assert_eq!(ran.output, Some(1));
                assert_eq!(ran.cleanup.finished.len(), 1, "{}", ran.cleanup);
                log.assert("+a main-returned -a:cancelled run-returned");
            }

            // K6, K11
            #[test]
            fn a_panic_of_main_goes_on_after_the_drain() {
                let _turn = turn();
                let log = Log::new();
                let entry = $entry;
                let panicked = catch_unwind(AssertUnwindSafe(|| {
                    let _ran = run(&entry, async |rt| {
                        let a = Act::new(&log, "a").exit(rt.sleep(Duration::from_millis(5)));
                        with(rt, a, async |_| {
                            let b = Act::new(&log, "b").exit(rt.sleep(Duration::from_millis(5)));
                            let _b =
                                begun(with(rt, b, async |_| pending::<Result<(), String>>().await));
                            if log.has("+b") {
                                panic!("main");
                            }
                            Ok::<_, String>(())
                        })
                        .await
                        .unwrap();
                    });
                }));
                let payload = panicked.unwrap_err();
                assert_eq!(payload.downcast_ref::<&str>(), Some(&"main"));
                log.assert("+a +b -b:cancelled -a:panicked");
            }

            // K6, K9
            #[test]
            fn what_does_not_end_within_the_grace_is_in_the_report() {
                let _turn = turn();
                let log = Log::new();
                // With its runtime it becomes an orphan, or goes on; another run finishes it.
                let options = RunOptions::new().budget(Duration::from_millis(5));
                let ran = run_with(&$entry, options, async |rt| {
                    let a = Act::new(&log, "a").exit_waits_for("go");
                    let never = async |_: &mut ()| pending::<Result<(), String>>().await;
                    drop(begun(with(rt, a, never)));
                });
                let report = &ran.cleanup;
                assert_eq!(report.pending.len() + report.abandoned.len(), 1, "{report}");
                log.push("go");
                let ran = run(&$entry, async |rt| log.seen(rt, "+a").await);
                assert!(ran.cleanup.is_clean(), "{}", ran.cleanup);
                log.assert("+a go -a:cancelled");
            }

            // K13: `run` inside of a drop that is collected is nobody's body.
            #[test]
            fn run_is_nobodys_body() {
                let _turn = turn();
                let log = Log::new();
                let entry = $entry;
                let rt = withal::runtime::NoExecutor::new();
                let outer = with(&rt, Act::new(&log, "outer"), async |_| {
                    let ran = run(&entry, async |rt| {
                        let a = Act::new(&log, "a").exit(rt.sleep(Duration::from_millis(2)));
                        let never = async |_: &mut ()| pending::<Result<(), String>>().await;
                        drop(begun(with(rt, a, never)));
                    });
                    // The drain of this very run found it, not the scope around it.
                    assert_eq!(ran.cleanup.finished.len(), 1, "{}", ran.cleanup);
                    log.push("ran");
                    Ok::<_, String>(())
                });
                withal_tests::foreign::block_on(outer).unwrap();
                log.assert("+outer +a -a:cancelled ran -outer");
            }
        }
    };
}

#[cfg(feature = "async-std")]
roots!(async_std, withal::async_std::AsyncStdRuntime::new());
#[cfg(feature = "smol")]
roots!(smol_global, withal::smol::SmolRuntime::global());
#[cfg(feature = "tokio")]
roots!(
    tokio_current_thread,
    withal::tokio::TokioMain::current_thread().unwrap()
);
#[cfg(feature = "tokio")]
roots!(
    tokio_multi_thread,
    withal::tokio::TokioMain::multi_thread().unwrap()
);
