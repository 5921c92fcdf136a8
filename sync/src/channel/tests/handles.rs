//! What becomes of a channel when its handles are cloned, closed and dropped.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::Cell;
use core::future::Future;
use core::task::Poll;

use super::super::{Channel, Receiver, Sender, TryRecvError, TrySendError};
use super::poll_next;
use crate::flavour::{Flavour, SingleThread, Spin};
use crate::tests::{Task, each_flavour};

each_flavour!(
    receivers_drain_when_the_last_sender_is_gone,
    receivers_that_wait_are_told_that_the_last_sender_is_gone,
    sends_fail_when_the_last_receiver_is_gone,
    a_value_in_the_hands_of_the_last_receiver_goes_with_it,
    a_handle_that_is_dropped_leaves_its_clones_alone,
    closing_is_for_all_handles_and_once,
    clones_in_place_of_a_handle_leave_none_over,
);

const _: () = {
    const fn shared<T: Send + Sync + Unpin>() {}
    shared::<Sender<Cell<u8>>>();
    shared::<Receiver<Cell<u8>>>();
};

/// Looks at its channel when it is dropped, which must not be in a section: there it panics.
struct Looks {
    channel: Sender<Self, SingleThread>,
    dropped: Rc<Cell<usize>>,
}

impl Drop for Looks {
    fn drop(&mut self) {
        assert!(self.channel.is_closed());
        self.dropped.set(self.dropped.get() + 1);
    }
}

// CH-5, CH-6
fn receivers_drain_when_the_last_sender_is_gone<F: Flavour>() {
    let (sender, receiver) = Channel::<_, F>::bounded(2);
    let clone = sender.clone();
    sender.try_send(1).unwrap();
    drop(sender);
    clone.try_send(2).unwrap();
    assert!(!receiver.is_closed());
    drop(clone);
    assert!(receiver.is_closed());
    assert_eq!(Task::new(receiver.recv()).poll(), Poll::Ready(Some(1)));
    assert_eq!(receiver.try_recv(), Ok(2));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(Task::new(receiver.recv()).poll(), Poll::Ready(None));
}

// CH-6
fn receivers_that_wait_are_told_that_the_last_sender_is_gone<F: Flavour>() {
    for capacity in [0, 8] {
        let (sender, receiver) = Channel::<u8, F>::bounded(capacity);
        // More than one section wakes.
        let mut recvs: Vec<_> = (0..100).map(|_| Task::waiting(receiver.recv())).collect();
        drop(sender);
        for recv in &mut recvs {
            assert!(recv.woken());
            assert_eq!(recv.poll(), Poll::Ready(None));
        }
    }
}

// CH-5, CH-7
fn sends_fail_when_the_last_receiver_is_gone<F: Flavour>() {
    for capacity in [0, 1] {
        let (sender, receiver) = Channel::<_, F>::bounded(capacity);
        let clone = receiver.clone();
        drop(receiver);
        for value in 0..capacity {
            sender.try_send(value).unwrap();
        }
        let mut sends: Vec<_> = (0..100).map(|n| Task::waiting(sender.send(n))).collect();
        drop(clone);
        for (value, send) in sends.iter_mut().enumerate() {
            assert!(send.woken());
            let Poll::Ready(Err(refused)) = send.poll() else {
                panic!("it was sent");
            };
            assert_eq!(refused.value, value);
        }
        assert!(sender.is_closed());
        assert_eq!(sender.statistics().buffered, 0);
        assert_eq!(sender.try_send(7), Err(TrySendError::Closed(7)));
        assert!(matches!(
            Task::new(sender.send(8)).poll(),
            Poll::Ready(Err(refused)) if refused.value == 8
        ));
    }
}

