//! The generators of a check. The list tells which are alive, and not which were dropped; so a hook
//! follows them. It is the process's: installed once, it passes on what it is told.

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use withal::cleanup::{About, LiveEvent, LiveHook, LiveStep, Subject, set_live_hook};
use withal::runtime::RuntimeId;

static CHECKS: LazyLock<Mutex<Checks>> = LazyLock::new(|| {
    *lock(&BEFORE) = set_live_hook(Some(on_live));
    Mutex::default()
});

/// What was told before.
static BEFORE: Mutex<Option<LiveHook>> = Mutex::new(None);

#[derive(Default)]
struct Checks {
    next: usize,
    running: BTreeMap<usize, Check>,
}

struct Check {
    runtime: RuntimeId,
    thread: ThreadId,
    /// Those that have begun and not ended, or were not closed, by number.
    left: BTreeMap<usize, Left>,
}

struct Left {
    about: About,
    was_closed: bool,
}

impl Check {
    fn is_concerned(&self, about: &About) -> bool {
        if about.runtime == RuntimeId::ANY {
            self.thread == thread::current().id()
        } else {
            self.runtime == about.runtime
        }
    }

    fn note(&mut self, event: &LiveEvent) {
        match event.step {
            LiveStep::Entered if self.is_concerned(&event.about) => {
                let left = Left {
                    about: event.about,
                    was_closed: true,
                };
                self.left.insert(event.id, left);
            }
            LiveStep::NotClosed => {
                if let Some(left) = self.left.get_mut(&event.id) {
                    left.was_closed = false;
                }
            }
            LiveStep::Ended if self.left.get(&event.id).is_some_and(|left| left.was_closed) => {
                self.left.remove(&event.id);
            }
            _ => {}
        }
    }
}

fn on_live(event: &LiveEvent) {
    if event.about.subject != Subject::Scope {
        let mut checks = lock(&CHECKS);
        let running = checks.running.values_mut();
        running.for_each(|check| check.note(event));
    }
    let before = *lock(&BEFORE);
    if let Some(before) = before {
        before(event);
    }
}

/// A look at the generators that begin from now on.
#[derive(Debug)]
pub(super) struct Watch(usize);

impl Watch {
    pub(super) fn begin(runtime: RuntimeId) -> Self {
        let mut checks = lock(&CHECKS);
        let number = checks.next;
        checks.next += 1;
        let check = Check {
            runtime,
            thread: thread::current().id(),
            left: BTreeMap::new(),
        };
        checks.running.insert(number, check);
        Self(number)
    }

    /// The generators that are suspended or were not closed.
    pub(super) fn left(&self) -> Vec<About> {
        let checks = lock(&CHECKS);
        let left = checks.running.get(&self.0).into_iter();
        left.flat_map(|check| check.left.values().map(|left| left.about))
            .collect()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        lock(&CHECKS).running.remove(&self.0);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
