//! What a group is between its children, its handles and the future that runs it.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, Weak};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use super::DEFAULT_BUDGET;
use super::child::Member;
use super::slab::Slab;
use crate::ErrorGroup;
use crate::cleanup::{About, Report, Subject, report};
use crate::error_group::Origin;
use crate::runtime::{Alarm, Cleanup, RuntimeId, TaskError};
use crate::sync::CancelToken;
use crate::sync::cancel_token::{CancelKind, CancelReason};
use crate::task::node::{keep_waker, lock, poll_here};

pub(super) type Child = Pin<Arc<dyn Member>>;

pub(super) struct Shared<R, E> {
    pub(super) rt: R,
    pub(super) location: &'static Location<'static>,
    token: OnceLock<CancelToken>,
    /// No user code runs, and nothing is woken or spawned, under its lock.
    state: Mutex<State<E>>,
    /// When those that were asked are dropped. Polled by the group's own future only.
    grace_over: Mutex<Option<Alarm>>,
}

pub(super) struct State<E> {
    pub(super) phase: Phase,
    limit: usize,
    pub(super) grace: Duration,
    pub(super) budget: Duration,
    /// With the number of those that were spawned before.
    children: Slab<(u64, Child)>,
    spawned: u64,
    /// How many of the children have been spawned.
    running: usize,
    /// Those that have not, in their order.
    queue: VecDeque<usize>,
    /// Those that the group's own future is to poll, as their tasks are gone.
    woken: Vec<usize>,
    /// The group's own future.
    parent: Option<Waker>,
    /// The body was cancelled where it waits, or has ended.
    body_knows: bool,
    /// Who is told of a failure only then.
    withheld: Vec<Waker>,
    errors: Errors<E>,
}

/// What the group will fail with.
struct Errors<E> {
    /// In order of completion.
    of_children: Vec<(Origin, Failure<E>)>,
    of_body: Option<(Origin, E)>,
    panic: Option<TaskError>,
    /// Nobody is left to give all this to.
    unheard: bool,
}

pub(super) enum Failure<E> {
    One(E),
    Group(ErrorGroup<E>),
}

/// How far the group is. One after the other, though some may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// It takes children.
    Open,
    /// Body and children are asked to end.
    Asked,
    /// They are dropped where they lie.
    Dropping,
    /// All have ended.
    Closed,
}

