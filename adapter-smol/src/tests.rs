//! The same cases for each adapter; what only this one has comes after them.

mod lines;

use std::cell::Cell;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use withal_core::runtime::{Blocking, Cleanup, Spawn, SpawnLocal, TaskError, Timer};
use withal_sync::flavour::{Bound, Flavour, SingleThread, Spin};
use withal_sync::mutex::Mutex;
use withal_sync::queue::{Fifo, Queue};
use withal_sync::semaphore::Semaphore;

use async_executor::{Executor, LocalExecutor};

use crate::{SmolLocal, SmolRuntime};

const NAME: &str = "smol";

fn runtime() -> SmolRuntime {
    SmolRuntime::global()
}

fn in_local<T>(case: impl AsyncFnOnce(&SmolLocal) -> T) -> T {
    let executor = Rc::new(LocalExecutor::new());
    let local = SmolLocal::new(runtime(), &executor);
    local.runtime().block_on(executor.run(case(&local)))
}

fn discarded() -> impl Future<Output = Result<u8, TaskError>> {
    let owner = Arc::new(Executor::new());
    SmolRuntime::new(&owner).spawn(pending())
}

/// A runtime whose executor has been dropped.
fn dead() -> SmolRuntime {
    let owner = Arc::new(Executor::new());
    SmolRuntime::new(&owner)
}

#[test]
fn a_spawned_task_gives_its_value() {
    let rt = runtime();
    assert_eq!(rt.block_on(rt.spawn(async { 1 })).unwrap(), 1);
}

#[test]
fn a_panic_in_a_task_is_an_error() {
    let rt = runtime();
    let error = rt.block_on(rt.spawn(async { panic!("oh") })).unwrap_err();
    assert_eq!(error.to_string(), "task panicked: oh");
}

/// Works at what never makes it wait, until that is enough. Whether it ever was.
async fn work<F: Flavour>(enough: impl Fn() -> bool) -> bool {
    let queue = Queue::<_, Fifo<_>, F>::unbounded();
    let (mutex, semaphore) = (Mutex::<_, F>::new(0), Semaphore::<F>::new(1));
    for round in 0..100_000 {
        queue.push(round).await.unwrap();
        assert_eq!(queue.pop().await, Some(round));
        *mutex.lock().await += 1;
        drop(semaphore.acquire().await.unwrap());
        if enough() {
            return true;
        }
    }
    false
}

/// Whether a neighbour of a task that never has to wait gets to run.
fn neighbour_runs<F: Flavour>() -> bool {
    in_local(async |local| {
        let ran = Rc::new(Cell::new(false));
        let neighbour = local.spawn_local({
            let ran = ran.clone();
            async move { ran.set(true) }
        });
        let met = work::<F>(|| ran.get()).await;
        neighbour.await.unwrap();
        met
    })
}

//
#[test]
fn a_task_that_never_waits_lets_its_neighbour_run() {
    assert!(neighbour_runs::<Bound<Spin, SmolRuntime>>());
    assert!(neighbour_runs::<Bound<SingleThread, SmolRuntime>>());
    // So it is the binding that does it.
    assert!(!neighbour_runs::<Spin>());
}

#[test]
fn a_discarded_task_is_cancelled() {
    let error = foreign_block_on(discarded()).unwrap_err();
    assert!(!error.is_panic());
}

#[test]
fn a_task_runs_on_when_its_handle_is_dropped() {
    let (go, gate) = mpsc::channel();
    let (done, result) = mpsc::channel();
    let task = runtime().spawn(async move {
        gate.recv().unwrap();
        done.send(1).unwrap();
    });
    drop(task);
    go.send(()).unwrap();
    assert_eq!(result.recv().unwrap(), 1);
}

#[test]
fn a_local_task_gives_its_value() {
    let value = in_local(async |local| {
        let one = Rc::new(1);
        local.spawn_local(async move { *one }).await
    });
    assert_eq!(value.unwrap(), 1);
}

#[test]
fn a_panic_in_a_local_task_is_an_error() {
    let error =
        in_local(async |local| local.spawn_local(async { panic!("oh") }).await).unwrap_err();
    assert_eq!(error.to_string(), "task panicked: oh");
}

#[test]
fn a_local_task_runs_on_when_its_handle_is_dropped() {
    let value = in_local(async |local| {
        let value = Rc::new(Cell::new(0));
        let set = Rc::clone(&value);
        drop(local.spawn_local(async move { set.set(1) }));
        // The executor is fair: the second task cannot end before the first had its turn.
        local.spawn_local(async {}).await.unwrap();
        value.get()
    });
    assert_eq!(value, 1);
}

#[test]
fn a_sleep_never_ends_early() {
    let rt = runtime();
    let start = rt.now();
    rt.block_on(rt.sleep(PAUSE));
    assert!(rt.elapsed(start, rt.now()) >= PAUSE);
    assert_eq!(rt.elapsed(rt.now(), start), Duration::ZERO);
}

