use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_util::future::join;
use futures_util::stream::{self, BoxStream, StreamExt};
use withal::generator;
use withal::runtime::Runtime;
use withal::stream::pages;

use crate::poll::yields;
use crate::sweep::{Ending, Followed, Real, Sweep};

/// A stream that its consumers share, one after the other, and what they have read.
struct Kept {
    stream: BoxStream<'static, u32>,
    items: Vec<u32>,
}

type Shared = Arc<Mutex<Kept>>;
type Make = fn() -> BoxStream<'static, u32>;

fn lock(kept: &Shared) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads on, to the end.
async fn read(kept: &Shared) {
    loop {
        let next = poll_fn(|cx| lock(kept).stream.poll_next_unpin(cx));
        let Some(item) = next.await else { return };
        lock(kept).items.push(item);
        yields(1).await;
    }
}

/// The next consumer gets the rest.
fn goes_on(kept: &Shared, ending: &Ending) {
    let mut kept = lock(kept);
    // A generator whose body panics is closed.
    if *ending != Ending::Panicked {
        let mut cx = Context::from_waker(Waker::noop());
        for _ in 0..100 {
            match kept.stream.poll_next_unpin(&mut cx) {
                Poll::Ready(Some(item)) => kept.items.push(item),
                Poll::Ready(None) => break,
                Poll::Pending => {}
            }
        }
        assert_eq!(kept.items.len(), 4, "an item is lost: {:?}", kept.items);
    }
    let came: Vec<_> = (0..4).take(kept.items.len()).collect();
    assert_eq!(kept.items, came, "an item is lost, or came twice");
}

/// Waits before each item, and behind it.
fn slow() -> BoxStream<'static, u32> {
    generator(async |y| {
        for item in 0..4 {
            yields(1).await;
            y.yield_(item).await;
            yields(1).await;
        }
    })
    .boxed()
}

// A-3, AG-18, AG-19, IT-15, IT-16
pub async fn one_that_outlives_its_consumer_goes_on<R: Runtime>(rt: &R) {
    let streams: &[(&str, Make)] = &[
        ("a generator", slow),
        ("a generator that may fail", || {
            let items = generator(async |y| {
                let mut items = slow();
                while let Some(item) = items.next().await {
                    y.yield_(item).await;
                }
                Ok::<(), u32>(())
            });
            items.map(|item| item.unwrap_or(99)).boxed()
        }),
        ("a generator that delegates", || {
            generator(async |y| y.delegate(slow()).await).boxed()
        }),
        ("a generator with yields at once", || {
            generator(async |y| {
                for item in [0, 2] {
                    yields(1).await;
                    join(y.yield_(item), y.yield_(item + 1)).await;
                }
            })
            .boxed()
        }),
        ("a chain of adapters", || {
            slow()
                .then(async |item| {
                    yields(1).await;
                    item
                })
                .peekable()
                .map(async |item| item)
                .buffered(2)
                .boxed()
        }),
        ("pages", || {
            let rows = pages(0, async |page| {
                yields(1).await;
                Ok::<_, Infallible>(([page, page + 1], (page < 2).then_some(page + 2)))
            });
            rows.map(|Ok(row)| row).boxed()
        }),
        ("a chain of sources", || {
            let last = stream::once(async {
                yields(1).await;
                3
            });
            slow().take(3).chain(last).boxed()
        }),
    ];
    for (name, stream) in streams {
        let stream = *stream;
        let sweep: Sweep<Shared, Real<R>> = Sweep::on(rt, move || {
            Arc::new(Mutex::new(Kept {
                stream: stream(),
                items: Vec::new(),
            }))
        });
        // Those of `buffered` stay in the stream, which is kept.
        let sweep = sweep.invariant_of(goes_on).wakers_may_stay();
        let swept = sweep
            .sweep(async |_: Followed<R>, kept| read(&kept).await)
            .await;
        let swept = swept.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(swept.polls > 6, "{name} did not wait: {swept}");
    }
}
