//! What the library does with the runtime value.

use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use withal::{cancel, timeout, with};
use withal_tests::foreign::{begun, block_on};
use withal_tests::{Act, Deterministic, Log};

type Never = Result<(), String>;

// K5, K7, CM-15
#[test]
fn the_ordinary_path_borrows_the_runtime_and_enters_nothing() {
    let (log, rt) = (Log::new(), Deterministic::new());
    let in_exit = log.clone();
    block_on(async {
        let a = Act::new(&log, "a").exit(async move { in_exit.push("exiting") });
        let a = with(&rt, a, async |_| {
            let b = with(&rt, Act::new(&log, "b"), async |_| Ok::<_, String>(()));
            b.await.map_err(|error| error.to_string())
        });
        timeout(&rt, Duration::from_secs(1), a)
            .await
            .unwrap()
            .unwrap();
    });
    log.assert("+a +b -b exiting -a");
    assert_eq!((rt.clones(), rt.spawned(), rt.contexts()), (0, 0, 0));
}

// K1, K5, K7: collected, it is polled in its runtime's context, and no executor is asked.
#[test]
fn a_collected_cleanup_is_polled_in_the_context_of_its_runtime() {
    let (log, rt) = (Log::new(), Deterministic::new());
    block_on(async {
        let a = with(&rt, Act::new(&log, "a"), async |_| pending::<Never>().await);
        cancel(begun(a)).await;
    });
    log.assert("+a -a:cancelled");
    assert!(rt.clones() > 0);
    assert!(rt.contexts() > 0);
    assert_eq!(rt.spawned(), 0);
}

// K5: a drop searches for nothing. Each scope goes to the runtime it was entered with.
#[test]
fn each_cleanup_goes_to_the_runtime_of_its_own_scope() {
    let (log, outer, inner) = (Log::new(), Deterministic::new(), Deterministic::new());
    drop(begun(with(&inner, Act::new(&log, "a"), async |_| {
        pending::<Never>().await
    })));
    drop(begun(with(&outer, Act::new(&log, "b"), async |_| {
        pending::<Never>().await
    })));
    assert_eq!((outer.spawned(), inner.spawned()), (1, 1));
    assert_eq!(outer.run_until_stalled(), 0);
    log.assert("+a +b -b:cancelled");
    assert_eq!(inner.run_until_stalled(), 0);
    log.assert("+a +b -b:cancelled -a:cancelled");
}

// CM-18, K5
#[test]
fn a_scope_that_was_never_polled_leaves_nothing() {
    let (log, rt) = (Log::new(), Deterministic::new());
    drop(with(&rt, Act::new(&log, "a"), async |_| {
        pending::<Never>().await
    }));
    log.assert("");
    assert_eq!((rt.clones(), rt.spawned()), (0, 0));
}

// K1: dropped where they lie, never moved: the address in the poll is the address in the drop.
#[test]
fn what_is_given_up_is_dropped_in_place() {
    use std::marker::PhantomPinned;
    use std::task::{Context, Poll};

    struct Still {
        log: Log,
        _pinned: PhantomPinned,
    }

    impl Still {
        fn new(log: &Log) -> Self {
            Self {
                log: log.clone(),
                _pinned: PhantomPinned,
            }
        }

        fn address(&self) -> usize {
            (&raw const *self).addr()
        }
    }

    impl Future for Still {
        type Output = Never;

        fn poll(self: std::pin::Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Never> {
            self.log.push(format_args!("polled@{:x}", self.address()));
            Poll::Pending
        }
    }

    impl Drop for Still {
        fn drop(&mut self) {
            self.log.push(format_args!("dropped@{:x}", self.address()));
        }
    }

    #[track_caller]
    fn assert_still(log: &Log) {
        let events = log.events();
        let places: Vec<_> = events.iter().map(|event| event.split('@').nth(1)).collect();
        assert!(events.len() >= 2, "{events:?}");
        assert!(places.iter().all(|place| *place == places[0]), "{events:?}");
    }

    let rt = Deterministic::new();
    // By our timeout.
    let log = Log::new();
    let mut timed = pin!(timeout(&rt, Duration::from_secs(1), Still::new(&log)));
    let wakes = std::sync::Arc::default();
    assert!(withal_tests::poll::poll_once(timed.as_mut(), &wakes).is_pending());
    rt.advance(Duration::from_secs(1));
    assert!(withal_tests::poll::poll_once(timed.as_mut(), &wakes).is_ready());
    assert_still(&log);
    // By our race.
    let log = Log::new();
    block_on(withal::either(Still::new(&log), async {}));
    assert_still(&log);
    // By `await_cleanup`, which foreign code drops.
    let log = Log::new();
    drop(begun(withal::await_cleanup(Still::new(&log))));
    assert_still(&log);
    // By the scope whose body it is.
    let (log, other) = (Log::new(), Log::new());
    let still = Still::new(&log);
    drop(begun(with(&rt, Act::new(&other, "a"), |_: &mut ()| still)));
    assert_still(&log);
    assert_eq!(rt.run_until_stalled(), 0);
    other.assert("+a -a:cancelled");
}
