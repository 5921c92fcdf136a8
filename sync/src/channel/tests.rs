//! What a channel promises, polled by hand.

mod handles;

use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use super::{Channel, Receiver, Statistics, TryRecvError, TrySendError};
use crate::flavour::Flavour;
use crate::tests::{Task, each_flavour};

each_flavour!(
    a_rendezvous_is_from_hand_to_hand,
    a_rendezvous_keeps_both_orders_however_they_come,
    a_place_that_gets_free_is_the_first_senders,
    a_value_is_the_first_receivers_alone,
    a_send_that_is_dropped_has_sent_its_value_or_changed_nothing,
    a_receive_that_is_dropped_passes_its_value_on_or_changes_nothing,
    the_end_comes_when_no_value_can_come_back,
    a_receiver_is_a_stream_that_ends,
    a_stream_gives_its_place_up_when_asked_otherwise_or_dropped,
    statistics_tell_what_is_going_on,
);

fn poll_next<T, F: Flavour>(receiver: &mut Receiver<T, F>) -> Poll<Option<T>> {
    Pin::new(receiver).poll_next(&mut Context::from_waker(Waker::noop()))
}

// CH-1, CH-2
fn a_rendezvous_is_from_hand_to_hand<F: Flavour>() {
    let (sender, receiver) = Channel::<_, F>::bounded(0);
    assert_eq!(sender.try_send(0), Err(TrySendError::Full(0)));
    let mut send = Task::waiting(sender.send(1));
    assert_eq!(receiver.try_recv(), Ok(1));
    assert!(send.woken());
    assert_eq!(send.poll(), Poll::Ready(Ok(())));
    let mut recv = Task::waiting(receiver.recv());
    assert_eq!(sender.try_send(2), Ok(()));
    assert_eq!(sender.try_send(3), Err(TrySendError::Full(3)));
    assert!(recv.woken());
    assert_eq!(recv.poll(), Poll::Ready(Some(2)));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(receiver.statistics().peak, 0);
}

// CH-2, CH-3
fn a_rendezvous_keeps_both_orders_however_they_come<F: Flavour>() {
    const EACH: u32 = 4;
    for order in 0_u32..1 << (2 * EACH) {
        if order.count_ones() != EACH {
            continue;
        }
        let (sender, receiver) = Channel::<_, F>::bounded(0);
        let (mut sends, mut recvs) = (Vec::new(), Vec::new());
        for position in 0..2 * EACH {
            if order & 1 << position == 0 {
                let mut send = Task::new(sender.send(sends.len()));
                let sent = send.poll();
                assert_eq!(sent.is_ready(), sends.len() < recvs.len(), "{order:b}");
                sends.push((send, sent));
            } else {
                let mut recv = Task::new(receiver.recv());
                let received = recv.poll();
                assert_eq!(received.is_ready(), recvs.len() < sends.len(), "{order:b}");
                recvs.push((recv, received));
            }
        }
        // The last first: what each one has does not depend on when it looks.
        for (number, (mut recv, received)) in recvs.into_iter().enumerate().rev() {
            assert!(received.is_ready() || recv.woken());
            let received = if received.is_ready() {
                received
            } else {
                recv.poll()
            };
            assert_eq!(received, Poll::Ready(Some(number)), "{order:b}");
        }
        for (mut send, sent) in sends {
            assert!(sent.is_ready() || send.woken() && send.poll().is_ready());
        }
    }
}

// CH-2, CH-3
fn a_place_that_gets_free_is_the_first_senders<F: Flavour>() {
    let (sender, receiver) = Channel::<_, F>::bounded(2);
    for value in 0..2 {
        sender.try_send(value).unwrap();
    }
    let mut sends: Vec<_> = (2..5).map(|n| Task::waiting(sender.send(n))).collect();
    assert_eq!(receiver.try_recv(), Ok(0));
    assert!(sends[0].woken() && !sends[1].woken());
    // Its value is in the buffer already, and nobody comes between.
    assert_eq!(receiver.statistics().buffered, 2);
    assert_eq!(sender.try_send(9), Err(TrySendError::Full(9)));
    for expected in 1..5 {
        assert_eq!(
            Task::new(receiver.recv()).poll(),
            Poll::Ready(Some(expected))
        );
    }
    assert!(sends.iter_mut().all(|send| send.poll().is_ready()));
}

