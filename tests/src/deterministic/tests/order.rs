//! The order of the polls.

use std::collections::BTreeSet;
use std::future::pending;

use withal::runtime::Spawn;

use super::panic_of;
use crate::deterministic::Order;
use crate::poll::yields;
use crate::{Deterministic, Log};

/// Tasks that say their number twice, with a wait in between.
fn numbers(rt: &Deterministic) -> String {
    let log = Log::new();
    for number in 0..5 {
        let log = log.clone();
        let _task = rt.spawn(async move {
            log.push(number);
            yields(1).await;
            log.push(number);
        });
    }
    rt.run();
    log.trace()
}

#[test]
fn orders_differ() {
    let ordered = |order| numbers(&Deterministic::builder().order(order).build());
    assert_eq!(ordered(Order::Fifo), "0 1 2 3 4 0 1 2 3 4");
    assert_eq!(ordered(Order::Lifo), "4 4 3 3 2 2 1 1 0 0");
    let random: BTreeSet<_> = (0..50).map(|seed| ordered(Order::Random(seed))).collect();
    assert!(random.len() > 40, "{random:?}");
}

//
#[test]
fn a_seed_gives_its_order_again() {
    for seed in 0..50 {
        let ordered = || numbers(&Deterministic::builder().order(Order::Random(seed)).build());
        assert_eq!(ordered(), ordered());
    }
}

#[test]
fn a_deadlock_names_the_seed() {
    let rt = Deterministic::builder().order(Order::Random(4711)).build();
    let text = panic_of(|| rt.block_on(pending::<()>()));
    assert!(text.contains("WITHAL_SEED=4711 replays it"), "{text}");
}

#[test]
fn a_seed_is_read_back_as_it_was_printed() {
    assert_eq!(Order::replay(Some("4711")), Order::Random(4711));
    let text = panic_of(|| Order::replay(Some("fifo")));
    assert!(text.contains("WITHAL_SEED is \"fifo\""), "{text}");
    // Fresh ones differ.
    assert_ne!(Order::replay(None), Order::replay(None));
}
