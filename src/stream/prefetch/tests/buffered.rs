use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::Poll;

use futures_util::stream::{self, Stream, StreamExt};

use super::super::{buffered, prefetch};
use super::gate;
use crate::cancel;
use crate::stream::tests::by_hand::{ByHand, Trace, held, holding, send, yields};
use crate::sync::Mutex;

/// The known trap: of two jobs, the second holds the lock while the body, which has the output of
/// the first, waits for the lock.
fn trapped(lock: &Mutex<u32>) -> impl Stream<Item: Future<Output = u32>> {
    stream::iter(1..=2).map(async |n| {
        if n == 1 {
            yields(1).await;
            return n;
        }
        let mut total = lock.lock().await;
        yields(1).await;
        *total += n;
        n
    })
}

/// Takes the lock for each item.
async fn locking(items: impl Stream<Item = u32>, lock: &Mutex<u32>) {
    let mut items = std::pin::pin!(items);
    while let Some(n) = items.next().await {
        *lock.lock().await += 10 * n;
    }
}

// CO-2
#[test]
fn the_buffered_of_stream_ext_deadlocks() {
    let lock = Mutex::new(0);
    let mut run = ByHand::new(locking(trapped(&lock).buffered(2), &lock));
    assert!(run.run().is_pending());
    assert_eq!(run.wakes(), 0, "nobody will wake it");
    assert!(run.run().is_pending(), "nor would that help");
    assert!(lock.try_lock().is_err());
}

// CO-2
#[test]
fn here_the_jobs_go_on_while_the_body_waits() {
    for n in 1..=3 {
        let lock = Mutex::new(0);
        let body = async |items| locking(items, &lock).await;
        ByHand::new(buffered(trapped(&lock), n, body)).ready();
        assert_eq!(lock.into_inner(), 32);
    }
}

#[test]
fn prefetching_from_the_buffered_of_stream_ext_goes_on_as_long_as_there_is_room() {
    let lock = Mutex::new(0);
    let body = async |items| locking(items, &lock).await;
    ByHand::new(prefetch(trapped(&lock).buffered(2), 1, body)).ready();
    assert_eq!(lock.into_inner(), 32);

    // The body takes nothing, there is room for one output, and so the second job stands still.
    let lock = Mutex::new(0);
    let mut run = ByHand::new(prefetch(trapped(&lock).buffered(2), 1, async |_items| {
        *lock.lock().await
    }));
    assert!(run.run().is_pending());
    assert!(lock.try_lock().is_err());
    drop(run);
    let body = async |_items| *lock.lock().await;
    assert_eq!(ByHand::new(buffered(trapped(&lock), 2, body)).ready(), 2);
}

#[test]
fn outputs_come_in_the_order_of_the_jobs() {
    let body = async |items: super::Prefetched<_>| items.collect::<Vec<_>>().await;
    for n in 1..=6 {
        let jobs = stream::iter([3, 1, 2, 0, 4]).map(async |n| {
            yields(n).await;
            n
        });
        let mut run = ByHand::new(buffered(jobs, n, body));
        assert_eq!(run.ready(), [3, 1, 2, 0, 4]);
    }
}

#[test]
fn no_more_than_the_limit_are_under_way_or_wait_to_be_taken() {
    let (begun, open) = (Cell::new(0), Cell::new(false));
    let jobs = stream::iter(0..9).map(async |n| {
        begun.set(begun.get() + 1);
        if n == 1 {
            pending::<()>().await;
        }
    });
    let mut run = ByHand::new(buffered(jobs, 3, async |mut items| {
        gate(&open).await;
        items.next().await;
        pending::<()>().await;
    }));
    assert!(run.run().is_pending());
    assert_eq!(begun.get(), 3);
    open.set(true);
    assert!(run.run().is_pending());
    assert_eq!(begun.get(), 4);
}

/// Counts its polls; ready when it is told.
struct Job {
    polls: Cell<usize>,
    waker: RefCell<Option<std::task::Waker>>,
    ready: Cell<bool>,
}

impl Job {
    const fn new() -> Self {
        Self {
            polls: Cell::new(0),
            waker: RefCell::new(None),
            ready: Cell::new(false),
        }
    }