impl<R, E> Shared<R, E> {
    pub(super) fn new(rt: R, location: &'static Location<'static>) -> Arc<Self> {
        Arc::new(Self {
            rt,
            location,
            token: OnceLock::new(),
            state: Mutex::new(State {
                phase: Phase::Open,
                limit: usize::MAX,
                grace: Duration::ZERO,
                budget: DEFAULT_BUDGET,
                children: Slab::new(),
                spawned: 0,
                running: 0,
                queue: VecDeque::new(),
                woken: Vec::new(),
                parent: None,
                body_knows: false,
                withheld: Vec::new(),
                errors: Errors {
                    of_children: Vec::new(),
                    of_body: None,
                    panic: None,
                    unheard: false,
                },
            }),
            grace_over: Mutex::new(None),
        })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State<E>> {
        lock(&self.state)
    }

    pub(super) fn phase(&self) -> Phase {
        self.lock().phase
    }

    pub(super) fn budget(&self) -> Duration {
        self.lock().budget
    }

    /// Before the group begins.
    pub(super) fn set_parent(&self, parent: &CancelToken) {
        // A second parent comes too late.
        let _ = self.token.set(parent.child());
    }

    pub(super) fn token(&self) -> &CancelToken {
        self.token.get_or_init(CancelToken::new)
    }

    /// Asks body and children to end, or drops them; whether it was the first to do so. Those that
    /// wait for their turn never run.
    #[track_caller]
    pub(super) fn abort(&self, reason: impl Into<CancelReason>) -> bool {
        let mut state = self.lock();
        if state.phase != Phase::Open {
            return false;
        }
        let at_once = state.grace.is_zero();
        state.phase = if at_once {
            Phase::Dropping
        } else {
            Phase::Asked
        };
        let queued = state.take_queue();
        let victims = if at_once { state.all() } else { Vec::new() };
        let parent = state.parent.take();
        drop(state);
        self.token().cancel_with(reason);
        victims
            .iter()
            .chain(&queued)
            .for_each(|child| child.cancel());
        queued.into_iter().for_each(|child| child.host());
        parent.into_iter().for_each(Waker::wake);
        true
    }

    /// Drops those that were asked: the grace is over.
    fn drop_all(&self) {
        let mut state = self.lock();
        state.phase = state.phase.max(Phase::Dropping);
        let victims = state.all();
        drop(state);
        victims.iter().for_each(|child| child.cancel());
    }

    /// A child has failed: the others are cancelled.
    pub(super) fn fail(&self, origin: Origin, failure: Failure<E>)
    where
        R: Cleanup,
        E: Debug,
    {
        let mut state = self.lock();
        if state.errors.unheard {
            drop(state);
            self.report_failure(&origin, &failure);
        } else {
            state.errors.of_children.push((origin, failure));
            drop(state);
        }
        self.abort(CancelKind::GroupFailed);
    }

    /// The body has failed, which ends the list.
    pub(super) fn body_failed(&self, origin: Origin, error: E) {
        self.lock().errors.of_body = Some((origin, error));
        self.abort(CancelKind::GroupFailed);
    }

    /// A child, or the body, has panicked: the others are cancelled, and then the panic goes on. Of
    /// several, the first does.
    pub(super) fn panicked(&self, about: About, panic: TaskError) {
        let mut state = self.lock();
        let errors = &mut state.errors;
        let lost = if errors.unheard || errors.panic.is_some() {
            Some(panic)
        } else {
            errors.panic = Some(panic);
            None
        };
        drop(state);
        if let Some(panic) = lost {
            report(&Report::PanicUnseen(about, &panic));
        }
        self.abort(CancelKind::GroupFailed);
    }

    /// Whether a failure is still kept from those who await the handle of the child; `waker` is then
    /// woken when it is not any more. A body that is about to be dropped shall not go on with it, on
    /// another thread, as if it could act.
    pub(super) fn withholds(&self, waker: &Waker) -> bool {
        // Cloned, and if need be dropped, outside of the lock.
        let waker = waker.clone();
        let mut state = self.lock();
        let withholds = state.phase == Phase::Dropping && !state.body_knows;
        let is_kept = state.withheld.iter().any(|kept| kept.will_wake(&waker));
        if withholds && !is_kept {
            state.withheld.push(waker);
        }
        withholds
    }

    /// The body was cancelled where it waits, or is gone: failures may be told.
    pub(super) fn body_knows(&self) {
        let mut state = self.lock();
        state.body_knows = true;
        let withheld = mem::take(&mut state.withheld);
        drop(state);
        withheld.into_iter().for_each(Waker::wake);
    }

    /// A child has ended, and its errors are known.
    pub(super) fn remove(&self, index: usize) {
        let mut state = self.lock();
        let child = state.children.remove(index);
        state.running -= 1;
        let next = state.next_queued();
        let parent = if state.children.is_empty() {
            state.parent.take()
        } else {
            None
        };
        drop(state);
        next.into_iter().for_each(|child| child.host());
        parent.into_iter().for_each(Waker::wake);
        // It may be the last share of it.
        drop(child);
    }

    /// The group's own future is to poll the child.
    pub(super) fn adopt(&self, index: usize) {
        let mut state = self.lock();
        state.woken.push(index);
        let parent = state.parent.take();
        drop(state);
        parent.into_iter().for_each(Waker::wake);
    }

    pub(super) fn set_limit(&self, limit: usize) {
        let mut state = self.lock();
        state.limit = limit;
        let next: Vec<_> = std::iter::from_fn(|| state.next_queued()).collect();
        drop(state);
        next.into_iter().for_each(|child| child.host());
    }

    /// A child that waits for its turn was cancelled: it ends out of turn.
    pub(super) fn unqueue(&self, index: usize) {
        let mut state = self.lock();
        let Some(place) = state.queue.iter().position(|&queued| queued == index) else {
            return;
        };
        let _ = state.queue.remove(place);
        state.running += 1;
        let child = state.child(index);
        drop(state);
        child.into_iter().for_each(|child| child.host());
    }

    fn about(&self, origin: &Origin, subject: Subject) -> About
    where
        R: Cleanup,
    {
        about(subject, origin.location(), self.rt.id())
    }

    fn report_failure(&self, origin: &Origin, failure: &Failure<E>)
    where
        R: Cleanup,
        E: Debug,
    {
        let error: &dyn Debug = match failure {
            Failure::One(error) => error,
            Failure::Group(group) => group,
        };
        report(&Report::TaskFailed(
            self.about(origin, Subject::Task),
            error,
        ));
    }

    /// The caller has gone: what there is to tell is told to the hook, now and from now on.
    pub(super) fn unheard(&self)
    where
        R: Cleanup,
        E: Debug,
    {
        let mut state = self.lock();
        state.errors.unheard = true;
        let failures = mem::take(&mut state.errors.of_children);
        let (of_body, panic) = (state.errors.of_body.take(), state.errors.panic.take());
        drop(state);
        let of_body = of_body.map(|(origin, error)| (origin, Failure::One(error)));
        for (origin, failure) in failures.into_iter().chain(of_body) {
            self.report_failure(&origin, &failure);
        }
        if let Some(panic) = panic {
            let about = about(Subject::Task, self.location, self.rt.id());
            report(&Report::PanicUnseen(about, &panic));
        }
    }

    /// What the group came to. A panic goes on.
    pub(super) fn result<T>(&self, value: Option<T>) -> Result<T, ErrorGroup<E>>
    where
        R: Cleanup,
        E: Debug,
    {
        let panic = self.lock().errors.panic.take();
        if let Some(panic) = panic {
            // It wins over the errors, which are not lost in silence.
            self.unheard();
            panic.resume();
        }
        let mut state = self.lock();
        let failures = mem::take(&mut state.errors.of_children);
        let of_body = state.errors.of_body.take();
        drop(state);
        let mut group = ErrorGroup::new("the task group failed");
        for (origin, failure) in failures {
            match failure {
                Failure::One(error) => group.push(origin, error),
                Failure::Group(errors) => group.push_group(origin, errors),
            }
        }
        if let Some((origin, error)) = of_body {
            group.push(origin, error);
        }
        match value {
            Some(value) => group.into_result(value),
            None if group.is_empty() => Err(self.cancelled()),
            None => Err(group),
        }
    }

    /// The error of a group that was cancelled, and came to nothing.
    fn cancelled(&self) -> ErrorGroup<E> {
        let mut group = ErrorGroup::new("task_group was cancelled");
        if let Some(reason) = self.token().reason() {
            group.note(reason.to_string());
        }
        group
    }
}

pub(super) fn about(
    subject: Subject,
    location: &'static Location<'static>,
    runtime: RuntimeId,
) -> About {
    About::new(subject, "task_group", location, runtime)
}

impl<E> State<E> {
    /// Adds a child; whether it is to be spawned at once.
    pub(super) fn insert(&mut self, child: Child) -> bool {
        let index = self.children.next();
        self.children.insert((self.spawned, child));
        self.spawned += 1;
        let has_room = self.running < self.limit;
        if has_room {
            self.running += 1;
        } else {
            self.queue.push_back(index);
        }
        has_room
    }

