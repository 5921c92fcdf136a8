//! A chain of cleanups that foreign code caused, driven by whoever can (K3, K6).
//!
//! The executor's task, the enclosing scope when it exits, and a drain may all drive the same
//! chain: each poll takes it out of its cell, polls it, and puts it back, and a wake reaches every
//! driver. So a driver that dies (a runtime that discards its tasks) takes nothing with it, and an
//! enclosing scope depends on nobody's executor. A chain without any driver is an orphan.

use alloc::collections::VecDeque;
use alloc::sync::{Arc, Weak};
use alloc::task::Wake;
use alloc::vec::Vec;
use core::sync::atomic::Ordering;
use core::task::{Context, Poll, Waker};

use super::children::Children;
use super::link::{AsLink, Chain, Cleanup, End};
use super::report::{Report, report};
use super::{About, CleanupTask, pending};
use crate::lock::Mutex;
use crate::mutants::mutant;
use crate::panic::{catch, wake};
use crate::primitives::{AtomicBool, AtomicUsize, process_wide};

pub(crate) struct Shared {
    pub(super) id: usize,
    wakers: Arc<Wakers>,
    state: Mutex<State>,
}

struct State {
    /// `None` while a driver polls it, and after the end.
    chain: Option<Chain>,
    /// Links that came while a driver was polling.
    arrived: Vec<Cleanup>,
    /// The links that have not ended, in order, also while a driver polls them.
    unfinished: VecDeque<About>,
    ended: Vec<(About, End)>,
    executor: bool,
    /// Whether it would be on an executor, but has no link yet that has a runtime.
    idle: bool,
    parent: bool,
    done: bool,
}

impl State {
    fn is_orphan(&self) -> bool {
        !self.done && !self.executor && !self.parent
    }

    fn note(&mut self, ended: &mut Vec<(About, End)>) {
        for (about, end) in ended.drain(..) {
            self.unfinished.pop_front();
            // One over its budget goes on in a cell of its own.
            if end != End::OverBudget {
                self.ended.push((about, end));
            }
        }
    }
}

process_wide! {
    static NEXT_ID: AtomicUsize = AtomicUsize::new(0);
}

impl Shared {
    /// Puts `first` into a cell, known to the pending set and to `parent`, and starts it on the
    /// runtime of its scope if `on_executor` says so. That runtime may refuse.
    pub(crate) fn start(
        first: Cleanup,
        rest: Vec<Cleanup>,
        parent: Option<&Arc<Children>>,
        on_executor: bool,
    ) -> Arc<Self> {
        let mut chain = Chain::default();
        chain.push(first);
        rest.into_iter().for_each(|link| chain.push(link));
        let starter = chain.with_runtime().filter(|_| on_executor);
        let id = NEXT_ID.fetch_add(1, Ordering::Relaxed);
        let shared = Arc::new(Self {
            id,
            wakers: Arc::new(Wakers {
                woken: AtomicBool::new(true),
                drivers: Mutex::default(),
                id,
                parent: parent.map(Arc::downgrade),
                queued: AtomicBool::new(false),
            }),
            state: Mutex::new(State {
                chain: None,
                arrived: Vec::new(),
                unfinished: chain.abouts().collect(),
                ended: Vec::new(),
                executor: starter.is_some(),
                idle: on_executor && starter.is_none(),
                parent: parent.is_some(),
                done: false,
            }),
        });
        pending::insert(&shared);
        if let Some(parent) = parent {
            parent.insert(&shared);
        }
        // The chain is still ours, so nothing is spawned under a lock. A driver that polls already
        // finds the cell empty, and is woken when the chain is put into it.
        if let Some(link) = starter {
            spawn(link, CleanupTask::new(shared.clone()));
        }
        shared.put_back(chain);
        shared.wakers.wake_all();
        shared
    }

