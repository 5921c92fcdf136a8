//! The rules of [`current`], in their order.

use super::current;

/// A default can be installed once a process, so the case that needs its absence and the one that
/// installs it are one test.
#[test]
fn features_answer_nothing_and_the_default_is_the_last_resort() {
    let error = current().unwrap_err().to_string();
    for fix in ["withal::run", "withal::install_default", "feature"] {
        assert!(error.contains(fix), "{error}");
    }
    #[cfg(all(feature = "tokio", feature = "async-std", feature = "smol"))]
    runtimes::the_default_is_the_last_resort();
}

#[cfg(all(feature = "tokio", feature = "async-std", feature = "smol"))]
mod runtimes {
    use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
    use std::thread;
    use std::time::Duration;

    use ::tokio::runtime::{Builder, Runtime};

    use super::super::{CurrentRuntime, current, driving, install_default};
    use crate::async_std::AsyncStdRuntime;
    use crate::runtime::{Blocking, Cleanup, RuntimeId, Spawn, Timer};
    use crate::smol::SmolRuntime;
    use crate::tokio::TokioRuntime;

    pub(super) fn the_default_is_the_last_resort() {
        let default = SmolRuntime::global();
        install_default(default.clone()).unwrap();
        assert_eq!(found(), default.id());
        assert_eq!(thread::spawn(found).join().unwrap(), default.id());

        let error = install_default(AsyncStdRuntime::new()).unwrap_err();
        assert_eq!(error.installed, default.id());
        assert_eq!(found(), default.id());

        driving(AsyncStdRuntime::new(), || {
            assert_eq!(found(), AsyncStdRuntime::new().id());
        });
        let owner = tokio_runtime();
        assert_eq!(owner.block_on(async { found() }), id_of(&owner));
    }

    #[test]
    fn a_current_tokio_handle_comes_first() {
        let owner = tokio_runtime();
        driving(SmolRuntime::global(), || {
            assert_eq!(owner.block_on(async { found() }), id_of(&owner));
            assert_eq!(found(), SmolRuntime::global().id());
        });
    }

    #[test]
    fn driving_nests_and_ends_with_a_panic_too() {
        driving(SmolRuntime::global(), || {
            let inner = catch_unwind(AssertUnwindSafe(|| {
                driving(AsyncStdRuntime::new(), || panic_any(found()));
            }));
            let seen = inner.unwrap_err().downcast::<RuntimeId>().unwrap();
            assert_eq!(*seen, AsyncStdRuntime::new().id());
            assert_eq!(found(), SmolRuntime::global().id());
        });
    }

    #[test]
    fn every_capability_is_forwarded() {
        let owner = Builder::new_multi_thread().enable_all().build().unwrap();
        let tokio = TokioRuntime::new(owner.handle().clone());
        for rt in [
            CurrentRuntime::from(tokio),
            AsyncStdRuntime::new().into(),
            SmolRuntime::global().into(),
        ] {
            let start = rt.now();
            // Awaited where only the last of them is at home.
            SmolRuntime::global().block_on(async {
                assert_eq!(rt.spawn(async { 1 }).await.unwrap(), 1);
                assert_eq!(rt.unblock(|| 1).await.unwrap(), 1);
                rt.sleep(PAUSE).await;
                rt.sleep_until(rt.deadline(PAUSE)).await;
                rt.alarm(PAUSE).unwrap().await;
            });
            assert!(rt.elapsed(start, rt.now()) >= 3 * PAUSE);
            assert_eq!(rt.elapsed(start, rt.after(start, PAUSE)), PAUSE);
            assert_eq!(rt.in_context(|| 1), 1);
        }
    }

    #[test]
    fn in_context_is_forwarded() {
        let owner = tokio_runtime();
        let rt = CurrentRuntime::from(TokioRuntime::new(owner.handle().clone()));
        assert_eq!(rt.in_context(found), id_of(&owner));
    }

    #[test]
    fn a_paused_tokio_clock_is_respected() {
        const HOUR: Duration = Duration::from_secs(3600);

        let owner = tokio_runtime();
        let rt = CurrentRuntime::from(TokioRuntime::new(owner.handle().clone()));
        let start = rt.now();
        owner.block_on(rt.sleep_until(rt.deadline(HOUR)));
        assert!(rt.elapsed(start, rt.now()) >= HOUR);
    }

    fn tokio_runtime() -> Runtime {
        let mut builder = Builder::new_current_thread();
        builder.enable_all().start_paused(true).build().unwrap()
    }

    fn id_of(owner: &Runtime) -> RuntimeId {
        TokioRuntime::new(owner.handle().clone()).id()
    }

    fn found() -> RuntimeId {
        current().unwrap().id()
    }

    const PAUSE: Duration = Duration::from_millis(5);
}
