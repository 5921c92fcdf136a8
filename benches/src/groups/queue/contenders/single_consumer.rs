use futures_channel::mpsc as futures;
use futures_util::{SinkExt, StreamExt};
use tokio::sync::mpsc as tokio;

use super::{Ends, Queue, clones};
use crate::groups::queue::shapes::Shape;

/// A peer with one receiver. What its operations say is an `Option` or a `Result`.
macro_rules! peer {
    (
        $queue:ident, $name:literal, $sender:ty, $receiver:ty,
        |$shape:ident| $make:expr,
        |$to:ident, $item:ident| $send:expr,
        |$from:ident| $receive:expr,
        $try_send:ident
    ) => {
        pub(in super::super) struct $queue;

        impl Queue for $queue {
            const NAME: &'static str = $name;
            type Sender = $sender;
            type Receiver = $receiver;

            fn make($shape: Shape) -> Option<Ends<Self>> {
                if $shape.receivers > 1 {
                    return None;
                }
                let (sender, receiver) = $make?;
                Some((clones(sender, $shape.senders), vec![receiver]))
            }

            async fn send($to: &mut Self::Sender, $item: u64) {
                $send.expect("it is open");
            }

            async fn receive($from: &mut Self::Receiver) -> u64 {
                $receive.expect("it is open")
            }

            fn try_send(sender: &mut Self::Sender, item: u64) {
                sender.$try_send(item).expect("there is room");
            }

            fn try_receive(receiver: &mut Self::Receiver) -> u64 {
                receiver.try_recv().expect("it is not empty")
            }
        }
    };
}

peer!(
    Tokio,
    "tokio mpsc",
    tokio::Sender<u64>,
    tokio::Receiver<u64>,
    |shape| shape.capacity.map(tokio::channel),
    |sender, item| sender.send(item).await,
    |receiver| receiver.recv().await,
    try_send
);
peer!(
    TokioUnbounded,
    "tokio mpsc",
    tokio::UnboundedSender<u64>,
    tokio::UnboundedReceiver<u64>,
    |shape| shape.capacity.is_none().then(tokio::unbounded_channel),
    |sender, item| sender.send(item),
    |receiver| receiver.recv().await,
    send
);
peer!(
    Tachyonix,
    "tachyonix",
    tachyonix::Sender<u64>,
    tachyonix::Receiver<u64>,
    |shape| shape.capacity.map(tachyonix::channel),
    |sender, item| sender.send(item).await,
    |receiver| receiver.recv().await,
    try_send
);
peer!(
    Thingbuf,
    "thingbuf",
    thingbuf::mpsc::Sender<u64>,
    thingbuf::mpsc::Receiver<u64>,
    |shape| shape.capacity.map(thingbuf::mpsc::channel),
    |sender, item| sender.send(item).await,
    |receiver| receiver.recv().await,
    try_send
);
// Each sender adds a place of its own to the capacity. `feed` waits for room, `send` also until it
// is received.
peer!(
    Futures,
    "futures-channel",
    futures::Sender<u64>,
    futures::Receiver<u64>,
    |shape| shape
        .capacity
        .map(|capacity| futures::channel(capacity.saturating_sub(shape.senders))),
    |sender, item| sender.feed(item).await,
    |receiver| receiver.next().await,
    try_send
);
peer!(
    FuturesUnbounded,
    "futures-channel",
    futures::UnboundedSender<u64>,
    futures::UnboundedReceiver<u64>,
    |shape| shape.capacity.is_none().then(futures::unbounded),
    |sender, item| sender.unbounded_send(item),
    |receiver| receiver.next().await,
    unbounded_send
);
