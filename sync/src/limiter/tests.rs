#![expect(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "tests have std"
)]

use std::format;
use std::sync::Arc;
use std::vec::Vec;

use super::{KeyInUse, TryAcquireError};
use crate::tests::{Task, now};
use crate::{Limiter, single_thread};

// CS-12
#[test]
fn a_key_borrows_once() {
    let limiter = Limiter::new(2);
    let token = now(limiter.acquire('a')).unwrap();
    assert_eq!(now(limiter.acquire('a')).unwrap_err(), KeyInUse);
    assert_eq!(
        limiter.try_acquire('a').unwrap_err(),
        TryAcquireError::KeyInUse
    );
    let other = limiter.try_acquire('b').unwrap();
    assert_eq!((token.key(), other.key()), ('a', 'b'));
    drop(token);
    assert!(!limiter.is_borrower('a') && limiter.is_borrower('b'));
    assert!(limiter.try_acquire('a').is_ok());
}

// CS-12
#[test]
fn a_key_waits_once() {
    let limiter = Limiter::new(1);
    let token = limiter.try_acquire(0).unwrap();
    let mut waits = Task::waiting(limiter.acquire(1));
    assert_eq!(now(limiter.acquire(1)).unwrap_err(), KeyInUse);
    drop(token);
    // Also once it was given its token, and did not run yet.
    assert_eq!(now(limiter.acquire(1)).unwrap_err(), KeyInUse);
    drop(waits.ready().unwrap());
    assert!(limiter.try_acquire(1).is_ok());
}

// CS-12
#[test]
fn tokens_are_lent_in_order_and_nobody_overtakes() {
    let limiter = Limiter::new(1);
    let token = limiter.try_acquire(0).unwrap();
    let mut waits: Vec<_> = (1..4).map(|n| Task::waiting(limiter.acquire(n))).collect();
    drop(token);
    for n in 0..3 {
        // It is lent to the one that was woken.
        assert!(waits[n].woken());
        assert_eq!((limiter.available(), limiter.borrowed()), (0, 1));
        let refused = limiter.try_acquire(9).unwrap_err();
        assert_eq!(refused, TryAcquireError::NoTokens);
        assert_eq!(waits[n].ready().unwrap().key(), n + 1);
    }
    assert_eq!(limiter.available(), 1);
}

// CS-12
#[test]
fn the_number_of_tokens_can_be_changed() {
    let limiter = Limiter::new(0);
    // More than one section can wake.
    let mut waits: Vec<_> = (0..100)
        .map(|n| Task::waiting(limiter.acquire(n)))
        .collect();
    limiter.set_total(70);
    assert!(waits[..70].iter().all(|task| task.wakes() == 1));
    assert!(!waits[70..].iter().any(Task::woken));
    let mut tokens: Vec<_> = waits[..70].iter_mut().map(Task::ready).collect();
    // Nobody loses his.
    limiter.set_total(69);
    assert_eq!(
        (limiter.total(), limiter.borrowed(), limiter.available()),
        (69, 70, 0)
    );
    tokens.pop();
    assert!(!waits[70].woken());
    tokens.pop();
    assert!(waits[70].woken() && !waits[71].woken());
}

// CS-12, A-10
#[test]
fn a_wait_can_be_dropped_at_any_point() {
    let limiter = Limiter::new(1);
    drop(Task::new(limiter.acquire(0)));
    let token = limiter.try_acquire(0).unwrap();
    let (a, b) = (
        Task::waiting(limiter.acquire(1)),
        Task::waiting(limiter.acquire(2)),
    );
    let mut c = Task::waiting(limiter.acquire(3));
    drop(a);
    assert_eq!(limiter.waiting(), 2);
    // Its key is free again.
    let again = Task::waiting(limiter.acquire(1));
    drop(token);
    assert!(b.woken());
    drop(b);
    assert!(c.woken() && !again.woken());
    drop(again);
    drop(c.ready().unwrap());
    assert_eq!((limiter.waiting(), limiter.available()), (0, 1));
    for key in 0..4 {
        assert!(limiter.try_acquire(key).is_ok());
    }
}

// CS-12
#[test]
fn the_borrowers_are_known() {
    let limiter = Limiter::new(2);
    let b = limiter.try_acquire("b").unwrap();
    let _a = limiter.try_acquire("a").unwrap();
    let _c = Task::waiting(limiter.acquire("c"));
    let _d = Task::waiting(limiter.acquire("d"));
    drop(b);
    let now = limiter.statistics();
    assert_eq!((now.total, now.waiting), (2, 1));
    assert_eq!(now.borrowers, ["a", "c"]);
    assert_eq!(
        format!("{limiter:?}"),
        r#"Limiter { total: 2, borrowers: ["a", "c"], waiting: 1 }"#
    );
}

// CS-12
#[test]
fn owned_tokens_keep_the_limiter() {
    let limiter = Arc::new(single_thread::Limiter::new(1));
    let token = limiter.try_acquire_owned(1).unwrap();
    let mut waits = Task::waiting(limiter.acquire_owned(2));
    drop((limiter, token));
    assert_eq!(waits.ready().unwrap().key(), 2);
}