// CH-2, CH-3, CH-11
fn a_value_is_the_first_receivers_alone<F: Flavour>() {
    for capacity in [0, 1, 8] {
        let (sender, receiver) = Channel::<_, F>::bounded(capacity);
        let other = receiver.clone();
        let (mut first, mut second) = (Task::waiting(receiver.recv()), Task::waiting(other.recv()));
        sender.try_send('a').unwrap();
        // Not to be stolen between its wake and its poll.
        assert_eq!(other.try_recv(), Err(TryRecvError::Empty));
        sender.try_send('b').unwrap();
        assert!(first.woken() && second.woken());
        assert_eq!(second.poll(), Poll::Ready(Some('b')));
        assert_eq!(first.poll(), Poll::Ready(Some('a')));
        assert_eq!(receiver.statistics().buffered, 0);
    }
}

// CH-4
fn a_send_that_is_dropped_has_sent_its_value_or_changed_nothing<F: Flavour>() {
    for capacity in [0, 1] {
        let (sender, receiver) = Channel::<_, F>::bounded(capacity);
        for value in 0..capacity {
            sender.try_send(value).unwrap();
        }
        let before = receiver.statistics();
        drop(sender.send(7));
        drop(Task::waiting(sender.send(7)));
        assert_eq!(receiver.statistics(), before);
        // Taken, and dropped before it looked.
        let send = Task::waiting(sender.send(8));
        let mut behind = Task::waiting(sender.send(9));
        for value in 0..capacity {
            assert_eq!(receiver.try_recv(), Ok(value));
        }
        if capacity == 0 {
            assert_eq!(receiver.try_recv(), Ok(8));
        }
        assert!(send.woken() && !behind.woken());
        drop(send);
        for value in (8..10).skip(1 - capacity) {
            assert_eq!(receiver.try_recv(), Ok(value));
        }
        assert!(behind.poll().is_ready());
    }
}

// CH-4, A-10
fn a_receive_that_is_dropped_passes_its_value_on_or_changes_nothing<F: Flavour>() {
    for capacity in [0, 1, 8] {
        let (sender, receiver) = Channel::<_, F>::bounded(capacity);
        let before = receiver.statistics();
        drop(receiver.recv());
        drop(Task::waiting(receiver.recv()));
        assert_eq!(receiver.statistics(), before);
        // Handed over in vain, it is the next one's.
        let first = Task::waiting(receiver.recv());
        let mut second = Task::waiting(receiver.recv());
        sender.try_send(1).unwrap();
        drop(first);
        assert!(second.woken());
        assert_eq!(second.poll(), Poll::Ready(Some(1)));
        // Where none waits it is the next to come out, before what was sent later.
        let (first, second) = (
            Task::waiting(receiver.recv()),
            Task::waiting(receiver.recv()),
        );
        sender.try_send(2).unwrap();
        sender.try_send(3).unwrap();
        drop(second);
        drop(first);
        let mut send = Task::new(sender.send(4));
        let sent = send.poll();
        assert_eq!(sent.is_pending(), capacity < 3);
        for expected in 2..5 {
            assert_eq!(receiver.try_recv(), Ok(expected));
        }
        assert!(sent.is_ready() || send.poll().is_ready());
        assert_eq!(receiver.statistics().buffered, 0);
    }
}

