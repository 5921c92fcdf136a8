//! It has other types for other shapes, the fastest for each of which is what runs.

use ::crossfire::{mpmc, mpsc, spsc};

use super::{Ends, Queue, clones};
use crate::groups::queue::shapes::Shape;

/// `$fits` tells whether it is the type for so many senders and receivers.
macro_rules! bounded {
    ($queue:ident, $module:ident, $sender:ident, $receiver:ident, $fits:pat, $senders:expr, $receivers:expr) => {
        pub(in super::super) struct $queue;

        impl Queue for $queue {
            const NAME: &'static str = "crossfire";
            type Sender = ::crossfire::$sender<$module::Array<u64>>;
            type Receiver = ::crossfire::$receiver<$module::Array<u64>>;

            fn make(shape: Shape) -> Option<Ends<Self>> {
                let ($fits, Some(capacity)) = ((shape.senders, shape.receivers), shape.capacity)
                else {
                    return None;
                };
                let (sender, receiver) = $module::bounded_async(capacity);
                Some((
                    $senders(sender, shape.senders),
                    $receivers(receiver, shape.receivers),
                ))
            }

            async fn send(sender: &mut Self::Sender, item: u64) {
                sender.send(item).await.expect("it is open");
            }

            async fn receive(receiver: &mut Self::Receiver) -> u64 {
                receiver.recv().await.expect("it is open")
            }

            fn try_send(sender: &mut Self::Sender, item: u64) {
                sender.try_send(item).expect("there is room");
            }

            fn try_receive(receiver: &mut Self::Receiver) -> u64 {
                receiver.try_recv().expect("it is not empty")
            }
        }
    };
}

macro_rules! unbounded {
    ($queue:ident, $module:ident, $sender:ident, $receiver:ident, $fits:pat, $senders:expr, $receivers:expr) => {
        pub(in super::super) struct $queue;

        impl Queue for $queue {
            const NAME: &'static str = "crossfire";
            type Sender = ::crossfire::$sender<$module::List<u64>>;
            type Receiver = ::crossfire::$receiver<$module::List<u64>>;

            fn make(shape: Shape) -> Option<Ends<Self>> {
                let ($fits, None) = ((shape.senders, shape.receivers), shape.capacity) else {
                    return None;
                };
                let (sender, receiver) = $module::unbounded_async();
                Some((
                    $senders(sender, shape.senders),
                    $receivers(receiver, shape.receivers),
                ))
            }

            async fn send(sender: &mut Self::Sender, item: u64) {
                sender.send(item).expect("it is open");
            }

            async fn receive(receiver: &mut Self::Receiver) -> u64 {
                receiver.recv().await.expect("it is open")
            }

            fn try_send(sender: &mut Self::Sender, item: u64) {
                sender.try_send(item).expect("there is room");
            }

            fn try_receive(receiver: &mut Self::Receiver) -> u64 {
                receiver.try_recv().expect("it is not empty")
            }
        }
    };
}

bounded!(Spsc, spsc, AsyncTx, AsyncRx, (1, 1), one, one);
bounded!(Mpsc, mpsc, MAsyncTx, AsyncRx, (2.., 1), many, one);
bounded!(Mpmc, mpmc, MAsyncTx, MAsyncRx, (_, 2..), many, many);
unbounded!(UnboundedSpsc, spsc, Tx, AsyncRx, (1, 1), one, one);
unbounded!(UnboundedMpsc, mpsc, MTx, AsyncRx, (2.., 1), many, one);
unbounded!(UnboundedMpmc, mpmc, MTx, MAsyncRx, (_, 2..), many, many);

fn one<T>(end: T, _: usize) -> Vec<T> {
    vec![end]
}

fn many<T: Clone>(end: T, count: usize) -> Vec<T> {
    clones(&end, count)
}
