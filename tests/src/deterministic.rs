//! A runtime for tests: one thread, a clock that does not tick, an order that can be chosen.

mod blocking;
mod builder;
mod capabilities;
mod clock;
mod drive;
mod executor;
mod local;
mod order;
mod stall;
mod task;

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use withal::cleanup::{CleanupTask, keep_live_list};
use withal::runtime::{Cleanup, NoExecutor, Runtime, RuntimeId, SpawnLocal};

use self::executor::{Counts, Shared, State};
use self::task::{Task, Work};

pub use self::builder::Builder;
pub use self::capabilities::Handle;
pub use self::clock::{Instant, Sleep};
pub use self::order::{Order, SEED_VARIABLE};
pub use self::stall::{Stall, StalledTask};
pub use self::task::TaskKind;

/// A runtime that is the same in every run.
///
/// - **One thread**: tasks are polled by whoever calls [`block_on`](Self::block_on),
///   [`run`](Self::run), [`run_until_stalled`](Self::run_until_stalled) or
///   [`run_for`](Self::run_for), one at a time, when they were woken, in a chosen [`Order`].
/// - **Time is virtual**: it stands still while a task is ready. When all of them wait, `block_on`
///   and `run` move the clock to the next timer; [`advance`](Self::advance) moves it by hand.
/// - **A deadlock is a panic** that says who waits: when no task is ready and no timer is armed.
/// - **Blocking work** is a task like any other, or held until [`run_blocking`](Self::run_blocking).
/// - It can [refuse](Builder::refuse_spawns_after) what is spawned, and
///   [shut down](Self::shut_down).
///
/// It has every capability of the library. Dropping the value that [`new`](Self::new) or
/// [`Builder::build`] gave shuts the runtime down. Clones are handles, such as tasks and scopes
/// hold; they keep nothing alive.
///
/// A new one switches the [live list](keep_live_list) on, for the reports.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use withal::runtime::{Spawn, Timer};
/// use withal_tests::Deterministic;
///
/// let rt = Deterministic::new();
/// let timer = rt.clone();
/// let task = rt.spawn(async move {
///     timer.sleep(Duration::from_secs(3600)).await;
///     "an hour later"
/// });
/// // At once, by the clock on the wall.
/// assert_eq!(rt.block_on(task).unwrap(), "an hour later");
/// assert_eq!(rt.now().since_start(), Duration::from_secs(3600));
/// ```
#[derive(Debug)]
pub struct Deterministic {
    shared: Arc<Shared>,
    is_owner: bool,
}

impl Deterministic {
    /// A runtime of its own, in FIFO order.
    #[must_use = "a runtime shuts down when it is dropped"]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A runtime of its own, as chosen.
    pub fn builder() -> Builder {
        Builder::default()
    }

    fn with(settings: Builder) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        keep_live_list(true);
        let name = if settings.refuses_cleanups {
            NoExecutor::new().id().name
        } else {
            "deterministic"
        };
        Self {
            shared: Arc::new(Shared {
                id: RuntimeId::new(name, NEXT.fetch_add(1, Ordering::Relaxed)),
                home: thread::current().id(),
                clock: Arc::default(),
                ready: Arc::new(order::ReadyQueue::new(settings.order)),
                counts: Counts::default(),
                state: Mutex::new(State::default()),
                settings,
            }),
            is_owner: true,
        }
    }

    /// Drops every task and all held work, and refuses what comes later, as a runtime that is
    /// dropped. The future of a `block_on` goes on, and so do sleeps.
    ///
    /// Called on another thread than the one that made the runtime, it leaves local tasks to the
    /// end of their thread.
    pub fn shut_down(&self) {
        self.shared.shut_down();
    }

    /// Takes the oldest cleanup off the executor, to be polled by hand.
    pub fn take_cleanup(&self) -> Option<CleanupTask> {
        let id = {
            let state = lock(&self.shared.state);
            let mut tasks = state.tasks.iter();
            let is_cleanup = |task: &Task| matches!(task.work, Work::Cleanup(_));
            *tasks.find(|(_, task)| is_cleanup(task))?.0
        };
        match self.shared.remove(id)? {
            Work::Cleanup(task) => Some(task),
            _ => None,
        }
    }

    /// Who waits at the moment.
    pub fn stall(&self) -> Stall {
        Stall::of(&self.shared)
    }

    /// How often a value of this runtime was cloned.
    pub fn clones(&self) -> usize {
        self.shared.counts.clones.load(Ordering::Relaxed)
    }

    /// How often its context was entered.
    pub fn contexts(&self) -> usize {
        self.shared.counts.contexts.load(Ordering::Relaxed)
    }

    /// How many tasks and cleanups were spawned, refused ones included.
    pub fn spawned(&self) -> usize {
        self.shared.counts.spawned.load(Ordering::Relaxed)
    }

    /// How many timers are armed.
    pub fn timers(&self) -> usize {
        self.shared.clock.armed()
    }
}

impl Default for Deterministic {
    fn default() -> Self {
        Self::new()
    }
}

impl Clone for Deterministic {
    fn clone(&self) -> Self {
        self.shared.counts.clones.fetch_add(1, Ordering::Relaxed);
        Self {
            shared: self.shared.clone(),
            is_owner: false,
        }
    }
}

impl Drop for Deterministic {
    fn drop(&mut self) {
        if self.is_owner {
            self.shut_down();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const _: () = {
    const fn runtime<R: Runtime + SpawnLocal + Unpin>() {}
    runtime::<Deterministic>();
};
