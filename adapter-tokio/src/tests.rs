//! The same cases for each adapter; what only this one has comes after them.

mod lines;

use std::cell::Cell;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, LazyLock, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use withal_core::runtime::{Blocking, Cleanup, Spawn, SpawnLocal, TaskError, Timer};
use withal_sync::flavour::{Bound, Flavour, SingleThread, Spin};
use withal_sync::mutex::Mutex;
use withal_sync::queue::{Fifo, Queue};
use withal_sync::semaphore::Semaphore;

use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;

use crate::{TokioLocal, TokioRuntime};

const NAME: &str = "tokio";

fn runtime() -> TokioRuntime {
    static SHARED: LazyLock<Runtime> = LazyLock::new(|| {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2).enable_all().build().unwrap()
    });
    TokioRuntime::new(SHARED.handle().clone())
}

fn in_local<T>(case: impl AsyncFnOnce(&TokioLocal) -> T) -> T {
    let set = Rc::new(LocalSet::new());
    let local = TokioLocal::new(runtime(), &set);
    local.runtime().block_on(set.run_until(case(&local)))
}

fn discarded() -> impl Future<Output = Result<u8, TaskError>> {
    let owner = Builder::new_current_thread().build().unwrap();
    TokioRuntime::new(owner.handle().clone()).spawn(pending())
}

/// A runtime that has been shut down.
fn dead() -> TokioRuntime {
    let owner = Builder::new_current_thread().enable_all().build().unwrap();
    TokioRuntime::new(owner.handle().clone())
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
    assert!(neighbour_runs::<Bound<Spin, TokioRuntime>>());
    assert!(neighbour_runs::<Bound<SingleThread, TokioRuntime>>());
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
    assert!(!foreign_block_on(rt.unblock(|| 1)).unwrap_err().is_panic());
}

#[test]
fn an_alarm_needs_no_living_runtime() {
    foreign_block_on(dead().alarm(Duration::ZERO).unwrap());
    let rt = dead();
    foreign_block_on(
        rt.alarm(PAUSE)
            .map(|alarm| {
                // Broken at the first poll; the system's clock answers the second one.
                let mut alarm = Box::pin(alarm);
                let mut cx = Context::from_waker(Waker::noop());
                assert!(alarm.as_mut().poll(&mut cx).is_pending());
                let start = std::time::Instant::now();
                while start.elapsed() < PAUSE {
                    thread::yield_now();
                }
                alarm
            })
            .unwrap(),
    );
}

#[test]
fn an_alarm_needs_no_time_driver() {
    let owner = Builder::new_multi_thread()
        .worker_threads(1)
        .build()
        .unwrap();
    let rt = TokioRuntime::new(owner.handle().clone());
    drop(rt.sleep(PAUSE));
    foreign_block_on(rt.alarm(Duration::ZERO).unwrap());
}

#[test]
fn a_local_task_is_cancelled_where_no_set_is() {
    let rt = runtime();
    let local = rt.block_on(async { TokioLocal::current().unwrap() });
    let error = rt.block_on(local.spawn_local(async { 1 })).unwrap_err();
    assert!(!error.is_panic());

    let set = Rc::new(LocalSet::new());
    let local = TokioLocal::new(runtime(), &set);
    drop(set);
    assert!(rt.block_on(local.spawn_local(async { 1 })).is_err());
}

#[test]
fn the_current_set_takes_local_tasks() {
    let set = LocalSet::new();
    let value = runtime().block_on(set.run_until(async {
        let local = TokioLocal::current().unwrap();
        local.spawn_local(async { 1 }).await
    }));
    assert_eq!(value.unwrap(), 1);
}

#[test]
fn the_current_runtime_is_found_or_the_error_names_the_fix() {
    let rt = runtime();
    let current = rt.block_on(async { TokioRuntime::current().unwrap() });
    assert_eq!(current.id(), rt.id());
    assert_eq!(
        current.id().to_string(),
        format!("tokio#{}", rt.handle().id())
    );
    assert_ne!(current.id(), dead().id());

    let error = TokioRuntime::current().unwrap_err().to_string();
    assert!(
        error.contains("TokioRuntime::new(runtime.handle().clone())"),
        "{error}"
    );
}

#[test]
fn a_paused_clock_is_the_runtimes_clock_everywhere() {
    const HOUR: Duration = Duration::from_secs(3600);
    let owner = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let rt = TokioRuntime::new(owner.handle().clone());
    let start = rt.now();
    owner.block_on(rt.sleep(HOUR));
    // Asked from outside of the runtime.
    assert!(rt.elapsed(start, rt.now()) >= HOUR);
}

#[test]
fn in_context_makes_the_runtime_current() {
    let rt = runtime();
    let id = rt.in_context(|| TokioRuntime::current().unwrap().id());
    assert_eq!(id, rt.id());
    assert!(TokioRuntime::current().is_err());
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

/// Whether Tokio's own timeout ends a task that never has to wait.
fn timeout_fires<F: Flavour>() -> bool {
    let owner = Builder::new_current_thread().enable_all().build().unwrap();
    owner.block_on(async {
        let begin = Instant::now();
        let long = Duration::from_millis(500);
        let work = async { while !work::<F>(|| begin.elapsed() > long).await {} };
        let ended = tokio::time::timeout(Duration::from_millis(50), work).await;
        ended.is_err()
    })
}

//
#[test]
fn a_task_that_never_waits_is_ended_by_tokios_timeout() {
    assert!(timeout_fires::<Bound<Spin, TokioRuntime>>());
    assert!(!timeout_fires::<Spin>());
}
