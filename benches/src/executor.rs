//! Executors, for what has to wait: started once, given tasks for each sample.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use smol::{LocalExecutor, channel};
use tokio::runtime::{Builder, Runtime};

/// What an executor runs. Boxed, so that contenders are not compiled once for each executor; it
/// costs all of them the same call for each poll.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

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
}

impl Executor {
    /// One of each kind, in the order in which tables list them.
    pub fn all() -> Vec<Self> {
        let current = Builder::new_current_thread().build();
        let multi = Builder::new_multi_thread().worker_threads(2).build();
        vec![
            Self::Local(LocalExecutor::new()),
            Self::TokioCurrentThread(current.expect("a runtime starts")),
            Self::TokioMultiThread(multi.expect("a runtime starts")),
            Self::Smol(Threads::start(2)),
        ]
    }

    /// Whether its tasks run on more than one thread.
    pub fn is_threaded(&self) -> bool {
        matches!(self, Self::TokioMultiThread(_) | Self::Smol(_))
    }

    /// Runs the tasks to their end.
    pub fn run(&self, tasks: Vec<Task>) {
        match self {
            Self::Local(executor) => {
                let tasks: Vec<_> = tasks.into_iter().map(|task| executor.spawn(task)).collect();
                smol::future::block_on(executor.run(all(tasks)));
            }
            Self::TokioCurrentThread(runtime) | Self::TokioMultiThread(runtime) => {
                runtime.block_on(async {
                    let tasks: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
                    for task in tasks {
                        task.await.expect("no task panics");
                    }
                });
            }
            Self::Smol(threads) => {
                let executor = &threads.executor;
                let tasks: Vec<_> = tasks.into_iter().map(|task| executor.spawn(task)).collect();
                smol::future::block_on(all(tasks));
            }
        }
    }
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

/// Pending once: lets the other tasks run.
#[derive(Debug, Default)]
pub struct Yield(bool);

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::{Executor, Task, Yield};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

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
                executor.run(vec![task(), task(), task()]);
            }
            assert_eq!(ended.load(Ordering::Relaxed), 6, "{executor}");
        }
    }

    #[test]
    fn two_of_them_run_tasks_on_other_threads() {
        let here = std::thread::current().id();
        for executor in Executor::all() {
            let threaded = executor.is_threaded();
            executor.run(vec![Box::pin(async move {
                assert_eq!(std::thread::current().id() != here, threaded);
            })]);
        }
    }
}
