//! What a limiter promises, polled by hand.

use alloc::format;
use alloc::sync::Arc;
use alloc::task::Wake;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::Poll;

use crate::flavour::Flavour;
use crate::limiter::{KeyInUse, Limiter, TryAcquireError};
use crate::tests::{Die, Task, each_flavour, now, panicking_waker, panics};

each_flavour!(
    a_key_borrows_once,
    a_key_waits_once,
    tokens_are_lent_in_order_and_nobody_overtakes,
    the_number_of_tokens_can_be_changed,
    a_wait_can_be_dropped_at_any_point,
    the_borrowers_are_known,
    owned_tokens_keep_the_limiter,
    waiters_are_served_in_order_after_cancellations,
    a_leaked_waiter_takes_its_token_along,
    a_waker_that_panics_hides_no_other,
);

// CS-12
fn a_key_borrows_once<F: Flavour>() {
    let limiter = Limiter::<_, F>::new(2);
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
fn a_key_waits_once<F: Flavour>() {
    let limiter = Limiter::<_, F>::new(1);
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
fn tokens_are_lent_in_order_and_nobody_overtakes<F: Flavour>() {
    let limiter = Limiter::<_, F>::new(1);
    let token = limiter.try_acquire(0).unwrap();
    let mut waits: Vec<_> = (1..4).map(|n| Task::waiting(limiter.acquire(n))).collect();
    drop(token);
    for (n, waits) in (1..).zip(&mut waits) {
        // It is lent to the one that was woken.
        assert!(waits.woken());
        assert_eq!((limiter.available(), limiter.borrowed()), (0, 1));
        let refused = limiter.try_acquire(9).unwrap_err();
        assert_eq!(refused, TryAcquireError::NoTokens);
        assert_eq!(waits.ready().unwrap().key(), n);
    }
    assert_eq!(limiter.available(), 1);
}

// CS-12
fn the_number_of_tokens_can_be_changed<F: Flavour>() {
    let limiter = Limiter::<_, F>::new(0);
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
fn a_wait_can_be_dropped_at_any_point<F: Flavour>() {
    let limiter = Limiter::<_, F>::new(1);
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
fn the_borrowers_are_known<F: Flavour>() {
    let limiter = Limiter::<_, F>::new(2);
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
fn owned_tokens_keep_the_limiter<F: Flavour>() {
    let limiter = Arc::new(Limiter::<_, F>::new(1));
    let token = limiter.try_acquire_owned(1).unwrap();
    let mut waits = Task::waiting(limiter.acquire_owned(2));
    drop((limiter, token));
    assert_eq!(waits.ready().unwrap().key(), 2);
}

// CS-12, A-10
fn waiters_are_served_in_order_after_cancellations<F: Flavour>() {
    for seed in 1..50 {
        let mut die = Die(seed);
        let limiter = Limiter::<_, F>::new(1);
        let (mut waits, mut tokens) = (Vec::new(), Vec::new());
        for key in 0..300 {
            let any = |len: usize, die: &mut Die| die.throw(u32::try_from(len).unwrap()) as usize;
            match die.throw(5) {
                0 | 1 => {
                    let mut task = Task::new(limiter.acquire(key));
                    match task.poll() {
                        Poll::Ready(token) => tokens.push(token.unwrap()),
                        Poll::Pending => waits.push(task),
                    }
                }
                2 if !waits.is_empty() => drop(waits.remove(any(waits.len(), &mut die))),
                3 => limiter.set_total(die.throw(4) as usize),
                _ if !tokens.is_empty() => {
                    drop(tokens.swap_remove(any(tokens.len(), &mut die)));
                }
                _ => {}
            }
            // Those that were served are the first ones, and if a token is free nobody waits.
            assert!(waits.is_sorted_by_key(|task| !task.woken()));
            let waiting = waits.iter().filter(|task| !task.woken()).count();
            assert_eq!(limiter.waiting(), waiting);
            assert!(limiter.available() == 0 || waiting == 0);
            let served = waits.len() - waiting;
            assert_eq!(limiter.borrowed(), tokens.len() + served);
        }
        drop((waits, tokens));
        assert_eq!((limiter.borrowed(), limiter.waiting()), (0, 0));
    }
}

// CS-12: safe code may leak.
fn a_leaked_waiter_takes_its_token_along<F: Flavour>() {
    let limiter = Limiter::<_, F>::new(1);
    let token = limiter.try_acquire(0).unwrap();
    Task::waiting(limiter.acquire(1)).leak();
    let mut next = Task::waiting(limiter.acquire(2));
    drop(token);
    assert!(limiter.is_borrower(1) && next.poll().is_pending());
    limiter.set_total(2);
    drop(next.ready().unwrap());
}

// A-9
fn a_waker_that_panics_hides_no_other<F: Flavour>() {
    let limiter = Limiter::<_, F>::new(0);
    let mut bad = Task::new(limiter.acquire(0));
    assert!(bad.poll_with(&panicking_waker()).is_pending());
    // More than one section can wake.
    let good: Vec<_> = (1..101)
        .map(|n| Task::waiting(limiter.acquire(n)))
        .collect();
    assert!(panics(|| limiter.set_total(101)));
    assert!(good.iter().all(Task::woken));
    drop((bad.ready().unwrap(), good));
    assert_eq!(limiter.available(), 101);
}

/// Asks for a token when it is woken.
struct Asks(Arc<Limiter<usize>>, AtomicUsize);

impl Wake for Asks {
    fn wake(self: Arc<Self>) {
        let asked = self.0.try_acquire(usize::MAX).map(drop);
        let refused = asked == Err(TryAcquireError::NoTokens);
        self.1.fetch_add(refused.into(), Ordering::SeqCst);
    }
}

// CS-12, A-9: wakers are called outside of the sections, and while some still wait.
#[test]
fn a_waker_does_not_overtake_those_that_are_about_to_be_served() {
    let limiter = Arc::new(Limiter::new(0));
    let asks = Arc::new(Asks(limiter.clone(), AtomicUsize::new(0)));
    let mut waits: Vec<_> = (0..100).map(|n| Task::new(limiter.acquire(n))).collect();
    assert!(waits[0].poll_with(&asks.clone().into()).is_pending());
    assert!(waits[1..].iter_mut().all(|task| task.poll().is_pending()));
    limiter.set_total(101);
    assert_eq!(asks.1.load(Ordering::SeqCst), 1);
    assert_eq!((limiter.available(), limiter.waiting()), (1, 0));
}
