//! A million waits in vain.

use std::collections::VecDeque;
use std::pin::Pin;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use withal_sync::{Condition, Event, Mutex, Pool, Queue, Semaphore};
use withal_tests::poll::poll_now;

use crate::{heap, turn};

const WAITS: usize = 1_000_000;

/// By how much the live heap may differ, in bytes.
const SLACK: isize = 64 * 1024;

/// How many wait at once.
const CROWD: usize = 64;

// Q-11, EV-5, CV-5, LK-4, SE-5, PL-4, PL-11, PL-14
#[test]
fn a_million_cancelled_waits_leave_nothing_on_the_heap() {
    let _turn = turn();
    let (empty, full) = (Queue::<u32>::bounded(1), Queue::bounded(1));
    full.try_push(0).unwrap();
    let (semaphore, event, condition) = (Semaphore::new(0), Event::new(), Condition::new());
    let (held, free) = (Mutex::new(()), Mutex::new(()));
    let _guard = held.try_lock().unwrap();
    let pool = Pool::<u32>::new([]);
    let wait = |operation| -> BoxFuture<'_, ()> {
        match operation % 11 {
            0 => empty.pop().map(drop).boxed(),
            1 => empty.pop_job().map(drop).boxed(),
            2 => full.push(1).map(drop).boxed(),
            3 => full.reserve().map(drop).boxed(),
            4 => full.join().boxed(),
            5 => semaphore.acquire().map(drop).boxed(),
            6 => event.wait().boxed(),
            7 => held.lock().map(drop).boxed(),
            8 => pool.take().map(drop).boxed(),
            9 => pool.closed().boxed(),
            _ => condition.wait(free.try_lock().unwrap()).map(drop).boxed(),
        }
    };
    let all = |waits: usize| {
        let mut crowd = VecDeque::new();
        for n in 0..waits {
            let mut waits = wait(n);
            assert!(poll_now(Pin::new(&mut waits)).is_pending());
            crowd.push_back(waits);
            if crowd.len() == CROWD {
                // From either end, and from the middle.
                crowd.swap_remove_back(n % CROWD);
            }
        }
    };
    // What is kept for good is there afterwards.
    all(CROWD);
    let before = heap::live();
    all(WAITS);
    let more = heap::live() - before;
    println!("{WAITS} cancelled waits: live heap {more:+} bytes");
    assert!(more.abs() <= SLACK, "the live heap changed by {more} bytes");
    for queue in [&empty, &full] {
        let now = queue.statistics();
        let waiting = (now.waiting_poppers, now.waiting_pushers, now.joining);
        assert_eq!(waiting, (0, 0, 0));
    }
    let waiting = [
        semaphore.waiting(),
        event.waiting(),
        condition.waiting(),
        held.waiting(),
        pool.statistics().waiting,
    ];
    assert_eq!(waiting, [0; 5]);
}
