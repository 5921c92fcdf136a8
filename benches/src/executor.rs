//! Executors, for what has to wait: started once, given tasks for each sample.

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};

use smol::{LocalExecutor, channel};
use tokio::runtime::{Builder, Runtime};

/// What an executor runs. Boxed, so that contenders are not compiled once for each executor; it
/// costs all of them the same call for each poll.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The tasks of one sample. Where each thread has tasks of its own, each side gets a thread.
pub type Sides = [Vec<Task>; 2];

/// An executor that tasks are run on.
#[derive(Debug)]
#[non_exhaustive]
pub enum Executor {
    /// smol's executor of one thread: the calling one.
    Local(LocalExecutor<'static>),
    /// Tokio on the calling thread.
    TokioCurrentThread(Runtime),
    /// Tokio with two workers.
    TokioMultiThread(Runtime),
    /// smol with two threads.
    Smol(Threads),
    /// smol's executor of one thread, twice: the one for the second side on a thread of its own.
    Apart(LocalExecutor<'static>, Neighbour),
}

/// Whose tasks an executor runs: what primitives are bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Home {
    /// Tokio's.
    Tokio,
    /// smol's.
    Smol,
}

impl Executor {
    /// One of each kind, in the order in which tables list them.
    pub fn all() -> Vec<Self> {
        let current = Builder::new_current_thread().enable_time().build();
        let multi = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build();
        vec![
            Self::Local(LocalExecutor::new()),
            Self::TokioCurrentThread(current.expect("a runtime starts")),
            Self::TokioMultiThread(multi.expect("a runtime starts")),
            Self::Smol(Threads::start(2)),
            Self::Apart(LocalExecutor::new(), Neighbour::start()),
        ]
    }

    /// Whether its tasks run on more than one thread.
    pub fn is_threaded(&self) -> bool {
        !matches!(self, Self::Local(_) | Self::TokioCurrentThread(_))
    }

    /// Whose tasks it runs.
    pub fn home(&self) -> Home {
        match self {
            Self::TokioCurrentThread(_) | Self::TokioMultiThread(_) => Home::Tokio,
            Self::Local(_) | Self::Smol(_) | Self::Apart(..) => Home::Smol,
        }
    }

    /// Whether it runs what is bound so.
    pub fn suits(&self, bound_to: Option<Home>) -> bool {
        bound_to.is_none_or(|home| home == self.home())
    }

    /// Runs the tasks to their end.
    pub fn run(&self, sides: Sides) {
        if let Self::Apart(executor, neighbour) = self {
            let [here, there] = sides;
            neighbour.during(there, || run_here(executor, here));
            return;
        }
        let tasks = sides.into_iter().flatten();
        match self {
            Self::Local(executor) | Self::Apart(executor, _) => run_here(executor, tasks),
            Self::TokioCurrentThread(runtime) | Self::TokioMultiThread(runtime) => {
                runtime.block_on(async {
                    let tasks: Vec<_> = tasks.map(tokio::spawn).collect();
                    for task in tasks {
                        task.await.expect("no task panics");
                    }
                });
            }
            Self::Smol(threads) => {
                let executor = &threads.executor;
                let tasks: Vec<_> = tasks.map(|task| executor.spawn(task)).collect();
                smol::future::block_on(all(tasks));
            }
        }
    }
}

fn run_here(executor: &LocalExecutor<'_>, tasks: impl IntoIterator<Item = Task>) {
    let tasks: Vec<_> = tasks.into_iter().map(|task| executor.spawn(task)).collect();
    smol::future::block_on(executor.run(all(tasks)));
}

async fn all(tasks: Vec<smol::Task<()>>) {
    for task in tasks {
        task.await;
    }
}

impl fmt::Display for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Local(_) => "local",
            Self::TokioCurrentThread(_) => "Tokio current-thread",
            Self::TokioMultiThread(_) => "Tokio multi-thread",
            Self::Smol(_) => "smol",
            Self::Apart(..) => "a thread each",
        })
    }
}

/// Threads that drive an executor of smol's, as its global one is driven.
#[derive(Debug)]
pub struct Threads {
    executor: Arc<smol::Executor<'static>>,
    stop: channel::Sender<()>,
    handles: Vec<JoinHandle<()>>,
}

impl Threads {
    fn start(count: usize) -> Self {
        let executor = Arc::new(smol::Executor::new());
        let (stop, stopped) = channel::bounded::<()>(1);
        let handles = (0..count).map(|_| {
            let (executor, stopped) = (executor.clone(), stopped.clone());
            thread::spawn(move || {
                // It ends by being closed.
                let _closed = smol::block_on(executor.run(stopped.recv()));
            })
        });
        Self {
            handles: handles.collect(),
            executor,
            stop,
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.stop.close();
        for handle in self.handles.drain(..) {
            handle.join().expect("no task panics");
        }
    }
}

/// Another thread, with an executor of its own.
#[derive(Debug)]
pub struct Neighbour {
    tasks: Option<mpsc::Sender<Vec<Task>>>,
    ended: mpsc::Receiver<()>,
    handle: Option<JoinHandle<()>>,
}

impl Neighbour {
    fn start() -> Self {
        let (tasks, to_run) = mpsc::channel();
        let (end, ended) = mpsc::channel();
        let handle = thread::spawn(move || {
            let executor = LocalExecutor::new();
            for tasks in to_run {
                run_here(&executor, tasks);
                end.send(()).expect("it is waited for");
            }
        });
        Self {
            tasks: Some(tasks),
            ended,
            handle: Some(handle),
        }
    }

    /// Runs the tasks there while `here` runs; returns when both have ended.
    fn during(&self, tasks: Vec<Task>, here: impl FnOnce()) {
        let to = self.tasks.as_ref().expect("it lives");
        to.send(tasks).expect("the thread runs");
        here();
        self.ended.recv().expect("no task panics");
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        drop(self.tasks.take());
        if let Some(handle) = self.handle.take() {
            handle.join().expect("no task panics");
        }
    }
}

/// Pending once: lets the other tasks run.
#[derive(Debug, Default)]
pub struct Yield(bool);

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::{Executor, Task, Yield};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    #[test]
    fn every_executor_runs_every_task_to_its_end_also_twice() {
        for executor in Executor::all() {
            let ended = Arc::new(AtomicUsize::new(0));
            for _ in 0..2 {
                let task = || -> Task {
                    let ended = ended.clone();
                    Box::pin(async move {
                        Yield::default().await;
                        ended.fetch_add(1, Ordering::Relaxed);
                    })
                };
                executor.run([vec![task(), task()], vec![task()]]);
            }
            assert_eq!(ended.load(Ordering::Relaxed), 6, "{executor}");
        }
    }

    #[test]
    fn those_with_threads_run_tasks_elsewhere() {
        let here = thread::current().id();
        for executor in Executor::all() {
            let threaded = executor.is_threaded();
            let task: Task = Box::pin(async move {
                assert_eq!(thread::current().id() != here, threaded);
            });
            executor.run([vec![], vec![task]]);
        }
    }
}