#[test]
fn a_sleep_ends_on_a_foreign_executor() {
    let rt = runtime();
    let start = rt.now();
    foreign_block_on(rt.sleep(PAUSE));
    assert!(rt.elapsed(start, rt.now()) >= PAUSE);
}

#[test]
fn a_sleep_into_the_past_ends_at_once() {
    let rt = runtime();
    rt.block_on(rt.sleep_until(rt.now()));
}

// RT-9
#[test]
fn a_sleep_that_is_dropped_drops_its_waker() {
    struct Nothing;

    impl Wake for Nothing {
        fn wake(self: Arc<Self>) {}
    }

    let nothing = Arc::new(Nothing);
    let waker = Waker::from(nothing.clone());
    let mut sleep = Box::pin(runtime().sleep(60 * 60 * PAUSE));
    let poll = sleep.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(poll.is_pending());
    drop((sleep, waker));
    assert_eq!(Arc::strong_count(&nothing), 1);
}

#[test]
fn a_deadline_beyond_the_clock_is_clamped() {
    let rt = runtime();
    assert!(rt.deadline(Duration::MAX) > rt.deadline(Duration::from_secs(60)));
    drop(rt.sleep(Duration::MAX));
}

#[test]
fn an_alarm_goes_off_on_a_foreign_executor() {
    let rt = runtime();
    let start = rt.now();
    foreign_block_on(rt.alarm(PAUSE).unwrap());
    assert!(rt.elapsed(start, rt.now()) >= PAUSE);
}

#[test]
fn blocking_work_gives_its_value() {
    let rt = runtime();
    assert_eq!(rt.block_on(rt.unblock(|| 1)).unwrap(), 1);
}

#[test]
fn a_panic_in_blocking_work_is_an_error() {
    let rt = runtime();
    let error = rt.block_on(rt.unblock(|| panic!("oh"))).unwrap_err();
    assert_eq!(error.to_string(), "task panicked: oh");
}

#[test]
fn blocking_work_runs_on_when_its_handle_is_dropped() {
    let (go, gate) = mpsc::channel();
    let (done, result) = mpsc::channel();
    let job = runtime().unblock(move || {
        gate.recv().unwrap();
        done.send(1).unwrap();
    });
    drop(job);
    go.send(()).unwrap();
    assert_eq!(result.recv().unwrap(), 1);
}

#[test]
fn a_panic_leaves_block_on_as_it_was() {
    let rt = runtime();
    let payload = catch_unwind(AssertUnwindSafe(|| rt.block_on(async { panic_any(1_u8) })));
    assert_eq!(*payload.unwrap_err().downcast::<u8>().unwrap(), 1);
    // And the thread can block again, local tasks included.
    assert_eq!(
        in_local(async |local| local.spawn_local(async { 1 }).await).unwrap(),
        1
    );
}

#[test]
fn the_id_names_the_adapter_and_the_instance() {
    assert_eq!(runtime().id(), runtime().clone().id());
    assert_eq!(runtime().id().name, NAME);
}

#[test]
fn a_dead_runtime_cancels_what_it_is_given() {
    let rt = dead();
    assert!(
        !foreign_block_on(rt.spawn(async { 1 }))
            .unwrap_err()
            .is_panic()
    );
    // The pool for blocking work belongs to the process.
    assert_eq!(foreign_block_on(rt.unblock(|| 1)).unwrap(), 1);
}

#[test]
fn a_local_task_is_cancelled_where_no_executor_is() {
    let executor = Rc::new(LocalExecutor::new());
    let local = SmolLocal::new(runtime(), &executor);
    drop(executor);
    let error = foreign_block_on(local.spawn_local(async { 1 })).unwrap_err();
    assert!(!error.is_panic());
}

#[test]
fn a_task_that_holds_the_runtime_does_not_keep_the_executor() {
    let executor = Arc::new(Executor::new());
    let rt = SmolRuntime::new(&executor);
    let held = rt.clone();
    let task = rt.spawn(async move {
        pending::<()>().await;
        held
    });
    drop(executor);
    assert!(foreign_block_on(task).is_err());
}

#[test]
fn an_executor_of_ones_own_is_driven_by_block_on() {
    static SHARED: Executor<'static> = Executor::new();
    let executor = Arc::new(Executor::new());
    for rt in [
        SmolRuntime::new(&executor),
        SmolRuntime::from_static(&SHARED),
    ] {
        assert_eq!(rt.block_on(rt.spawn(async { 1 })).unwrap(), 1);
        assert_ne!(rt.id(), runtime().id());
    }
    assert_eq!(
        SmolRuntime::new(&executor).id(),
        SmolRuntime::from(&executor).id()
    );
    // A dead executor has nothing to drive; the future runs all the same.
    assert_eq!(dead().block_on(async { 1 }), 1);
}

/// An executor that knows no runtime: it parks its thread.
fn foreign_block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut cx) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

/// Long against a timer's resolution, short against a person's patience.
const PAUSE: Duration = Duration::from_millis(20);
