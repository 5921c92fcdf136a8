//! Strict order, whoever gives up on the way.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::flavour::Flavour;
use crate::queue::{Fifo, Queue};
use crate::tests::{Die, Task, each_flavour};

each_flavour!(
    poppers_are_served_in_order_after_cancellations,
    pushers_are_let_in_in_order_after_cancellations,
);

type Of<F> = Queue<u32, Fifo<u32>, F>;

// each item goes to the one that has waited longest and has none; what
// one has that is dropped goes on to the next, or back to the front.
fn poppers_are_served_in_order_after_cancellations<F: Flavour>() {
    for seed in 1..50 {
        let mut die = Die(seed);
        let queue = Of::<F>::unbounded();
        // What should be: each waiter with its item, and what is stored.
        let mut waiting: Vec<_> = (0..60)
            .map(|_| (Task::waiting(queue.pop()), None))
            .collect();
        let mut stored = VecDeque::new();
        for step in 0..100 {
            let item = if die.throw(2) == 0 || waiting.is_empty() {
                queue.try_push(step).unwrap();
                Some(step)
            } else {
                let gone = die.throw(u32::try_from(waiting.len()).unwrap()) as usize;
                let (task, item) = waiting.remove(gone);
                assert_eq!(task.woken(), item.is_some(), "seed {seed}");
                drop(task);
                item
            };
            let Some(item) = item else { continue };
            match waiting.iter_mut().find(|(_, has)| has.is_none()) {
                Some((_, has)) => *has = Some(item),
                None if item == step => stored.push_back(item),
                None => stored.push_front(item),
            }
            assert_eq!(queue.len(), stored.len(), "seed {seed}");
        }
        for (mut task, item) in waiting {
            assert_eq!(task.woken(), item.is_some(), "seed {seed}");
            if item.is_some() {
                assert_eq!(task.ready(), item, "seed {seed}");
            }
        }
        assert_eq!(stored, queue.close_now(), "seed {seed}");
    }
}

// items come out in the order in which their pushers came, but for those that left.
fn pushers_are_let_in_in_order_after_cancellations<F: Flavour>() {
    for seed in 1..50 {
        let mut die = Die(seed);
        let queue = Of::<F>::bounded(3);
        let mut expected: VecDeque<_> = (0..3).collect();
        for item in 0..3 {
            queue.try_push(item).unwrap();
        }
        let mut waiting: Vec<_> = (3..100)
            .map(|n| (n, Task::waiting(queue.push(n))))
            .collect();
        expected.extend(3..100);
        while let Some(next) = expected.pop_front() {
            if die.throw(2) == 0 && !waiting.is_empty() {
                let gone = die.throw(u32::try_from(waiting.len()).unwrap()) as usize;
                let (item, task) = waiting.remove(gone);
                // One that was let in already has put its item in.
                if !task.woken() {
                    expected.retain(|waits| *waits != item);
                }
            }
            assert_eq!(queue.try_pop(), Ok(next), "seed {seed}");
        }
        assert!(queue.is_empty());
        assert!(waiting.iter_mut().all(|(_, task)| task.ready().is_ok()));
    }
}