    /// The children in the order in which they were spawned.
    fn all(&self) -> Vec<Child> {
        let all = self.numbered().into_iter();
        all.map(|(_, child)| child).collect()
    }

    /// The same, each with its number in the group.
    pub(super) fn numbered(&self) -> Vec<(usize, Child)> {
        let mut all: Vec<_> = self.children.iter_numbered().collect();
        all.sort_unstable_by_key(|(_, (spawned, _))| *spawned);
        let all = all.into_iter();
        all.map(|(number, (_, child))| (number, child.clone()))
            .collect()
    }

    fn child(&self, number: usize) -> Option<Child> {
        self.children.get(number).map(|(_, child)| child.clone())
    }

    /// The number of the next child.
    pub(super) fn next(&self) -> usize {
        self.children.next()
    }

    pub(super) fn len(&self) -> usize {
        self.children.len()
    }

    /// Whether the child waits for its turn.
    pub(super) fn waits(&self, number: usize) -> bool {
        self.queue.contains(&number)
    }

    fn take_queue(&mut self) -> Vec<Child> {
        let queue = mem::take(&mut self.queue);
        self.running += queue.len();
        let queue = queue.into_iter();
        queue.filter_map(|number| self.child(number)).collect()
    }

    /// Who is to be spawned next, if there is room.
    fn next_queued(&mut self) -> Option<Child> {
        if self.running >= self.limit {
            return None;
        }
        let index = self.queue.pop_front()?;
        self.running += 1;
        self.child(index)
    }
}

impl<R: Cleanup, E: Send + 'static> Shared<R, E> {
    /// The part of the group's own future in its children: polls those whose tasks are gone, and ends
    /// the grace. Gives how far the group is; it wakes when that changes, and when the last has ended.
    pub(super) fn poll_children(self: &Arc<Self>, cx: &mut Context<'_>) -> Phase {
        // Registered first: whatever comes after the looks below wakes again.
        keep_waker(&self.state, cx.waker(), |state| Some(&mut state.parent));
        let mut state = self.lock();
        let woken = mem::take(&mut state.woken);
        let woken = woken
            .iter()
            .filter_map(|&index| Some((index, state.child(index)?)));
        let woken: Vec<_> = woken.collect();
        let (phase, grace) = (state.phase, state.grace);
        drop(state);
        for (index, child) in woken {
            // The place may be another's by now.
            if child.is_gone() {
                let waker = Waker::from(Arc::new(Adopted {
                    group: Arc::downgrade(self),
                    index,
                }));
                let _ended = poll_here(&self.rt, child.as_ref(), &mut Context::from_waker(&waker));
            }
        }
        if phase == Phase::Asked && self.poll_grace(cx, grace).is_ready() {
            self.drop_all();
        }
        self.phase()
    }

