use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::{FutureExt, join};
use futures_util::stream::StreamExt;
use withal::runtime::Runtime;
use withal_sync::{Channel, Receiver, Sender};

use super::{Item, Scenario, sweep};
use crate::poll::yields;

/// A rendezvous, whose handles stay.
struct Passed {
    sender: Sender<Item>,
    receiver: Receiver<Item>,
    alive: Arc<AtomicUsize>,
}

impl Passed {
    fn new() -> Self {
        let (sender, receiver) = Channel::bounded(0);
        Self {
            sender,
            receiver,
            alive: Arc::default(),
        }
    }

    async fn send(&self, times: usize) {
        for _ in 0..times {
            self.alive.fetch_add(1, Ordering::SeqCst);
            let sent = self.sender.send(Item(self.alive.clone())).await;
            assert!(sent.is_ok());
            yields(1).await;
        }
    }

    /// Each value was received, or was dropped with its send, or came back; nobody is left.
    fn hold(&self) {
        let now = self.sender.statistics();
        assert_eq!((now.waiting_senders, now.waiting_receivers), (0, 0));
        assert_eq!((now.senders, now.receivers), (1, 1));
        let alive = self.alive.load(Ordering::SeqCst);
        assert_eq!(alive, now.buffered, "values are leaked: {now:?}");
    }
}

// CH-1, CH-2, CH-4, CH-5, CH-10, A-3
pub async fn each_operation_of_a_channel<R: Runtime>(rt: &R) {
    let scenarios: &[Scenario<Passed>] = &[
        ("send and recv", |passed| {
            async move {
                let receives = async {
                    for _ in 0..3 {
                        yields(1).await;
                        drop(passed.receiver.recv().await);
                    }
                };
                join(join(passed.send(2), passed.send(1)), receives).await;
            }
            .boxed()
        }),
        ("a stream", |passed| {
            async move {
                let receives = async {
                    let mut receiver = passed.receiver.clone();
                    for _ in 0..2 {
                        drop(receiver.next().await);
                        yields(1).await;
                    }
                };
                join(passed.send(2), receives).await;
            }
            .boxed()
        }),
        ("owned operations", |passed| {
            async move {
                let send = passed.sender.clone().send_owned(Item(passed.alive.clone()));
                passed.alive.fetch_add(1, Ordering::SeqCst);
                drop(join(send, passed.receiver.recv_owned()).await);
            }
            .boxed()
        }),
    ];
    sweep(rt, Passed::new, Passed::hold, scenarios).await;
}
