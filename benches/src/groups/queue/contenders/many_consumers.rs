use super::{Ends, Queue, clones};
use crate::groups::queue::shapes::Shape;

/// A peer whose ends are both cloned, for at most so many receivers.
macro_rules! peer {
    (
        $queue:ident, $name:literal, $most_receivers:expr, $sender:ty, $receiver:ty, $bounded:path, $unbounded:path,
        $send:ident, $receive:ident, $try_receive:expr
    ) => {
        pub(in super::super) struct $queue;

        impl Queue for $queue {
            const NAME: &'static str = $name;
            type Sender = $sender;
            type Receiver = $receiver;

            fn make(shape: Shape) -> Option<Ends<Self>> {
                if shape.receivers > $most_receivers {
                    return None;
                }
                let (sender, receiver) = match shape.capacity {
                    Some(capacity) => $bounded(capacity),
                    None => $unbounded(),
                };
                Some((
                    clones(sender, shape.senders),
                    clones(receiver, shape.receivers),
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
    usize::MAX,
    kanal::AsyncSender<u64>,
    kanal::AsyncReceiver<u64>,
    kanal::bounded_async,
    kanal::unbounded_async,
    send,
    recv,
    |receiver| receiver.try_recv().ok().flatten()
);
// With several receivers on two threads it loses a wake now and then, at capacity 1 within seconds:
// senders and receivers sleep, and the run never ends.
peer!(
    Flume,
    "flume",
    1,
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
    usize::MAX,
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
    usize::MAX,
    async_channel::Sender<u64>,
    async_channel::Receiver<u64>,
    async_channel::bounded,
    async_channel::unbounded,
    send,
    recv,
    |receiver| receiver.try_recv().ok()
);
