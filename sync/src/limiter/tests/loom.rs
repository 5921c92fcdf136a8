//! Models of a limiter with one token.

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

use super::Limiter;
use crate::flavour::Modelled;
use crate::tests::{Task, model};

fn borrow(limiter: &Limiter<u8, Modelled>, key: u8) {
    block_on(async { drop(limiter.acquire(key).await.unwrap()) });
}

// CS-12, A-10: one that is cancelled, against the token that comes back
#[test]
fn a_token_survives_the_waiter_that_is_cancelled() {
    model(|| {
        let limiter = Arc::new(Limiter::new(1));
        let token = limiter.try_acquire(0).unwrap();
        let other = {
            let limiter = limiter.clone();
            thread::spawn(move || borrow(&limiter, 1))
        };
        let mut given_up = Task::new(limiter.acquire(2));
        assert!(given_up.poll().is_pending());
        drop(token);
        drop(given_up);
        other.join().unwrap();
        assert_eq!((limiter.available(), limiter.waiting()), (1, 0));
        assert!(limiter.try_acquire(2).is_ok());
    });
}

// CS-12, A-9: more tokens, against who begins to wait
#[test]
fn a_raise_is_seen_by_who_begins_to_wait() {
    model(|| {
        let limiter = Arc::new(Limiter::new(0));
        let other = {
            let limiter = limiter.clone();
            thread::spawn(move || limiter.set_total(1))
        };
        borrow(&limiter, 1);
        other.join().unwrap();
        assert_eq!(limiter.available(), 1);
    });
}
