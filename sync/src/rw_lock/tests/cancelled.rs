//! Random waits and cancellations, after which nobody is left behind.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::future::Future;
use core::pin::Pin;
use core::task::Poll;

use super::both;
use crate::flavour::Flavour;
use crate::rw_lock::{ReadGuard, RwLock, WriteGuard};
use crate::tests::{Die, Task, each_flavour};

each_flavour!(after_cancellations_everybody_gets_in);

enum Guard<'l, F: Flavour> {
    Read(#[expect(dead_code, reason = "it is held")] ReadGuard<&'l RwLock<u32, F>, u32, F>),
    Write(#[expect(dead_code, reason = "it is held")] WriteGuard<&'l RwLock<u32, F>, u32, F>),
}

/// A task that knows whether it has a reason to run.
struct Waits<'l, F: Flavour> {
    task: Task<Pin<Box<dyn Future<Output = Guard<'l, F>> + 'l>>>,
    polled_at: Option<usize>,
}

impl<'l, F: Flavour> Waits<'l, F> {
    fn new(lock: &'l RwLock<u32, F>, writes: bool) -> Self {
        let task: Task<Pin<Box<dyn Future<Output = _>>>> = Task::new(if writes {
            Box::pin(async { Guard::Write(lock.write().await) })
        } else {
            Box::pin(async { Guard::Read(lock.read().await) })
        });
        let polled_at = None;
        Self { task, polled_at }
    }

    fn may_run(&self) -> bool {
        self.polled_at != Some(self.task.wakes())
    }

    fn poll(&mut self) -> Poll<Guard<'l, F>> {
        self.polled_at = Some(self.task.wakes());
        self.task.poll()
    }
}

// RW-1, RW-2, LK-4, A-10
fn after_cancellations_everybody_gets_in<F: Flavour>() {
    for seed in 1..100 {
        for lock in both::<F>() {
            let mut die = Die(seed);
            let (mut waits, mut guards) = (Vec::new(), Vec::new());
            for _ in 0..300 {
                let any =
                    |len: usize, die: &mut Die| die.throw(u32::try_from(len).unwrap()) as usize;
                match die.throw(7) {
                    0 | 1 => waits.push(Waits::new(&lock, die.throw(2) == 0)),
                    2 | 3 if !waits.is_empty() => {
                        let n = any(waits.len(), &mut die);
                        if let Poll::Ready(guard) = waits[n].poll() {
                            waits.remove(n);
                            guards.push(guard);
                        }
                    }
                    4 if !waits.is_empty() => drop(waits.remove(any(waits.len(), &mut die))),
                    _ if !guards.is_empty() => {
                        drop(guards.swap_remove(any(guards.len(), &mut die)));
                    }
                    _ => {}
                }
                let writes = guards.iter().any(|guard| matches!(guard, Guard::Write(_)));
                assert!(!writes || guards.len() == 1);
            }
            // From here on only those run that were woken, or never ran.
            drop(guards);
            while let Some(n) = waits.iter().position(Waits::may_run) {
                if waits[n].poll().is_ready() {
                    waits.remove(n);
                }
            }
            assert_eq!(waits.len(), 0);
            assert!(lock.try_write().is_ok());
        }
    }
}