    /// Ready once the time of those that were asked is over: at once, where there is no clock.
    fn poll_grace(&self, cx: &mut Context<'_>, grace: Duration) -> Poll<()> {
        let mut alarm = lock(&self.grace_over);
        if alarm.is_none() {
            *alarm = self.rt.alarm(grace);
        }
        match &mut *alarm {
            Some(alarm) => Pin::new(alarm).poll(cx),
            None => Poll::Ready(()),
        }
    }

    /// Closes the group if no child is left; whether it is closed.
    pub(super) fn close(&self) -> bool {
        let mut state = self.lock();
        if !state.children.is_empty() {
            return false;
        }
        state.phase = Phase::Closed;
        let parent = state.parent.take();
        drop(state);
        drop(parent);
        true
    }

    /// Waits for the end of all children, once they are cancelled.
    pub(super) fn poll_end(self: &Arc<Self>, cx: &mut Context<'_>) -> Poll<()> {
        let _phase = self.poll_children(cx);
        if self.close() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

/// What a child is polled with that the group's own future polls.
struct Adopted<R, E> {
    group: Weak<Shared<R, E>>,
    index: usize,
}

impl<R, E> Wake for Adopted<R, E>
where
    R: Send + Sync + 'static,
    E: Send + 'static,
{
    fn wake(self: Arc<Self>) {
        if let Some(group) = self.group.upgrade() {
            group.adopt(self.index);
        }
    }
}
