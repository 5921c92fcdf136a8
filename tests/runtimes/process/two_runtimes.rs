//! Scopes of two runtimes, one inside of the other.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use futures_util::stream::{Stream, StreamExt};
use tokio::runtime::Handle;
use withal::runtime::Timer;
use withal::smol::SmolRuntime;
use withal::stream::channel_scope;
use withal::tokio::{TokioMain, TokioRuntime};
use withal::{cancel, generator, with};
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

/// Three items, each after a sleep of Tokio's own, inside of a scope whose exit needs Tokio.
fn tokio_bound_items(
    tokio: &TokioRuntime,
    log: &Log,
) -> impl Stream<Item = u32> + Send + 'static + use<> {
    let (tokio, log) = (tokio.clone(), log.clone());
    generator(async move |y| {
        let a = with(&tokio, tokio_bound(&log, "a"), async |_| {
            for item in 1..=3 {
                tokio::time::sleep(Duration::from_millis(1)).await;
                y.yield_(item).await;
            }
            Ok::<_, String>(())
        });
        a.await.unwrap();
    })
}

// CS-14, CS-16, K7: its task runs on Tokio; it is closed from smol, in Tokio's context.
#[test]
fn a_tokio_bound_stream_is_received_on_smol() {
    let _turn = turn();
    let log = Log::new();
    let main = TokioMain::multi_thread().unwrap();
    let (tokio, smol) = (main.runtime(), SmolRuntime::global());
    let received = smol.block_on(with(
        &smol,
        channel_scope(&tokio, tokio_bound_items(&tokio, &log)),
        async |items| Ok::<_, Infallible>(items.take(2).collect::<Vec<_>>().await),
    ));
    assert_eq!(received.unwrap(), [1, 2]);
    log.assert("+a slept -a:cancelled");
}

// CS-16, K7: Tokio is gone, which nobody waits for.
#[test]
fn a_stream_whose_runtime_is_gone_is_received_all_the_same() {
    let _turn = turn();
    let main = TokioMain::multi_thread().unwrap();
    let (tokio, smol) = (main.runtime(), SmolRuntime::global());
    drop(main);
    let items = generator(async |y| {
        for item in 1..=3 {
            y.yield_(item).await;
        }
    });
    let received = smol.block_on(with(&smol, channel_scope(&tokio, items), async |items| {
        Ok::<_, Infallible>(items.collect::<Vec<_>>().await)
    }));
    assert_eq!(received.unwrap(), [1, 2, 3]);
}
