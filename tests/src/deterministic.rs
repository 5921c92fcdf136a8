//! A runtime for tests: one thread, a clock that does not tick, an order that can be chosen.

mod blocking;
mod builder;
mod capabilities;
mod clock;
mod executor;
mod local;
mod order;
mod stall;

#[cfg(test)]
mod tests;

use std::any::type_name;
use std::future::Future;
use std::panic::Location;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use withal::cleanup::{CleanupTask, list_live_scopes};
use withal::runtime::{Cleared, NoExecutor, RuntimeId};

use self::executor::{AboutTask, Counts, MAIN, Main, Shared, State, Work};

pub use self::builder::Builder;
pub use self::capabilities::Handle;
pub use self::clock::{Instant, Sleep};
pub use self::order::{Order, SEED_VARIABLE};
pub use self::stall::{Stall, StalledTask};

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
/// A new one switches the [list of live scopes](list_live_scopes) on, for the reports.
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
        list_live_scopes(true);
        let name = if settings.refuses_cleanups {
            withal::runtime::Cleanup::id(&NoExecutor::new()).name
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

    /// Polls `future` and the tasks until `future` ends. When all of them wait, the clock moves to
    /// the next timer. No scope is current inside, even if the caller is in one.
    ///
    /// # Panics
    ///
    /// If `future` panics; then, or in a deadlock, the seed of a random order goes to standard
    /// error. If nothing can move any more, with a [`Stall`] that says who waits. If another
    /// thread drives the runtime.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _driving = self.shared.drive();
        let _seed = TellSeed(&self.shared);
        let about = AboutTask {
            kind: MAIN,
            name: type_name::<F>(),
            location: Location::caller(),
        };
        let id = self.shared.insert(about, Work::Main);
        let id = id.unwrap_or_else(|_| unreachable!("what blocks is never refused"));
        let _main = Remove(&self.shared, id);
        let mut future = pin!(Cleared::new(future));
        let mut output = None;
        loop {
            let mut poll = |cx: &mut std::task::Context<'_>| {
                future.as_mut().poll(cx).map(|ended| output = Some(ended))
            };
            let main = &mut Main {
                id,
                poll: &mut poll,
            };
            let polled = self.shared.step(Some(main));
            if let Some(output) = output {
                return output;
            }
            if !polled {
                self.wait();
            }
        }
    }

    /// Polls the tasks until every one has ended. When all of them wait, the clock moves to the
    /// next timer.
    ///
    /// # Panics
    ///
    /// As [`block_on`](Self::block_on).
    #[track_caller]
    pub fn run(&self) {
        let _driving = self.shared.drive();
        let _seed = TellSeed(&self.shared);
        loop {
            self.run_until_stalled();
            if self.shared.left() == 0 {
                return;
            }
            self.wait();
        }
    }

    /// Polls the tasks until none of them is ready; the clock stands still. Gives how many have
    /// not ended.
    ///
    /// # Panics
    ///
    /// If another thread drives the runtime.
    pub fn run_until_stalled(&self) -> usize {
        let _driving = self.shared.drive();
        while self.shared.step(None) {}
        self.shared.left()
    }

    /// Polls one task; `false` if none is ready.
    pub(crate) fn poll_next(&self) -> bool {
        let _driving = self.shared.drive();
        self.shared.step(None)
    }

    /// Polls each task that is ready once, in FIFO order.
    pub(crate) fn poll_each(&self) {
        for _ in 0..self.shared.left() {
            self.poll_next();
        }
    }

    /// Moves the clock to the next timer; `false` if none is armed.
    pub(crate) fn advance_to_next(&self) -> bool {
        let next = self.shared.clock.next();
        next.is_some_and(|next| {
            self.shared.clock.move_to(next);
            true
        })
    }

    /// Lets `span` pass: polls the tasks, and moves the clock from timer to timer. Gives how many
    /// tasks have not ended.
    ///
    /// # Panics
    ///
    /// If another thread drives the runtime.
    pub fn run_for(&self, span: Duration) -> usize {
        let end = self.shared.clock.now().after(span);
        loop {
            self.run_until_stalled();
            match self.shared.clock.next().filter(|next| *next <= end) {
                Some(next) => self.shared.clock.move_to(next),
                None => break,
            }
        }
        self.shared.clock.move_to(end);
        self.run_until_stalled()
    }

    /// Moves the clock by `span`, and wakes those whose time has come, in the order of their
    /// deadlines. Polls nothing.
    pub fn advance(&self, span: Duration) {
        self.shared
            .clock
            .move_to(self.shared.clock.now().after(span));
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
            let is_cleanup = |task: &executor::Task| matches!(task.work, Work::Cleanup(_));
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

    /// Every task waits: for another thread, if it was told to, or else for the next timer.
    #[track_caller]
    fn wait(&self) {
        let Shared { clock, ready, .. } = &*self.shared;
        let next = clock.next();
        if let Some(patience) = self.shared.settings.outside {
            let limit = next.map_or(patience, |next| next.since(clock.now()).min(patience));
            if ready.wait(limit) {
                return;
            }
        }
        match next {
            Some(next) => clock.move_to(next),
            None => panic!("deadlock: nothing can move any more on {}", self.stall()),
        }
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

/// Takes what `block_on` polls off the list of tasks, also when it panics.
struct Remove<'a>(&'a Shared, order::TaskId);

impl Drop for Remove<'_> {
    fn drop(&mut self) {
        self.0.remove(self.1);
    }
}

/// Says how to replay a run that panics.
struct TellSeed<'a>(&'a Shared);

impl Drop for TellSeed<'_> {
    fn drop(&mut self) {
        let Shared { id, settings, .. } = self.0;
        if let (Order::Random(_), true) = (settings.order, thread::panicking()) {
            eprintln!("{id} polled its tasks {}", settings.order);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const _: () = {
    const fn runtime<R: withal::runtime::Runtime + withal::runtime::SpawnLocal + Unpin>() {}
    runtime::<Deterministic>();
};