    /// Starts the chain on the runtime of its first link that has one, if no executor has it.
    pub(crate) fn start_deferred(self: &Arc<Self>) {
        let chain = self.state.with(|state| {
            if state.done || state.executor {
                return None;
            }
            let chain = state.chain.take();
            state.executor = chain.as_ref().and_then(Chain::with_runtime).is_some();
            chain
        });
        let Some(chain) = chain else {
            return;
        };
        // As in `start`: the chain is ours meanwhile.
        if let Some(link) = chain.with_runtime() {
            spawn(link, CleanupTask::new(self.clone()));
        }
        self.put_back(chain);
        self.wakers.wake_all();
    }

    /// Marks it as in its parent's list; whether it was not there already.
    pub(super) fn queue(&self) -> bool {
        !self.wakers.queued.swap(true, Ordering::AcqRel)
    }

    /// The links that have not ended, in order.
    pub(crate) fn unfinished(&self) -> Vec<About> {
        self.state
            .with(|state| state.unfinished.iter().copied().collect())
    }

    /// Adds a link to the end; whether that is the first one with a runtime, so that the chain is to
    /// be [started](Self::start_deferred).
    ///
    /// # Errors
    ///
    /// `link`, if the chain has ended.
    pub(crate) fn append(&self, link: Cleanup) -> Result<bool, Cleanup> {
        self.state.with(|state| {
            if state.done {
                return Err(link);
            }
            state.unfinished.push_back(link.about());
            let starts = state.idle && link.has_runtime();
            state.idle &= !starts;
            match &mut state.chain {
                // Behind a link that is there: a chain that has none left is done.
                Some(chain) => chain.push(link),
                None => state.arrived.push(link),
            }
            Ok(starts)
        })
    }

    /// Drives the chain: polls it if something woke it, unless another driver is doing so at this
    /// moment. Either way the waker will hear of the next change.
    pub(crate) fn poll(&self, cx: &mut Context<'_>, driver: Driver) -> Poll<()> {
        let poll = self.drive(cx, driver);
        if poll.is_ready() {
            // An ended chain may be dropped anywhere, and a waker's drop can run anything.
            self.wakers.forget(driver);
        }
        poll
    }

    fn drive(&self, cx: &mut Context<'_>, driver: Driver) -> Poll<()> {
        // Registered first: whatever another driver changes after the looks below wakes this one.
        if driver == Driver::Scope {
            // Read as well as written: a wake that still found the mark is seen by the next look.
            self.wakers.queued.swap(false, Ordering::AcqRel);
        } else {
            self.wakers.register(driver, cx.waker());
        }
        if !self.wakers.woken.load(Ordering::Acquire) {
            return if self.is_done() {
                Poll::Ready(())
            } else {
                Poll::Pending
            };
        }
        let mut chain = match self.state.with(|state| (state.done, state.chain.take())) {
            (true, _) => return Poll::Ready(()),
            (false, None) => return Poll::Pending,
            (false, Some(chain)) => chain,
        };
        // Read as well as written: what was done before a wake that is taken back here must be seen
        // by the poll below.
        self.wakers.woken.swap(false, Ordering::AcqRel);
        let waker = Waker::from(self.wakers.clone());
        let mut ended = Vec::new();
        loop {
            let poll = chain.poll(&mut Context::from_waker(&waker), |about, end| {
                ended.push((about, end));
            });
            if poll.is_pending() {
                self.state.with(|state| state.note(&mut ended));
                self.put_back(chain);
                // A wake that came meanwhile may have gone to a driver that found the cell empty.
                if self.wakers.woken.load(Ordering::Acquire) {
                    self.wakers.wake_all();
                }
                return Poll::Pending;
            }
            let done = self.state.with(|state| {
                state.note(&mut ended);
                for link in state.arrived.drain(..) {
                    chain.push(link);
                }
                state.done = chain.is_empty();
                state.done
            });
            if done {
                self.unlink();
                self.wakers.wake_drivers();
                return Poll::Ready(());
            }
        }
    }

    fn is_done(&self) -> bool {
        self.state.with(|state| state.done)
    }

    /// Whether nothing but a drain will ever drive it.
    pub(crate) fn is_orphan(&self) -> bool {
        self.state.with(|state| state.is_orphan())
    }

