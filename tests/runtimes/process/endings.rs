//! `run`: the order in which a program ends.

#[cfg(any(feature = "tokio", feature = "async-std", feature = "smol"))]
macro_rules! endings {
    ($flavour:ident, $entry:expr) => {
        mod $flavour {
            use std::future::pending;
            use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
            use std::pin::Pin;
            use std::sync::mpsc::channel;
            use std::time::Duration;

            use withal::runtime::{Runtime, Timer};
            use withal::sync::CancelToken;
            use withal::{
                BlockingContext, RunOptions, run, run_with, shield, spawn, unblock, with,
            };
            use withal_tests::foreign::begun;
            use withal_tests::log::PATIENCE;
            use withal_tests::reports::{Reports, unique};
            use withal_tests::{Act, Log};

            use crate::turn;

            type Never = Result<(), String>;

            async fn on_thread<F: Future>(rt: &impl Runtime, log: &Log, work: F) -> Pin<Box<F>> {
                let mut work = Box::pin(work);
                assert!(futures_util::poll!(work.as_mut()).is_pending());
                log.seen(rt, "thread").await;
                work
            }

            fn until_asked(cx: &BlockingContext<impl Runtime>) {
                assert!(cx.block_on(pending::<()>()).is_err());
            }

            // TC-15, FH-8
            #[test]
            fn what_is_left_ends_in_order() {
                let _turn = turn();
                let (log, entry) = (Log::new(), $entry);
                let ran = run(&entry, async |rt| {
                    let of_work = log.clone();
                    let work = unblock(rt, move |cx| {
                        of_work.push("thread");
                        until_asked(cx);
                        let reason = cx.check().unwrap_err().reason;
                        of_work.push(format_args!("{:?}", reason.kind()));
                    });
                    // Leaked, so that nobody but the end of the program asks.
                    std::mem::forget(on_thread(rt, &log, work).await);
                    let (own_rt, of_task) = (rt.clone(), log.clone());
                    spawn(rt, async move {
                        let task = Act::new(&of_task, "task");
                        let never = async |_: &mut ()| pending::<Never>().await;
                        let _ended = with(&own_rt, task, never).await;
                    })
                    .detach();
                    log.seen(rt, "+task").await;
                    // It needs a thread after the task has ended.
                    let (own_rt, of_cleanup) = (rt.clone(), log.clone());
                    drop(begun(shield(rt, PATIENCE, async move {
                        of_cleanup
                            .when(|it| it.contains(&"-task:cancelled".to_owned()))
                            .await;
                        let saved = unblock(&own_rt, move |cx| {
                            assert!(!cx.is_cancelled());
                            of_cleanup.push("saved");
                        });
                        saved.await.unwrap();
                    })));
                    log.push("main");
                    7
                });
                log.push("returned");
                assert_eq!(ran.output, 7);
                assert!(ran.is_clean() && ran.reason.is_none(), "{ran:?}");
                assert_eq!(ran.tasks.ended.len(), 1, "{}", ran.tasks);
                assert_eq!(ran.blocking.ended.len(), 1, "{}", ran.blocking);
                log.assert("thread +task main -task:cancelled saved Shutdown returned");
            }

            // TC-15, TC-8: the thread that nobody waits for any more is waited for at the end.
            #[test]
            fn abandoned_work_is_waited_for() {
                let _turn = turn();
                let (log, entry) = (Log::new(), $entry);
                let ran = run(&entry, async |rt| {
                    let of_work = log.clone();
                    let (rt_of_work, limit) = (rt.clone(), PATIENCE);
                    let work = unblock(rt, move |cx| {
                        of_work.push("thread");
                        until_asked(cx);
                        // It still has its runtime.
                        let late = async move {
                            let pause = rt_of_work.sleep(Duration::from_millis(2));
                            shield(&rt_of_work, limit, pause).await
                        };
                        cx.block_on(late).unwrap().unwrap();
                        of_work.push("ended");
                    });
                    drop(on_thread(rt, &log, work).await);
                });
                log.push("returned");
                assert!(ran.is_clean(), "{ran:?}");
                assert!(ran.blocking.ended.len() <= 1, "{}", ran.blocking);
                log.assert("thread ended returned");
            }

            // TC-15, TC-9, K9: liveness wins, and the report says what was left.
            #[test]
            fn work_and_tasks_that_are_stuck_are_left_and_reported() {
                let _turn = turn();
                let (log, entry, reports) = (Log::new(), $entry, Reports::begin());
                let (open, gate) = channel::<()>();
                let options = RunOptions::new().budget(Duration::from_millis(7));
                let ran = run_with(&entry, options, async |rt| {
                    let of_work = log.clone();
                    let work = unblock(rt, move |_| {
                        of_work.push("thread");
                        gate.recv_timeout(PATIENCE).unwrap();
                        of_work.push("ended");
                    });
                    drop(on_thread(rt, &log, work).await);
                    let (own_rt, of_task) = (rt.clone(), log.clone());
                    spawn(rt, async move {
                        let task = Act::new(&of_task, "task").exit_waits_for("go");
                        let never = async |_: &mut ()| pending::<Never>().await;
                        let _ended = with(&own_rt, task, never).await;
                    })
                    .detach();
                    log.seen(rt, "+task").await;
                });
                log.push("returned");
                assert!(!ran.is_clean() && ran.output.is_some(), "{ran:?}");
                assert_eq!(ran.blocking.running.len(), 1, "{}", ran.blocking);
                assert_eq!(ran.tasks.running.len(), 1, "{}", ran.tasks);
                assert_eq!(reports.count("still running 7ms after"), 2);
                log.assert("thread +task returned");
                // A later end finds them where they are.
                log.push("go");
                open.send(()).unwrap();
                let ran = run(&entry, async |rt| {
                    log.seen(rt, "-task:cancelled").await;
                    log.seen(rt, "ended").await;
                });
                assert!(ran.is_clean(), "{ran:?}");
            }

            // TC-15, K11
            #[test]
            fn a_panic_of_main_goes_on_after_everything() {
                let _turn = turn();
                let (log, entry) = (Log::new(), $entry);
                let panicked = catch_unwind(AssertUnwindSafe(|| {
                    let _ran = run(&entry, async |rt| {
                        let (of_work, own_rt) = (log.clone(), rt.clone());
                        let work = unblock(rt, move |cx| {
                            of_work.push("thread");
                            until_asked(cx);
                            of_work.push("ended");
                        });
                        let _work = on_thread(rt, &log, work).await;
                        let of_task = log.clone();
                        spawn(rt, async move {
                            let task = Act::new(&of_task, "task");
                            let never = async |_: &mut ()| pending::<Never>().await;
                            let _ended = with(&own_rt, task, never).await;
                        })
                        .detach();
                        log.seen(rt, "+task").await;
                        panic_any("main");
                    });
                }));
                let payload = panicked.unwrap_err();
                assert_eq!(payload.downcast_ref::<&str>(), Some(&"main"));
                let ended = log.has("-task:cancelled") && log.has("ended");
                assert!(ended, "{}", log.trace());
            }

            // TC-15: what goes wrong on the way is reported, and main's value stays.
            #[test]
            fn what_fails_at_the_end_does_not_change_the_output() {
                let _turn = turn();
                let (log, entry, reports) = (Log::new(), $entry, Reports::begin());
                let (of_work, of_task) = (unique("work"), unique("task"));
                let (work_panics, task_panics) = (of_work.clone(), of_task.clone());
                let ran = run(&entry, async |rt| {
                    let thread = log.clone();
                    let work = unblock(rt, move |cx| {
                        thread.push("thread");
                        until_asked(cx);
                        panic_any(work_panics);
                    });
                    drop(on_thread(rt, &log, work).await);
                    let (own_rt, of_task) = (rt.clone(), log.clone());
                    spawn(rt, async move {
                        let task =
                            Act::new(&of_task, "task").exit(async { panic_any(task_panics) });
                        let never = async |_: &mut ()| pending::<Never>().await;
                        let _ended = with(&own_rt, task, never).await;
                    })
                    .detach();
                    log.seen(rt, "+task").await;
                    7
                });
                assert_eq!(ran.output, 7);
                assert_eq!((reports.count(&of_work), reports.count(&of_task)), (1, 1));
            }

            // TC-15, TC-3: the first step of two: main ends by itself.
            #[test]
            fn a_main_that_is_asked_ends_when_it_likes() {
                let _turn = turn();
                let (entry, ask) = ($entry, CancelToken::new());
                let options = RunOptions::new().token(&ask).grace(PATIENCE);
                let ran = run_with(&entry, options, async |rt| {
                    ask.cancel_with("Ctrl-C");
                    ask.cancelled().await;
                    rt.sleep(Duration::from_millis(2)).await;
                    7
                });
                assert_eq!(ran.output, Some(7));
                assert_eq!(ran.reason.as_ref().unwrap().text(), Some("Ctrl-C"));
                assert!(ran.is_clean(), "{ran:?}");
            }

            // TC-15, TC-6: the second: it is dropped, and its scopes are exited, inner before outer.
            #[test]
            fn a_main_that_is_forced_is_dropped_and_cleaned_up() {
                let _turn = turn();
                for by_grace in [true, false] {
                    let (log, entry) = (Log::new(), $entry);
                    let (ask, force) = (CancelToken::new(), CancelToken::new());
                    let mut options = RunOptions::new().token(&ask).force(&force);
                    if by_grace {
                        options = options.grace(Duration::from_millis(1));
                    }
                    let ran = run_with(&entry, options, async |rt| {
                        let a = Act::new(&log, "a").exit(rt.sleep(Duration::from_millis(2)));
                        let a = with(rt, a, async |_| {
                            let b = Act::new(&log, "b").exit(rt.sleep(Duration::from_millis(2)));
                            let b = with(rt, b, async |_| {
                                ask.cancel_with("first");
                                if !by_grace {
                                    force.cancel_with("second");
                                }
                                pending::<Never>().await
                            });
                            b.await.map_err(|error| error.to_string())
                        });
                        let _ended = a.await;
                    });
                    assert_eq!(ran.output, None);
                    assert_eq!(ran.reason.as_ref().unwrap().text(), Some("first"));
                    assert!(ran.is_clean(), "{ran:?}");
                    log.assert("+a +b -b:cancelled -a:cancelled");
                }
            }

            // TC-15: another that runs on the same runtime keeps what is its own.
            #[test]
            fn a_run_in_a_run_ends_only_its_own() {
                let _turn = turn();
                let (log, entry) = (Log::new(), $entry);
                let inner = $entry;
                let ran = run(&entry, async |rt| {
                    let (of_work, of_task) = (log.clone(), log.clone());
                    let work = unblock(rt, move |cx| {
                        of_work.push("thread");
                        let ran = run(&inner, async |_| of_work.push("inner"));
                        assert!(ran.is_clean(), "{ran:?}");
                        assert!(!cx.is_cancelled());
                    });
                    spawn(rt, async move {
                        of_task.when(|it| it.contains(&"go".to_owned())).await;
                        of_task.push("task");
                    })
                    .detach();
                    work.await.unwrap();
                    log.push("go");
                    log.seen(rt, "task").await;
                });
                assert!(ran.is_clean(), "{ran:?}");
                log.assert("thread inner go task");
            }

            // TC-9, TC-10: its runtime is driven by nobody, or gone; nothing hangs.
            #[test]
            fn work_that_outlives_its_run_still_ends() {
                let _turn = turn();
                let (log, entry) = (Log::new(), $entry);
                let (open, gate) = channel::<()>();
                let options = RunOptions::new().budget(Duration::ZERO);
                let ran = run_with(&entry, options, async |rt| {
                    let of_work = log.clone();
                    let work = unblock(rt, move |cx| {
                        of_work.push("thread");
                        gate.recv_timeout(PATIENCE).unwrap();
                        let _ended = cx.block_on(pending::<()>());
                        of_work.push("ended");
                    });
                    drop(on_thread(rt, &log, work).await);
                });
                assert_eq!(ran.blocking.running.len(), 1, "{}", ran.blocking);
                open.send(()).unwrap();
                // A runtime that is dropped here waits for the thread.
                drop(Box::new(entry));
                withal_tests::foreign::block_on(log.when(|it| it.contains(&"ended".to_owned())));
            }
        }
    };
}

#[cfg(feature = "async-std")]
endings!(async_std, withal::async_std::AsyncStdRuntime::new());
#[cfg(feature = "smol")]
endings!(smol_global, withal::smol::SmolRuntime::global());
#[cfg(feature = "tokio")]
endings!(
    tokio_current_thread,
    withal::tokio::TokioMain::current_thread().unwrap()
);
#[cfg(feature = "tokio")]
endings!(
    tokio_multi_thread,
    withal::tokio::TokioMain::multi_thread().unwrap()
);
