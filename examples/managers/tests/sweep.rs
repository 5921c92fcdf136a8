//! The programs, cancelled at every poll in every way: each scope is exited, the inner ones first,
//! before whoever cancelled goes on.

mod common;

use std::sync::{Arc, OnceLock};

use common::InMemory;
use example_support::testing::{Lines, SECOND};
use managers::stand_in::database::Database;
use managers::{
    Setting, class_made, closure_made, connection, download, fetch, parallel, pool, provider,
    retry, several, temporary_file, transaction, web,
};
use withal_tests::Deterministic;
use withal_tests::sweep::{Ending, Followed, Sweep, Swept, Way};

/// Sweeps a program.
fn sweep(program: impl AsyncFn(&Setting<Followed<Deterministic>>)) -> Swept {
    let program = &program;
    let swept = Sweep::new(Lines::default)
        .invariant(|lines| {
            // Whatever was begun was ended.
            let lines = lines.take();
            let count = |what: &str| lines.iter().filter(|line| *line == what).count();
            let ended = count("COMMIT") + count("ROLLBACK");
            assert_eq!(count("BEGIN"), ended, "{lines:?}");
        })
        .run(async |rt, lines| program(&lines.setting(&rt, SECOND)).await);
    assert!(swept.runs > 100 && swept.scopes > swept.runs / 2, "{swept}");
    swept
}

// A-3, CM-17, CM-20, K1, K2, K3
#[test]
fn classes() {
    sweep(async |on| class_made::run(on).await.expect("a database that works"));
}

// A-3, CM-17, GM-19
#[test]
fn functions() {
    sweep(async |on| closure_made::run(on).await.expect("all is printed"));
}

// A-3, CM-17, GM-19
#[test]
fn providers() {
    sweep(async |on| provider::run(on).await.expect("errors are answers"));
}

// A-3, CM-17, CM-21, GM-19
#[test]
fn transactions() {
    sweep(async |on| drop(transaction::run(on).await.expect("a database that works")));
}

// A-3, CM-17, CM-22, CM-23
#[test]
fn connections() {
    sweep(async |on| connection::run(on).await);
}

// A-3, CM-19
#[test]
fn files() {
    // Blocking work ends with its runtime: then it fails, and may.
    sweep(async |on| drop(temporary_file::run(on).await));
}

// A-3, CM-10, CM-17
#[test]
fn several_in_order() {
    sweep(async |on| {
        for names in [["db", "cache", "queue"], ["db", "nobody", "queue"]] {
            assert_eq!(
                several::nested(on, names).await.is_ok(),
                names[1] == "cache"
            );
            assert_eq!(several::tuple(on, names).await.is_ok(), names[1] == "cache");
            assert_eq!(several::stack(on, names).await.is_ok(), names[1] == "cache");
        }
    });
}

// A-3, CM-17
#[test]
fn several_at_once() {
    sweep(async |on| parallel::run(on).await.expect("all is printed"));
}

// A-3, CM-17, CM-19
#[test]
fn attempts() {
    sweep(async |on| retry::run(on).await.expect("all is printed"));
}

// A-3, CM-17, CM-20
#[test]
fn pools() {
    // A release that is cancelled loses no connection; whoever cancels waits until all are closed. The
    // other ways are swept where the pool itself is tested.
    let ways = Way::waiting(&Deterministic::new());
    let swept = Sweep::new(|| Arc::new(OnceLock::<Database<Followed<_>>>::new()))
        .ways(ways)
        .invariant_of(|db, ending| {
            // A goodbye that panics is not said.
            if *ending != Ending::Panicked {
                assert_eq!(db.get().map_or(0, Database::open), 0);
            }
        })
        .run(async |rt, db| {
            let on = Lines::default().setting(&rt, SECOND);
            let db = db.get_or_init(|| Database::new(&on, ["Ann", "Ben"]));
            pool::use_pool(&on, db)
                .await
                .expect("a database that works");
        });
    assert!(swept.runs > 100 && swept.scopes > swept.runs, "{swept}");
}

// A-3, CM-17, CM-20
#[test]
fn applications() {
    sweep(async |on| web::run(on).await.expect("a database that works"));
}

// A-3, CM-17, K1, K2, K3
#[test]
fn requests() {
    // The host is a task, and its end of the connection goes with the runtime: as above.
    sweep(async |on| drop(fetch::run(on, &InMemory::on(on)).await));
}

// A-3, CM-17, K1, K2, K3
#[test]
fn downloads() {
    sweep(async |on| drop(download::run(on, &InMemory::on(on)).await));
}