    /// How the links that have ended so far did so; each is told once.
    pub(crate) fn take_ended(&self) -> Vec<(About, End)> {
        self.state.with(|state| core::mem::take(&mut state.ended))
    }

    /// The executor dropped its task.
    pub(crate) fn executor_gone(&self) {
        if self.lose(|state| &mut state.executor) {
            // What it waited for may have died with its executor: the others look again.
            self.wakers.mark_woken();
            self.wakers.wake_all();
        }
    }

    /// The enclosing scope no longer waits for it.
    pub(crate) fn parent_gone(&self) {
        self.lose(|state| &mut state.parent);
    }

    /// Loses a driver; whether it had that one, and has not ended. The last one that goes makes an
    /// orphan, and tells.
    fn lose(&self, driver: fn(&mut State) -> &mut bool) -> bool {
        let (lost, orphaned) = self.state.with(|state| {
            let lost = core::mem::take(driver(state)) && !state.done;
            let orphaned = (lost && state.is_orphan()).then(|| state.unfinished.clone());
            (lost, orphaned)
        });
        if let Some(orphaned) = orphaned {
            for about in orphaned.into_iter().filter(|_| !mutant("orphan_untold")) {
                report(&Report::Orphaned(about));
            }
            pending::wake_drains();
        }
        lost
    }

    fn put_back(&self, mut chain: Chain) {
        self.state.with(|state| {
            for link in state.arrived.drain(..) {
                chain.push(link);
            }
            state.chain = Some(chain);
        });
    }

    fn unlink(&self) {
        pending::remove(self.id);
        if let Some(parent) = self.wakers.parent.as_ref().and_then(Weak::upgrade) {
            parent.remove(self.id);
        }
    }
}

/// Hands `task` to the runtime of `link`. A runtime that panics has refused.
fn spawn(link: &Cleanup, task: CleanupTask) {
    let _ = catch(|| link.spawn(task));
}

/// Who polls a chain. Each has one waker in its cell, the latest, but for the scope, which has one
/// for all its children.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Driver {
    Executor,
    Scope,
    Drain(usize),
}

/// The wakers of all drivers; itself the waker that the chain is polled with.
struct Wakers {
    woken: AtomicBool,
    drivers: Mutex<Vec<(Driver, Waker)>>,
    id: usize,
    parent: Option<Weak<Children>>,
    /// Whether the parent has it in its list of woken children.
    queued: AtomicBool,
}

impl Wakers {
    fn register(&self, driver: Driver, waker: &Waker) {
        let known = self.drivers.with(|drivers| {
            let known = drivers.iter().find(|(known, _)| *known == driver);
            known.is_some_and(|(_, known)| known.will_wake(waker))
        });
        if known {
            return;
        }
        // Cloned and dropped outside the lock: a waker can run anything.
        let waker = waker.clone();
        let _stale = self.drivers.with(|drivers| {
            match drivers.iter_mut().find(|(known, _)| *known == driver) {
                Some((_, slot)) => Some(core::mem::replace(slot, waker)),
                None => {
                    drivers.push((driver, waker));
                    None
                }
            }
        });
    }

    /// The driver drives no longer.
    fn forget(&self, driver: Driver) {
        // Dropped outside the lock.
        let _waker = self.drivers.with(|drivers| {
            let position = drivers.iter().position(|(known, _)| *known == driver)?;
            Some(drivers.swap_remove(position))
        });
    }

    /// The chain is to be polled.
    fn mark_woken(&self) {
        // Not a store: that would hide what an earlier wake has to show to the next poll.
        self.woken.swap(true, Ordering::Release);
    }

    /// Something changed: whoever drives the chain shall look again.
    fn wake_all(&self) {
        self.wake_drivers();
        if let Some(parent) = self.parent.as_ref().and_then(Weak::upgrade) {
            parent.woken(self.id, &self.queued);
        }
    }

    /// Wakes all but the enclosing scope. Each registers anew when it polls.
    fn wake_drivers(&self) {
        for (_, waker) in self.drivers.with(core::mem::take) {
            wake(waker);
        }
    }
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.mark_woken();
        self.wake_all();
    }
}
