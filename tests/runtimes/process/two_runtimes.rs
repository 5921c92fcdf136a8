//! Scopes of two runtimes, one inside of the other.

use std::future::pending;
use std::time::Duration;

use tokio::runtime::Handle;
use withal::runtime::Timer;
use withal::smol::SmolRuntime;
use withal::tokio::{TokioMain, TokioRuntime};
use withal::{cancel, with};
use withal_tests::foreign::{begun, gives_up};
use withal_tests::{Act, Log};

use crate::turn;

type Never = Result<(), String>;

/// A scope whose exit needs Tokio itself: its context, and its clock.
fn tokio_bound(log: &Log, name: &str) -> Act {
    let in_exit = log.clone();
    Act::new(log, name).exit(async move {
        assert!(Handle::try_current().is_ok(), "not in its context");
        tokio::time::sleep(Duration::from_millis(2)).await;
        in_exit.push("slept");
    })
}

// K1, K7: awaited on smol by our combinator.
#[test]
fn a_tokio_bound_exit_collected_on_smol_runs() {
    let _turn = turn();
    let log = Log::new();
    let main = TokioMain::multi_thread().unwrap();
    let (tokio, smol) = (main.runtime(), SmolRuntime::global());
    smol.block_on(async {
        let a = with(&tokio, tokio_bound(&log, "a"), async |_| {
            pending::<Never>().await
        });
        cancel(begun(a)).await;
    });
    log.assert("+a slept -a:cancelled");
}

// K3, K7: taken over by an enclosing scope on smol, since its runtime refuses... nothing but time.
#[test]
fn a_tokio_bound_child_of_a_smol_scope_runs() {
    let _turn = turn();
    let log = Log::new();
    let main = TokioMain::multi_thread().unwrap();
    let (tokio, smol) = (main.runtime(), SmolRuntime::global());
    let a = with(&smol, Act::new(&log, "a"), async |_| {
        let b = with(&tokio, tokio_bound(&log, "b"), async |_| {
            pending::<Never>().await
        });
        gives_up(1, b).await;
        Ok::<_, String>(())
    });
    smol.block_on(a).unwrap();
    log.assert("+a +b slept -b:cancelled -a");
}

// K3, K7: the other way round, and three deep: each in the context of its own runtime.
#[test]
fn scopes_of_several_runtimes_are_exited_inner_before_outer() {
    let _turn = turn();
    let log = Log::new();
    let (first, second) = (
        TokioMain::multi_thread().unwrap(),
        TokioMain::multi_thread().unwrap(),
    );
    let smol = SmolRuntime::global();
    let in_runtime = |name: &str, rt: &TokioRuntime| {
        let id = rt.handle().id();
        Act::new(&log, name).exit(async move { assert_eq!(Handle::current().id(), id) })
    };
    let (one, two) = (first.runtime(), second.runtime());
    let a = with(&one, Act::new(&log, "a"), async |_| {
        let b = with(&two, in_runtime("b", &two), async |_| {
            let c = with(&smol, Act::new(&log, "c"), async |_| {
                let d = with(&one, in_runtime("d", &one), async |_| {
                    pending::<Never>().await
                });
                d.await.map_err(|error| error.to_string())
            });
            c.await.map_err(|error| error.to_string())
        });
        gives_up(1, b).await;
        Ok::<_, String>(())
    });
    first.block_on(a).unwrap();
    log.assert("+a +b +c +d -d:cancelled -c:cancelled -b:cancelled -a");
}

// K2, K5: dropped inside of another runtime, it goes to its own.
#[test]
fn a_scope_dropped_inside_of_another_runtime_goes_to_its_own() {
    let _turn = turn();
    let log = Log::new();
    let main = TokioMain::multi_thread().unwrap();
    let (tokio, smol) = (main.runtime(), SmolRuntime::global());
    let in_exit = log.clone();
    let s = Act::new(&log, "s").exit(async move {
        assert!(Handle::try_current().is_err(), "smol's cleanup in Tokio");
        in_exit.push("elsewhere");
    });
    let s = begun(with(&smol, s, async |_| pending::<Never>().await));
    main.block_on(async {
        drop(s);
        log.seen(&tokio, "-s:cancelled").await;
    });
    log.assert("+s elsewhere -s:cancelled");
    let _ = tokio.now();
}
