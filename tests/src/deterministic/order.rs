//! Which task is polled next.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::lock;

/// Which of the tasks that were woken is polled next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Order {
    /// The one that was woken first.
    #[default]
    Fifo,
    /// The one that was woken last.
    Lifo,
    /// Any of them, as drawn from this seed. The same seed gives the same order, for as long as no
    /// other thread wakes anything.
    Random(u64),
}

/// The environment variable that replays a random order.
pub const SEED_VARIABLE: &str = "WITHAL_SEED";

impl Order {
    /// Random, with the seed of the environment variable `WITHAL_SEED`, or else a fresh one. A run
    /// that fails prints its seed.
    ///
    /// # Panics
    ///
    /// If the variable holds something else than a number.
    pub fn random() -> Self {
        Self::replay(std::env::var(SEED_VARIABLE).ok().as_deref())
    }

    /// Random, with the seed that `text` is.
    pub(super) fn replay(text: Option<&str>) -> Self {
        let Some(text) = text else {
            return Self::Random(fastrand::u64(..));
        };
        match text.parse() {
            Ok(seed) => Self::Random(seed),
            Err(_) => panic!("{SEED_VARIABLE} is {text:?}, which is no seed"),
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fifo => f.write_str("in FIFO order"),
            Self::Lifo => f.write_str("in LIFO order"),
            Self::Random(seed) => {
                write!(
                    f,
                    "in random order; {SEED_VARIABLE}={seed} replays it where the order is \
                     `Order::random()`"
                )
            }
        }
    }
}

/// The number of a task.
pub(super) type TaskId = u64;

/// The tasks that were woken and not polled since, each once.
#[derive(Debug)]
pub(super) struct ReadyQueue {
    ready: Mutex<Ready>,
    pushed: Condvar,
}

#[derive(Debug)]
struct Ready {
    tasks: VecDeque<TaskId>,
    order: Order,
    random: fastrand::Rng,
}

impl ReadyQueue {
    pub(super) fn new(order: Order) -> Self {
        let seed = match order {
            Order::Random(seed) => seed,
            Order::Fifo | Order::Lifo => 0,
        };
        Self {
            ready: Mutex::new(Ready {
                tasks: VecDeque::new(),
                order,
                random: fastrand::Rng::with_seed(seed),
            }),
            pushed: Condvar::new(),
        }
    }

    pub(super) fn push(&self, task: TaskId) {
        lock(&self.ready).tasks.push_back(task);
        self.pushed.notify_all();
    }

    /// Takes the one that is next.
    pub(super) fn pop(&self) -> Option<TaskId> {
        let ready = &mut *lock(&self.ready);
        match ready.order {
            Order::Fifo => ready.tasks.pop_front(),
            Order::Lifo => ready.tasks.pop_back(),
            Order::Random(_) if ready.tasks.is_empty() => None,
            Order::Random(_) => {
                let drawn = ready.random.usize(..ready.tasks.len());
                ready.tasks.remove(drawn)
            }
        }
    }

    /// Blocks until a task is ready, for at most `limit` of real time; whether there is one.
    pub(super) fn wait(&self, limit: Duration) -> bool {
        let ready = lock(&self.ready);
        let (ready, _) = self
            .pushed
            .wait_timeout_while(ready, limit, |ready| ready.tasks.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        !ready.tasks.is_empty()
    }
}
