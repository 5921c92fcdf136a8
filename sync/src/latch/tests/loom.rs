//! A model of a latch that publishes a value.

use loom::cell::UnsafeCell;
use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

use super::Latch;
use crate::flavour::Modelled;
use crate::tests::{Task, model};

struct Published {
    latch: Latch<Modelled>,
    value: UnsafeCell<usize>,
}

// SAFETY: the model checker looks for races itself.
unsafe impl Sync for Published {}

// EV-6, A-9: what was written before it was opened is seen behind it, however one gets there
#[test]
fn behind_an_open_latch_everybody_sees_what_was_done_before() {
    model(|| {
        let published = Arc::new(Published {
            latch: Latch::new(),
            value: UnsafeCell::new(0),
        });
        let opener = {
            let published = published.clone();
            thread::spawn(move || {
                // SAFETY: the checker fails if somebody else looks.
                published.value.with_mut(|value| unsafe { *value = 7 });
                assert!(published.latch.open());
            })
        };
        let _ = Task::new(published.latch.wait()).poll();
        block_on(published.latch.wait());
        // SAFETY: the checker fails if somebody writes.
        published
            .value
            .with(|value| assert_eq!(unsafe { *value }, 7));
        opener.join().unwrap();
        assert_eq!(published.latch.waiting(), 0);
    });
}
