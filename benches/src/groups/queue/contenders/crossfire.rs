//! It has other types for other shapes; the one that is made for a shape is what runs.

use ::crossfire::{AsyncRx, AsyncTx, MAsyncRx, MAsyncTx, MTx, Tx, mpmc, mpsc, spsc};

use super::{Ends, Queue, clones};
use crate::groups::queue::shapes::Shape;

/// One of its types, for the shapes of which `$fits` holds. What sending gives is a `Result`.
macro_rules! peer {
    (
        $queue:ident, $sender:ty, $receiver:ty, $fits:pat, $senders:expr, $receivers:expr,
        |$shape:ident| $make:expr,
        |$to:ident, $item:ident| $send:expr
    ) => {
        pub(in super::super) struct $queue;

        impl Queue for $queue {
            const NAME: &'static str = "crossfire";
            type Sender = $sender;
            type Receiver = $receiver;

            fn make($shape: Shape) -> Option<Ends<Self>> {
                if !matches!(($shape.senders, $shape.receivers), $fits) {
                    return None;
                }
                let (sender, receiver) = $make?;
                Some((
                    $senders(sender, $shape.senders),
                    $receivers(receiver, $shape.receivers),
                ))
            }

            async fn send($to: &mut Self::Sender, $item: u64) {
                $send.expect("it is open");
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

peer!(
    Spsc,
    AsyncTx<spsc::Array<u64>>,
    AsyncRx<spsc::Array<u64>>,
    (1, 1),
    one,
    one,
    |shape| shape.capacity.map(spsc::bounded_async),
    |sender, item| sender.send(item).await
);
peer!(
    Mpsc,
    MAsyncTx<mpsc::Array<u64>>,
    AsyncRx<mpsc::Array<u64>>,
    (2.., 1),
    clones,
    one,
    |shape| shape.capacity.map(mpsc::bounded_async),
    |sender, item| sender.send(item).await
);
peer!(
    Mpmc,
    MAsyncTx<mpmc::Array<u64>>,
    MAsyncRx<mpmc::Array<u64>>,
    (_, 2..),
    clones,
    clones,
    |shape| shape.capacity.map(mpmc::bounded_async),
    |sender, item| sender.send(item).await
);
peer!(
    UnboundedSpsc,
    Tx<spsc::List<u64>>,
    AsyncRx<spsc::List<u64>>,
    (1, 1),
    one,
    one,
    |shape| shape.capacity.is_none().then(spsc::unbounded_async),
    |sender, item| sender.send(item)
);
peer!(
    UnboundedMpsc,
    MTx<mpsc::List<u64>>,
    AsyncRx<mpsc::List<u64>>,
    (2.., 1),
    clones,
    one,
    |shape| shape.capacity.is_none().then(mpsc::unbounded_async),
    |sender, item| sender.send(item)
);
peer!(
    UnboundedMpmc,
    MTx<mpmc::List<u64>>,
    MAsyncRx<mpmc::List<u64>>,
    (_, 2..),
    clones,
    clones,
    |shape| shape.capacity.is_none().then(mpmc::unbounded_async),
    |sender, item| sender.send(item)
);

fn one<T>(end: T, _: usize) -> Vec<T> {
    vec![end]
}
