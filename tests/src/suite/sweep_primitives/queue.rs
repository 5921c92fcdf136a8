use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::{FutureExt, join};
use futures_util::stream::StreamExt;
use withal::runtime::Runtime;
use withal_sync::Queue;

use super::{Item, Scenario, sweep};
use crate::poll::yields;

/// A queue, and who has its items.
struct Items {
    queue: Queue<Item>,
    alive: Arc<AtomicUsize>,
    /// Those that came out, and are not reported as done.
    came_out: AtomicUsize,
}

impl Items {
    fn new() -> Self {
        Self {
            queue: Queue::bounded(1),
            alive: Arc::default(),
            came_out: AtomicUsize::new(0),
        }
    }

    fn item(&self) -> Item {
        self.alive.fetch_add(1, Ordering::SeqCst);
        Item(self.alive.clone())
    }

    async fn push(&self, times: usize) {
        for _ in 0..times {
            yields(1).await;
            assert!(self.queue.push(self.item()).await.is_ok());
        }
    }

    fn took(&self, item: Option<Item>) {
        let came = usize::from(item.is_some());
        self.came_out.fetch_add(came, Ordering::SeqCst);
    }

    /// Each item that went in came out, or is stored; no place and nobody is left.
    fn hold(&self) {
        let now = self.queue.statistics();
        let waiting = now.waiting_poppers + now.waiting_pushers + now.joining;
        assert_eq!((waiting, now.reserved), (0, 0), "{now:?}");
        let came_out = self.came_out.load(Ordering::SeqCst);
        assert_eq!(now.unfinished, came_out + now.stored, "{now:?}");
        let alive = self.alive.load(Ordering::SeqCst);
        assert_eq!(alive, now.stored, "items are leaked: {now:?}");
        assert!(now.peak <= 1, "{now:?}");
    }
}

//
pub async fn each_operation_of_a_queue<R: Runtime>(rt: &R) {
    let scenarios: &[Scenario<Items>] = &[
        ("push and pop", |items| {
            async move {
                let pops = async {
                    for _ in 0..3 {
                        items.took(items.queue.pop().await);
                        yields(2).await;
                    }
                };
                join(items.push(3), pops).await;
            }
            .boxed()
        }),
        ("reserve", |items| {
            async move {
                let reserves = async {
                    for _ in 0..2 {
                        let slot = items.queue.reserve().await.unwrap();
                        yields(1).await;
                        assert!(slot.push(items.item()).is_ok());
                    }
                };
                let pops = async {
                    for _ in 0..3 {
                        items.took(items.queue.pop().await);
                    }
                };
                join(join(reserves, items.push(1)), pops).await;
            }
            .boxed()
        }),
        ("pop_job and join", |items| {
            async move {
                let jobs = async {
                    for _ in 0..2 {
                        let _job = items.queue.pop_job().await;
                        yields(1).await;
                    }
                };
                let joins = async {
                    items.push(2).await;
                    items.queue.join().await;
                };
                join(jobs, joins).await;
            }
            .boxed()
        }),
        ("stream", |items| {
            async move {
                let fills = async {
                    items.push(2).await;
                    items.queue.close();
                };
                let reads = async {
                    let mut stream = std::pin::pin!(items.queue.stream());
                    while let Some(item) = stream.next().await {
                        items.took(Some(item));
                        yields(1).await;
                    }
                };
                join(fills, reads).await;
            }
            .boxed()
        }),
    ];
    sweep(rt, Items::new, Items::hold, scenarios).await;
}