    async fn run(&self) {
        poll_fn(|cx| {
            self.polls.set(self.polls.get() + 1);
            self.waker.replace(Some(cx.waker().clone()));
            match self.ready.get() {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
    }

    fn wake(&self) {
        self.waker.borrow().as_ref().unwrap().wake_by_ref();
    }
}

#[test]
fn a_job_is_polled_when_it_was_woken_itself() {
    let jobs = [const { Job::new() }; 3];
    let source = stream::iter(&jobs).map(Job::run);
    let mut run = ByHand::new(buffered(source, 3, async |items| items.count().await));
    assert!(run.run().is_pending());
    jobs[1].wake();
    jobs[1].wake();
    assert_eq!(run.wakes(), 1, "the task is woken once");
    assert!(run.run().is_pending());
    assert!(run.poll().is_pending());
    let polls = || jobs.iter().map(|job| job.polls.get()).collect::<Vec<_>>();
    assert_eq!(polls(), [1, 2, 1]);
    for job in &jobs {
        job.ready.set(true);
        job.wake();
    }
    assert_eq!(run.ready(), 3);
    assert_eq!(polls(), [2, 3, 2]);
    // Wakes that come too late change nothing.
    jobs.iter().for_each(Job::wake);
    assert_eq!(run.wakes(), 0);
}

#[test]
fn a_late_wake_of_a_job_that_ended_is_harmless() {
    let jobs = [const { Job::new() }; 3];
    let source = stream::iter(&jobs).map(Job::run);
    let mut run = ByHand::new(buffered(source, 1, async |items| items.count().await));
    assert!(run.run().is_pending());
    let first = jobs[0].waker.borrow().clone().unwrap();
    jobs[0].ready.set(true);
    first.wake_by_ref();
    assert!(run.run().is_pending());
    first.wake();
    assert!(run.run().is_pending());
    for job in &jobs[1..] {
        job.ready.set(true);
        job.wake();
        let _ = run.run();
    }
    assert_eq!(jobs[2].polls.get(), 2);
}

#[test]
fn jobs_under_way_run_on_when_the_outputs_are_dropped() {
    let lock = Mutex::new(0);
    let mut run = ByHand::new(buffered(trapped(&lock), 2, async |mut items| {
        assert_eq!(items.next().await, Some(1));
        drop(items);
        *lock.lock().await
    }));
    assert_eq!(run.ready(), 2);
}

// K1, K4
#[test]
fn at_the_end_jobs_are_closed_before_the_stream_they_came_from() {
    let trace = Trace::default();
    for early in [true, false] {
        let jobs = held(&trace, "source", &["a", "b"]).map(|name| {
            let trace = &trace;
            async move {
                holding(trace, name, yields(if early { 50 } else { 1 })).await;
            }
        });
        let mut run = ByHand::new(buffered(jobs, 2, async |mut items| {
            yields(5).await;
            if !early {
                while items.next().await.is_some() {}
            }
        }));
        run.ready();
        assert_eq!(trace.take(), "+source +a +b -a -b -source");
    }
}

// K1
#[test]
fn cancelled_at_every_poll_nothing_is_left_open() {
    let trace = Trace::default();
    for polls in 0..20 {
        let jobs = held(&trace, "source", &["a", "b", "c"]).map(|name| {
            let trace = &trace;
            async move { holding(trace, name, yields(2)).await }
        });
        let run = buffered(jobs, 2, async |mut items| {
            holding(&trace, "body", async {
                while items.next().await.is_some() {
                    yields(1).await;
                }
            })
            .await;
        });
        let mut whole = Box::pin(holding(&trace, "around", run));
        let mut by_hand = ByHand::new(&mut whole);
        let _ended = (0..polls).any(|_| by_hand.poll().is_ready());
        drop(by_hand);
        ByHand::new(cancel(whole)).ready();
        let events = trace.take();
        let count = |mark| events.split(' ').filter(|it| it.starts_with(mark)).count();
        assert_eq!(count('+'), count('-'), "after {polls} polls: {events}");
        assert!(polls == 0 || events.ends_with("-around"), "{events}");
    }
}

// K11
#[test]
fn a_panic_of_a_job_goes_on_when_all_is_closed() {
    let trace = Trace::default();
    let jobs = held(&trace, "source", &[1, 2, 3]).map(async |n| {
        yields(2).await;
        assert!(n != 2, "job 2 is broken");
        n
    });
    let mut run = ByHand::new(buffered(jobs, 2, async |items| items.count().await));
    let ended = catch_unwind(AssertUnwindSafe(|| run.ready()));
    assert_eq!(ended.unwrap_err().downcast_ref(), Some(&"job 2 is broken"));
    assert_eq!(trace.take(), "+source -source");
}

#[test]
fn jobs_may_borrow_and_stay_on_their_thread() {
    let made = RefCell::new(Vec::new());
    let made_here = Rc::new(());
    let source = stream::iter(1..=3).map(async |n| {
        let _on_this_thread = made_here.clone();
        yields(1).await;
        made.borrow_mut().push(n);
        n
    });
    let body = async |items: super::Prefetched<_>| items.collect::<Vec<_>>().await;
    assert_eq!(ByHand::new(buffered(source, 2, body)).ready(), [1, 2, 3]);
    assert_eq!(made.into_inner(), [1, 2, 3]);
}

#[test]
fn jobs_are_woken_from_other_threads() {
    let owner = tokio::runtime::Runtime::new().unwrap();
    let sum = owner.block_on(async {
        let jobs = stream::iter(0..500_u64).map(|n| async move {
            let work = tokio::spawn(async move {
                tokio::task::yield_now().await;
                n
            });
            work.await.unwrap()
        });
        let run = buffered(jobs, 16, async |items| items.collect::<Vec<_>>().await);
        tokio::spawn(send(run)).await.unwrap()
    });
    assert_eq!(sum, (0..500).collect::<Vec<_>>());
}
