//! A model of a future that is polled, and cancelled meanwhile.

use alloc::boxed::Box;
use core::pin::Pin;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use super::Turn;
use crate::tests::model;

const CANCEL: usize = 1;

struct Shared {
    turn: Pin<Box<Turn<bool>>>,
    /// Stands for the waker: whoever cancels a free turn calls it.
    woken: AtomicBool,
}

/// Polls: notes in the value whether it has seen the mark.
fn poll(shared: &Shared) -> bool {
    loop {
        let Some(mut mine) = shared.turn.as_ref().take() else {
            return false;
        };
        let seen = mine.marks() & CANCEL != 0;
        *mine.get() |= seen;
        if seen {
            return true;
        }
        if mine.end() & CANCEL == 0 {
            return false;
        }
    }
}

// a mark is seen by the poll that goes on, or finds it over
#[test]
fn no_mark_is_overlooked() {
    model(|| {
        let shared = Arc::new(Shared {
            turn: Box::pin(Turn::new(false)),
            woken: AtomicBool::new(false),
        });
        let canceller = {
            let shared = shared.clone();
            thread::spawn(move || {
                if !shared.turn.mark(CANCEL).was_taken() {
                    shared.woken.store(true, Ordering::Release);
                }
            })
        };
        let seen = poll(&shared);
        canceller.join().unwrap();
        assert!(seen || shared.woken.load(Ordering::Acquire));
        assert!(poll(&shared));
    });
}
