//! The work: who sends what to whom.

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::Mutex;

use super::contenders::Queue;
use crate::executor::{Sides, Task};
use crate::now::now;

/// How many senders and receivers share a queue, and what it holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) senders: usize,
    pub(super) receivers: usize,
    /// `None` is unbounded.
    pub(super) capacity: Option<usize>,
}

impl Shape {
    /// One sender, one receiver.
    pub(super) const fn pair(capacity: Option<usize>) -> Self {
        Self {
            senders: 1,
            receivers: 1,
            capacity,
        }
    }
}

/// Where nobody waits, room for a few items is as good as room for many.
pub(super) const ALONE: Shape = Shape::pair(Some(16));

/// The ends of one queue with one sender and one receiver.
fn pair<Q: Queue>(shape: Shape) -> (Q::Sender, Q::Receiver) {
    let (mut senders, mut receivers) = Q::make(shape).expect("it has this shape");
    let (sender, receiver) = (senders.pop(), receivers.pop());
    (
        sender.expect("it has a sender"),
        receiver.expect("it has a receiver"),
    )
}

/// Sends and receives on one task, so that nothing waits.
pub(super) fn alone<Q: Queue>(times: u64) {
    let (mut sender, mut receiver) = pair::<Q>(ALONE);
    for item in 0..times {
        now(Q::send(&mut sender, item));
        black_box(now(Q::receive(&mut receiver)));
    }
}

/// The same by the forms that never wait.
pub(super) fn alone_try<Q: Queue>(times: u64) {
    let (mut sender, mut receiver) = pair::<Q>(ALONE);
    for item in 0..times {
        Q::try_send(&mut sender, item);
        black_box(Q::try_receive(&mut receiver));
    }
}

/// The least that a queue does: two turns of a lock.
pub(super) fn alone_by_hand(times: u64) {
    let queue = Mutex::new(VecDeque::with_capacity(16));
    let locked = || queue.lock().expect("nothing panics");
    for item in 0..times {
        locked().push_back(item);
        black_box(locked().pop_front());
    }
}

/// Sends so many items, each sender its part, and receives them, each receiver its part.
pub(super) fn flow<Q: Queue>(shape: Shape, items: u64) -> Sides {
    let (senders, receivers) = Q::make(shape).expect("it has this shape");
    let (to_send, to_receive) = (parts(items, shape.senders), parts(items, shape.receivers));
    let senders = senders.into_iter().zip(to_send);
    let senders = senders.map(|(mut sender, count)| -> Task {
        Box::pin(async move {
            for item in 0..count {
                Q::send(&mut sender, item).await;
            }
        })
    });
    let receivers = receivers.into_iter().zip(to_receive);
    let receivers = receivers.map(|(mut receiver, count)| -> Task {
        Box::pin(async move {
            for _ in 0..count {
                black_box(Q::receive(&mut receiver).await);
            }
        })
    });
    [receivers.collect(), senders.collect()]
}

/// Sends a number there and back so many times, over two queues of one place.
pub(super) fn ping_pong<Q: Queue>(times: u64) -> Sides {
    let (mut to_there, mut from_here) = pair::<Q>(Shape::pair(Some(1)));
    let (mut to_here, mut from_there) = pair::<Q>(Shape::pair(Some(1)));
    let here: Task = Box::pin(async move {
        for number in 0..times {
            Q::send(&mut to_there, number).await;
            assert_eq!(Q::receive(&mut from_there).await, number);
        }
    });
    let there: Task = Box::pin(async move {
        for _ in 0..times {
            let number = Q::receive(&mut from_here).await;
            Q::send(&mut to_here, number).await;
        }
    });
    [vec![here], vec![there]]
}

/// `whole` in as equal parts as it goes.
fn parts(whole: u64, count: usize) -> impl Iterator<Item = u64> {
    let count = count as u64;
    (0..count).map(move |part| whole / count + u64::from(part < whole % count))
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn parts_make_up_the_whole() {
        assert_eq!(parts(10, 4).collect::<Vec<_>>(), [3, 3, 2, 2]);
        assert_eq!(parts(1, 4).sum::<u64>(), 1);
    }
}
