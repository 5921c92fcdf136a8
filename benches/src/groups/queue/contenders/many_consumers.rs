use super::{Queue, clones};
use crate::groups::queue::shapes::Shape;

/// A peer whose ends are both cloned, and named `Sender` and `Receiver`.
macro_rules! peer {
    (
        $queue:ident, $name:literal, $sender:ty, $receiver:ty, $bounded:path, $unbounded:path,
        $send:ident, $receive:ident, $try_receive:expr
    ) => {
        pub(in super::super) struct $queue;

        impl Queue for $queue {
            const NAME: &'static str = $name;
            type Sender = $sender;
            type Receiver = $receiver;

            fn make(shape: Shape) -> Option<(Vec<Self::Sender>, Vec<Self::Receiver>)> {
                let (sender, receiver) = match shape.capacity {
                    Some(capacity) => $bounded(capacity),
                    None => $unbounded(),
                };
                Some((
                    clones(&sender, shape.senders),
                    clones(&receiver, shape.receivers),
                ))
            }

            async fn send(sender: &mut Self::Sender, item: u64) {
                sender.$send(item).await.expect("it is open");
            }

            async fn receive(receiver: &mut Self::Receiver) -> u64 {
                receiver.$receive().await.expect("it is open")
            }

            fn try_send(sender: &mut Self::Sender, item: u64) {
                sender.try_send(item).expect("there is room");
            }

            fn try_receive(receiver: &mut Self::Receiver) -> u64 {
                let try_receive: fn(&Self::Receiver) -> Option<u64> = $try_receive;
                try_receive(receiver).expect("it is not empty")
            }
        }
    };
}

peer!(
    Kanal,
    "kanal",
    kanal::AsyncSender<u64>,
    kanal::AsyncReceiver<u64>,
    kanal::bounded_async,
    kanal::unbounded_async,
    send,
    recv,
    |receiver| receiver.try_recv().ok().flatten()
);
peer!(
    Flume,
    "flume",
    flume::Sender<u64>,
    flume::Receiver<u64>,
    flume::bounded,
    flume::unbounded,
    send_async,
    recv_async,
    |receiver| receiver.try_recv().ok()
);
peer!(
    Loole,
    "loole",
    loole::Sender<u64>,
    loole::Receiver<u64>,
    loole::bounded,
    loole::unbounded,
    send_async,
    recv_async,
    |receiver| receiver.try_recv().ok()
);
peer!(
    AsyncChannel,
    "async-channel",
    async_channel::Sender<u64>,
    async_channel::Receiver<u64>,
    async_channel::bounded,
    async_channel::unbounded,
    send,
    recv,
    |receiver| receiver.try_recv().ok()
);
