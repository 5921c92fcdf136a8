//! A model of a semaphore that guards a value: one permit to look at it, all to change it.

use loom::cell::UnsafeCell;
use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

use super::Semaphore;
use crate::flavour::Modelled;
use crate::tests::model_within;

struct Guarded {
    permits: Semaphore<Modelled>,
    value: UnsafeCell<usize>,
}

// SAFETY: the model checker looks for races itself.
unsafe impl Sync for Guarded {}

// SE-3, SE-10, A-9: whoever has a permit sees what all did that had it before
#[test]
fn one_that_takes_all_permits_comes_after_all_that_had_one() {
    model_within(2, || {
        let guarded = Arc::new(Guarded {
            permits: Semaphore::new(2),
            value: UnsafeCell::new(0),
        });
        let look = |guarded: &Guarded| {
            let _permit = block_on(guarded.permits.acquire()).unwrap();
            // SAFETY: the checker fails if somebody writes.
            guarded.value.with(|value| unsafe { *value })
        };
        let other = {
            let guarded = guarded.clone();
            thread::spawn(move || look(&guarded))
        };
        let writer = {
            let guarded = guarded.clone();
            thread::spawn(move || {
                let _permits = block_on(guarded.permits.acquire_many(2)).unwrap();
                // SAFETY: the checker fails if somebody else looks.
                guarded.value.with_mut(|value| unsafe { *value += 1 });
            })
        };
        assert!(look(&guarded) <= 1);
        assert!(other.join().unwrap() <= 1);
        writer.join().unwrap();
        assert_eq!(look(&guarded), 1);
        assert_eq!(guarded.permits.available_permits(), 2);
    });
}
