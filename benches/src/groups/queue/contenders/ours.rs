use std::hint::black_box;
use std::sync::Arc;

use withal_sync::queue::{Fifo, Queue as OurQueue};
use withal_sync::{flavour::Std, single_thread};

use super::{Ends, Home, Queue, clones};
use crate::groups::queue::shapes::Shape;
use crate::now::now;

/// Both ends of a queue of ours are the queue.
macro_rules! ours {
    ($queue:ident, $name:literal, $bound_to:expr, $type:ty) => {
        pub(in super::super) struct $queue;

        impl Queue for $queue {
            const NAME: &'static str = $name;
            const BOUND_TO: Option<Home> = $bound_to;
            type Sender = Arc<$type>;
            type Receiver = Arc<$type>;

            fn make(shape: Shape) -> Option<Ends<Self>> {
                let queue = Arc::new(match shape.capacity {
                    Some(capacity) => OurQueue::bounded(capacity),
                    None => OurQueue::unbounded(),
                });
                Some((
                    clones(queue.clone(), shape.senders),
                    clones(queue, shape.receivers),
                ))
            }

            async fn send(sender: &mut Self::Sender, item: u64) {
                sender.push(item).await.expect("it is open");
            }

            async fn receive(receiver: &mut Self::Receiver) -> u64 {
                receiver.pop().await.expect("it is open")
            }

            fn try_send(sender: &mut Self::Sender, item: u64) {
                sender.try_push(item).expect("there is room");
            }

            fn try_receive(receiver: &mut Self::Receiver) -> u64 {
                receiver.try_pop().expect("it is not empty")
            }
        }
    };
}

type WithStd = OurQueue<u64, Fifo<u64>, Std>;

ours!(Withal, "withal", None, withal_sync::Queue<u64>);
ours!(WithStdsLock, "withal (std's lock)", None, WithStd);
ours!(
    BoundToTokio,
    "withal (bound)",
    Some(Home::Tokio),
    withal::tokio::Queue<u64>
);
ours!(
    BoundToSmol,
    "withal (bound)",
    Some(Home::Smol),
    withal::smol::Queue<u64>
);

/// [`alone`](crate::groups::queue::shapes::alone) with the one that stays on its thread, and so is no
/// [`Queue`].
pub(in super::super) fn on_one_thread(times: u64) {
    let queue = single_thread::Queue::bounded(16);
    for item in 0..times {
        now(queue.push(item)).expect("it is open");
        black_box(now(queue.pop()));
    }
}

/// The same by the forms that never wait.
pub(in super::super) fn try_on_one_thread(times: u64) {
    let queue = single_thread::Queue::bounded(16);
    for item in 0..times {
        queue.try_push(item).expect("there is room");
        black_box(queue.try_pop().ok());
    }
}
