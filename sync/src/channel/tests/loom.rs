//! Models: handles that are dropped while others send and receive.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use std::sync::Arc;

use loom::future::block_on;
use loom::thread;

use super::{Channel, Receiver, Sender};
use crate::flavour::Modelled;

fn channel<T>(capacity: usize) -> (Sender<T, Modelled>, Receiver<T, Modelled>) {
    Channel::bounded(capacity)
}

/// Runs `model` in every interleaving with at most three preemptions.
fn model(model: impl Fn() + core::marker::Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(model);
}

/// Polls a future, and drops it.
fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

// CH-5, CH-6: two senders go while a receiver begins to wait
#[test]
fn the_last_of_two_senders_ends_the_channel() {
    model(|| {
        let (sender, receiver) = channel::<u8>(1);
        let clone = sender.clone();
        let first = thread::spawn(move || drop(sender));
        let second = thread::spawn(move || drop(clone));
        assert_eq!(block_on(receiver.recv()), None);
        first.join().unwrap();
        second.join().unwrap();
        assert_eq!(receiver.statistics().senders, 0);
    });
}

fn sends_and_goes(capacity: usize) {
    model(move || {
        let (sender, receiver) = channel(capacity);
        let other = thread::spawn(move || block_on(sender.send(1)).is_ok());
        assert_eq!(block_on(receiver.recv()), Some(1));
        assert_eq!(block_on(receiver.recv()), None);
        assert!(other.join().unwrap());
    });
}

// CH-6: the value of a sender that is gone comes before the end
#[test]
fn a_value_is_received_before_the_end() {
    sends_and_goes(1);
}

// CH-1, CH-6
#[test]
fn a_value_is_received_before_the_end_of_a_rendezvous() {
    sends_and_goes(0);
}

fn receiver_goes(capacity: usize) {
    model(move || {
        let (sender, receiver) = channel(capacity);
        let value = Arc::new(());
        let other = thread::spawn(move || drop(receiver));
        // It is sent, and dropped with the receiver; or it comes back.
        let sent = block_on(sender.send(value.clone()));
        if capacity == 0 {
            assert!(sent.is_err());
        }
        other.join().unwrap();
        let here = usize::from(sent.is_err());
        assert_eq!(Arc::strong_count(&value), 1 + here);
        assert_eq!(sender.statistics().buffered, 0);
    });
}

// CH-7: the buffer is dropped, whichever comes first
#[test]
fn the_last_receiver_takes_what_is_sent_with_it() {
    receiver_goes(1);
}

// CH-7: a sender begins to wait while the receiver goes
#[test]
fn the_last_receiver_lets_a_sender_go() {
    receiver_goes(0);
}

// CH-7, CH-8: two receivers go, one of them out of a wait, while a sender begins to wait
#[test]
fn the_last_of_two_receivers_lets_a_sender_go() {
    model(|| {
        let (sender, receiver) = channel(0);
        let clone = receiver.clone();
        let value = Arc::new(());
        let first = thread::spawn(move || poll_once(receiver.recv()).flatten().is_some());
        let second = thread::spawn(move || drop(clone));
        let sent = block_on(sender.send(value.clone()));
        let received = first.join().unwrap();
        second.join().unwrap();
        // A receiver that had it in its hands took it with it.
        assert!(sent.is_ok() || !received);
        let here = usize::from(sent.is_err());
        assert_eq!(Arc::strong_count(&value), 1 + here);
    });
}

// CH-2, CH-4, A-10: of two receivers one is cancelled, perhaps with a value in its hands
#[test]
fn a_value_survives_the_receiver_that_is_cancelled() {
    model(|| {
        let (sender, receiver) = channel(0);
        let clone = receiver.clone();
        let cancelled = thread::spawn(move || poll_once(clone.recv()));
        let other = thread::spawn(move || {
            block_on(async { sender.send(1).await.is_ok() && sender.send(2).await.is_ok() })
        });
        let first = block_on(receiver.recv()).unwrap();
        let by_other = cancelled.join().unwrap();
        let second = match by_other {
            Some(value) => value.unwrap(),
            None => block_on(receiver.recv()).unwrap(),
        };
        assert_eq!(first + second, 3);
        assert!(other.join().unwrap());
    });
}

// CH-6, Q-20: one that is cancelled, perhaps with the last value in its hands, before another ends
#[test]
fn the_end_comes_after_a_value_that_comes_back() {
    model(|| {
        let (sender, receiver) = channel(1);
        let clone = receiver.clone();
        let cancelled = thread::spawn(move || poll_once(clone.recv()).flatten());
        let other = thread::spawn(move || sender.try_send(1).unwrap());
        let here = block_on(receiver.recv());
        other.join().unwrap();
        assert_eq!(here.or(cancelled.join().unwrap()), Some(1));
    });
}