// CH-7, A-9
#[test]
fn what_is_buffered_is_dropped_with_the_last_receiver_outside_of_sections() {
    let (sender, receiver) = Channel::<_, SingleThread>::bounded(2);
    let dropped = Rc::default();
    let looks = || Looks {
        channel: sender.clone(),
        dropped: Rc::clone(&dropped),
    };
    assert!(sender.try_send(looks()).is_ok() && sender.try_send(looks()).is_ok());
    let mut send = Task::waiting(sender.send(looks()));
    drop(receiver);
    assert_eq!(dropped.get(), 2);
    // This one comes back.
    assert!(send.woken());
    drop(send.poll());
    assert_eq!(dropped.get(), 3);
}

// CH-4, CH-7
fn a_value_in_the_hands_of_the_last_receiver_goes_with_it<F: Flavour>() {
    let (sender, mut receiver) = Channel::<_, F>::bounded(0);
    let value = Rc::new(());
    assert!(poll_next(&mut receiver).is_pending());
    sender.try_send(value.clone()).unwrap();
    drop(receiver);
    assert_eq!(Rc::strong_count(&value), 1);
    let (sender, receiver) = Channel::<_, F>::bounded(0);
    let recv = Task::waiting(receiver.recv_owned());
    drop(receiver);
    sender.try_send(value.clone()).unwrap();
    assert!(!sender.is_closed());
    drop(recv);
    assert!(sender.is_closed());
    assert_eq!(Rc::strong_count(&value), 1);
}

// CH-8
fn a_handle_that_is_dropped_leaves_its_clones_alone<F: Flavour>() {
    let (sender, receiver) = Channel::<_, F>::bounded(0);
    let (sends, receives) = (sender.clone(), receiver.clone());
    drop(receiver);
    let mut send = Task::waiting(sends.send(1));
    drop(sender);
    assert!(!send.woken());
    assert_eq!(receives.try_recv(), Ok(1));
    assert!(send.poll().is_ready());
}

// CH-5, CH-8
#[test]
fn an_operation_that_owns_its_handle_keeps_the_channel_open() {
    fn goes_anywhere<F: Future + Send + 'static>(future: F) -> F {
        future
    }
    let (sender, receiver) = Channel::<_, Spin>::bounded(0);
    let mut send = Task::waiting(goes_anywhere(sender.send_owned(1)));
    drop(sender);
    assert_eq!(receiver.statistics().senders, 1);
    let mut recv = Task::new(goes_anywhere(receiver.recv_owned()));
    drop(receiver);
    assert_eq!(recv.poll(), Poll::Ready(Some(1)));
    assert_eq!(send.poll(), Poll::Ready(Ok(())));
    assert!(recv.poll().is_pending());
    drop(send);
    assert!(recv.woken());
    assert_eq!(recv.poll(), Poll::Ready(None));
}

// CH-5, CH-8, CH-9
fn closing_is_for_all_handles_and_once<F: Flavour>() {
    for by_sender in [true, false] {
        let (sender, receiver) = Channel::<_, F>::bounded(1);
        let clone = sender.clone();
        sender.try_send(1).unwrap();
        let mut send = Task::waiting(clone.send(2));
        let close = || {
            if by_sender {
                sender.close()
            } else {
                receiver.close()
            }
        };
        assert!(close());
        assert!(!close());
        assert!(send.woken());
        assert!(matches!(
            send.poll(),
            Poll::Ready(Err(refused)) if refused.value == 2
        ));
        assert_eq!(
            sender.clone().try_send(3),
            Err(TrySendError::Closed(3)),
            "a clone of what is closed is closed"
        );
        assert_eq!(receiver.clone().try_recv(), Ok(1));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    }
}

// CH-13
fn clones_in_place_of_a_handle_leave_none_over<F: Flavour>() {
    let (sender, receiver) = Channel::<u8, F>::unbounded();
    let senders: Vec<_> = sender.into_clones(3).collect();
    assert_eq!(receiver.statistics().senders, 3);
    let receivers: Vec<_> = receiver.into_clones(2).collect();
    assert_eq!(senders[0].statistics().receivers, 2);
    drop(senders);
    assert!(receivers[0].is_closed());
    // None at all closes it.
    let (sender, receiver) = Channel::<u8, F>::unbounded();
    assert_eq!(sender.into_clones(0).count(), 0);
    assert!(receiver.is_closed());
}