// CH-4, CH-6
fn the_end_comes_when_no_value_can_come_back<F: Flavour>() {
    let (sender, receiver) = Channel::<_, F>::bounded(1);
    let (first, mut second) = (
        Task::waiting(receiver.recv()),
        Task::waiting(receiver.recv()),
    );
    sender.try_send(1).unwrap();
    drop(sender);
    assert_eq!(second.poll(), Poll::Pending);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    drop(first);
    assert_eq!(second.poll(), Poll::Ready(Some(1)));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
}

// CH-10
fn a_receiver_is_a_stream_that_ends<F: Flavour>() {
    for capacity in [0, 1, 8] {
        let (sender, mut receiver) = Channel::<_, F>::bounded(capacity);
        assert!(poll_next(&mut receiver).is_pending());
        assert_eq!(receiver.statistics().waiting_receivers, 1);
        // It has its place, wherever it is moved.
        let mut receiver = Box::new(receiver);
        sender.try_send(1).unwrap();
        assert_eq!(poll_next(&mut receiver), Poll::Ready(Some(1)));
        let mut send = Task::new(sender.send(2));
        let sent = send.poll().is_ready();
        assert_eq!(poll_next(&mut receiver), Poll::Ready(Some(2)));
        assert!(sent || send.poll().is_ready());
        drop(send);
        assert!(poll_next(&mut receiver).is_pending());
        drop(sender);
        assert!(!receiver.is_terminated());
        assert_eq!(poll_next(&mut receiver), Poll::Ready(None));
        assert_eq!(poll_next(&mut receiver), Poll::Ready(None));
        assert!(receiver.is_terminated());
    }
}

// CH-10, CH-4
fn a_stream_gives_its_place_up_when_asked_otherwise_or_dropped<F: Flavour>() {
    let (sender, mut receiver) = Channel::<_, F>::bounded(8);
    // The value that it was handed is not passed over.
    assert!(poll_next(&mut receiver).is_pending());
    sender.try_send(1).unwrap();
    sender.try_send(2).unwrap();
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(poll_next(&mut receiver), Poll::Ready(Some(2)));
    // It does not wait behind itself.
    assert!(poll_next(&mut receiver).is_pending());
    let mut recv = Task::waiting(receiver.recv());
    assert_eq!(receiver.statistics().waiting_receivers, 1);
    sender.try_send(3).unwrap();
    assert_eq!(recv.poll(), Poll::Ready(Some(3)));
    drop(recv);
    // Nor does it keep a value from its clones.
    let other = receiver.clone();
    assert!(poll_next(&mut receiver).is_pending());
    let mut recv = Task::waiting(other.recv());
    sender.try_send(4).unwrap();
    assert!(!recv.woken());
    drop(receiver);
    assert!(recv.woken());
    assert_eq!(recv.poll(), Poll::Ready(Some(4)));
}

// CH-12
fn statistics_tell_what_is_going_on<F: Flavour>() {
    let (sender, receiver) = Channel::<_, F>::bounded(1);
    let (more, others) = (sender.clone(), receiver.clone());
    let waits = Task::waiting(receiver.recv());
    let statistics = Statistics {
        buffered: 0,
        capacity: Some(1),
        senders: 2,
        receivers: 2,
        waiting_senders: 0,
        waiting_receivers: 1,
        peak: 0,
        closed: false,
    };
    assert_eq!(sender.statistics(), statistics);
    drop((waits, others));
    sender.try_send('a').unwrap();
    let waits = Task::waiting(more.send('b'));
    let statistics = Statistics {
        buffered: 1,
        receivers: 1,
        waiting_senders: 1,
        waiting_receivers: 0,
        peak: 1,
        ..statistics
    };
    assert_eq!(receiver.statistics(), statistics);
    assert_eq!(format!("{receiver:?}"), format!("Receiver({statistics:?})"));
    assert_eq!(format!("{sender:?}"), format!("Sender({statistics:?})"));
    drop(waits);
    receiver.close();
    assert!(receiver.statistics().closed);
    assert_eq!(Channel::<u8, F>::unbounded().0.statistics().capacity, None);
}
