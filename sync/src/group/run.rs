//! The group itself: body and children, polled in one task.
//!
//! # Invariants
//!
//! 1. `body` and `watch` are pinned structurally: dropped in place, and moved by nobody. The children
//!    are boxed.

use alloc::collections::VecDeque;
use alloc::string::ToString;
use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::mem;
use core::panic::Location;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use withal_core::ErrorGroup;
use withal_core::cancel::{Branch, KeptError, Siblings};
use withal_core::cleanup::{About, Report, Sendable, Subject, report};
use withal_core::error_group::{self, Node};
use withal_core::runtime::RuntimeId;

use super::child::{Ended, Outcome};
use super::control::{Control, Phase};
use super::handle::{LocalGroup, Shared};
use super::join::origin;
use super::kind::{BoxedChild, GroupKind, Parts};
use super::listing::Id;
use crate::cancel_token::{CancelKind, CancelToken, WaitOwned};
use crate::future_set::FutureSet;

/// How often a poll looks at what its own children have caused, before it lets the executor run others.
/// Children that spawn children, or wake the body, each time they are polled could keep it for ever.
const ROUNDS: usize = 32;

/// The future that [`local_group`](super::local_group) returns.
#[must_use = "futures do nothing unless polled: a group runs by `.await`"]
pub struct RunGroup<'env, F, B, T, E, K: GroupKind = Sendable> {
    location: &'static Location<'static>,
    parent: Option<CancelToken>,
    limit: usize,
    /// `None` once it was polled.
    make: Option<Make<'env, F, B, E, K>>,
    /// `None` before the first poll, and after the end.
    shared: Option<Arc<Shared<'env, E, K>>>,
    /// `None` before the first poll.
    siblings: Option<Siblings>,
    phase: Phase,
    body: Option<Branch<B, Result<T, E>, K>>,
    body_turn: Turn,
    /// The body was not polled yet.
    begins: bool,
    watch: Option<WaitOwned>,
    children: FutureSet<<K as Parts>::Child<'env, E>>,
    /// Children above the limit.
    waiting: VecDeque<<K as Parts>::Child<'env, E>>,
    value: Option<T>,
    errors: ErrorGroup<E>,
    /// That of the body, which comes last.
    body_error: Option<(error_group::Phase, E)>,
    /// The first panic; others are reported.
    panic: Option<KeptError>,
    report_lost: fn(About, &ErrorGroup<E>),
}

/// Whether it is the body's turn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// It was not woken.
    Rests,
    /// It is to be polled.
    Due,
    /// It has woken itself: it is to be polled when the task is polled again.
    Later,
}

struct Make<'env, F, B, E, K: GroupKind> {
    body: F,
    /// Calls it. A bound that says that it can be called so would relate `F` and `B`.
    begin: fn(F, LocalGroup<'env, E, K>) -> B,
}

fn report_lost<E: fmt::Debug>(about: About, errors: &ErrorGroup<E>) {
    report(&Report::ErrorLost(about, errors));
}

impl<'env, F, B, T, E, K: GroupKind> RunGroup<'env, F, B, T, E, K> {
    pub(super) fn new(
        location: &'static Location<'static>,
        body: F,
        begin: fn(F, LocalGroup<'env, E, K>) -> B,
    ) -> Self
    where
        E: fmt::Debug,
    {
        Self {
            location,
            parent: None,
            limit: usize::MAX,
            make: Some(Make { body, begin }),
            shared: None,
            siblings: None,
            phase: Phase::Open,
            body: None,
            body_turn: Turn::Rests,
            begins: true,
            watch: None,
            children: FutureSet::new(),
            waiting: VecDeque::new(),
            value: None,
            errors: ErrorGroup::new("local_group failed"),
            body_error: None,
            panic: None,
            report_lost: report_lost::<E>,
        }
    }

    /// Lets at most so many children run at a time; the others wait, first in, first out. The body does
    /// not count. [`LocalGroup::limit`] changes it later.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Cancels the group when `token` is cancelled: its own [token](LocalGroup::token) is a child of that
    /// one.
    pub fn parent(mut self, token: &CancelToken) -> Self {
        self.parent = Some(token.child());
        self
    }

    fn about(&self) -> About {
        About::new(
            Subject::Combinator,
            "local_group",
            self.location,
            RuntimeId::ANY,
        )
    }
}

impl<'env, F, B, T, E, K> RunGroup<'env, F, B, T, E, K>
where
    B: Future<Output = Result<T, E>>,
    K: GroupKind,
{
    /// Makes the body, at the first poll.
    fn begin(&mut self) -> Arc<Shared<'env, E, K>> {
        let Some(Make { body, begin }) = self.make.take() else {
            panic!("a group was polled after completion");
        };
        self.siblings = Some(Siblings::begin());
        let token = self.parent.take().unwrap_or_default();
        let shared = Shared::new(Control::new(token.clone(), self.limit));
        let body = begin(body, LocalGroup::new(shared.clone()));
        self.body = Some(K::branch(
            Branch::new("local_group", body).called_at(self.location),
        ));
        self.watch = Some(token.cancelled_owned());
        self.shared.insert(shared).clone()
    }

    /// Looks once at what is new. Whether the body is to be polled again at once.
    fn round(&mut self, shared: &Shared<'env, E, K>, cx: &mut Context<'_>) -> bool {
        let control = &shared.control;
        let mut news = control.take_news();
        if news.body && self.body_turn == Turn::Rests {
            self.body_turn = Turn::Due;
        }
        self.go_on_to(news.phase);
        if self.body_turn == Turn::Due {
            self.body_turn = Turn::Rests;
            self.poll_body(control);
            // What it has done counts before the children are polled.
            let since = control.take_news();
            if since.body {
                self.body_turn = Turn::Later;
            }
            self.go_on_to(since.phase);
            news.cancels.extend(since.cancels);
            news.limit = since.limit;
        }
        self.waiting.extend(shared.take_incoming());
        for id in news.cancels {
            self.cancel_child(control, id);
        }
        if self.phase > Phase::Open {
            // They are only dropped.
            news.limit = usize::MAX;
        }
        self.fill(control, news.limit);
        while let Poll::Ready(Some((_, ended))) = self.children.poll_next(cx) {
            self.end_child(control, ended);
            self.fill(control, news.limit);
            if self.phase < Phase::Failed && control.has_failed() {
                // The others are to be cancelled, and not polled any further.
                break;
            }
        }
        for (origin, error) in shared.late.take() {
            self.errors.push(origin, error);
        }
        self.body_turn == Turn::Due
    }

    /// Cancels children and body, unless they are.
    fn go_on_to(&mut self, phase: Phase) {
        if phase <= self.phase {
            return;
        }
        if self.phase == Phase::Open {
            for (_, child) in self.children.iter_pin_mut() {
                child.get_mut().cancel();
            }
            self.children.wake_all();
        }
        self.phase = phase;
        self.body_turn = Turn::Due;
    }

    /// Polls the body, and looks at the token. The body begins in any case.
    fn poll_body(&mut self, control: &Arc<Control>) {
        let waker = Waker::from(control.clone());
        let cx = &mut Context::from_waker(&waker);
        let begins = mem::take(&mut self.begins);
        if !begins {
            self.look_at_token(control, cx);
        }
        if let Some(ended) = self.poll_branch(control, cx) {
            self.body = None;
            match ended {
                Some(Ok(value)) => self.value = Some(value),
                Some(Err(error)) => {
                    let phase = match self.phase {
                        Phase::Open => error_group::Phase::Body,
                        _ => error_group::Phase::Cleanup,
                    };
                    self.body_error = Some((phase, error));
                    control.fail();
                }
                None => {}
            }
        }
        if begins {
            self.look_at_token(control, cx);
        }
    }

    /// What the body has come to, if it has ended: without a value if it was cancelled, or has panicked.
    fn poll_branch(
        &mut self,
        control: &Control,
        cx: &mut Context<'_>,
    ) -> Option<Option<Result<T, E>>> {
        let body = self.body.as_mut()?;
        // SAFETY: pinned structurally (1).
        let mut body = unsafe { Pin::new_unchecked(body) };
        match body.as_mut().poll_branch(cx, self.phase > Phase::Open) {
            Poll::Pending => {
                if body.is_panicking() || body.value().is_some_and(Result::is_err) {
                    // The children are not kept until its cleanup has ended.
                    control.fail();
                }
                None
            }
            Poll::Ready(Ok(result)) => Some(Some(result)),
            Poll::Ready(Err(error)) => {
                if error.is_panic() {
                    let kept = body.keep(error);
                    self.panic.get_or_insert(kept);
                    control.fail();
                }
                Some(None)
            }
        }
    }

    fn look_at_token(&mut self, control: &Control, cx: &mut Context<'_>) {
        if let Some(watch) = &mut self.watch {
            // SAFETY: pinned structurally (1).
            if unsafe { Pin::new_unchecked(watch) }.poll(cx).is_ready() {
                self.watch = None;
                control.close(Phase::Cancelled);
                self.go_on_to(Phase::Cancelled);
            }
        }
    }

    fn end_child(&mut self, control: &Control, ended: Ended<E>) {
        let info = control.remove_child(ended.id);
        match (ended.outcome, info) {
            (Outcome::Failed(phase, node), Some(info)) => {
                let origin = origin(phase, info.name, info.location);
                match node {
                    Node::Leaf(error) => self.errors.push(origin, error),
                    Node::Group(group) => self.errors.push_group(origin, group),
                }
                control.fail();
            }
            (Outcome::Panicked(kept), _) => {
                self.panic.get_or_insert(kept);
                control.fail();
            }
            _ => {}
        }
    }

    /// Lets children begin, as far as the limit allows.
    fn fill(&mut self, control: &Control, limit: usize) {
        while self.children.len() < limit {
            let Some(child) = self.waiting.pop_front() else {
                break;
            };
            self.begin_child(control, child);
        }
    }

    fn begin_child(&mut self, control: &Control, child: <K as Parts>::Child<'env, E>) {
        let id = child.id();
        let key = self.children.push(child);
        if control.place_child(id, key) {
            if let Some(child) = self.children.get_pin_mut(key) {
                child.get_mut().cancel();
            }
        }
    }

    fn cancel_child(&mut self, control: &Control, id: Id) {
        if let Some(key) = control.key_of(id) {
            if let Some(child) = self.children.get_pin_mut(key) {
                child.get_mut().cancel();
                self.children.wake(key);
            }
        } else if let Some(place) = self.waiting.iter().position(|child| child.id() == id) {
            // Whatever the limit: it is only dropped. One that has not arrived is told when it does.
            if let Some(child) = self.waiting.remove(place) {
                self.begin_child(control, child);
            }
        }
    }

    /// All has ended.
    fn finish(&mut self) -> Result<T, ErrorGroup<E>> {
        let errors = self.take_errors();
        let shared = self.shared.take();
        let reason = shared.and_then(|shared| shared.control.token().reason());
        self.watch = None;
        if let Some(panic) = self.panic.take() {
            if !errors.is_empty() {
                (self.report_lost)(self.about(), &errors);
            }
            panic.into_inner().resume();
        }
        match self.value.take() {
            Some(value) => errors.into_result(value),
            None if errors.is_empty() => {
                let mut cancelled = ErrorGroup::new("local_group was cancelled");
                if let Some(reason) = reason {
                    cancelled.note(reason.to_string());
                }
                Err(cancelled)
            }
            None => Err(errors),
        }
    }
}

impl<F, B, T, E, K: GroupKind> RunGroup<'_, F, B, T, E, K> {
    fn take_errors(&mut self) -> ErrorGroup<E> {
        let mut errors = mem::replace(&mut self.errors, ErrorGroup::new(""));
        if let Some((phase, error)) = self.body_error.take() {
            errors.push(origin(phase, None, self.location), error);
        }
        errors
    }
}

impl<F, B, T, E, K> Future for RunGroup<'_, F, B, T, E, K>
where
    B: Future<Output = Result<T, E>>,
    K: GroupKind,
{
    type Output = Result<T, ErrorGroup<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: what is pinned is not moved (1).
        let this = unsafe { self.get_unchecked_mut() };
        let shared = match &this.shared {
            Some(shared) => shared.clone(),
            None => this.begin(),
        };
        shared.control.begin_poll();
        if this.body_turn == Turn::Later {
            this.body_turn = Turn::Due;
        }
        for _ in 0..ROUNDS {
            let again = this.round(&shared, cx);
            if this.body.is_none() && shared.control.end() {
                return Poll::Ready(this.finish());
            }
            if !again && !shared.control.wait(cx.waker()) {
                if this.body_turn == Turn::Later {
                    cx.waker().wake_by_ref();
                }
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<F, B, T, E, K: GroupKind> Drop for RunGroup<'_, F, B, T, E, K> {
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            shared.control.close(Phase::Ended);
            shared.control.token().cancel_with(CancelKind::Dropped);
            // Children that may hold the group, which holds them.
            drop(shared.take_incoming());
        }
        // Handed over at the end of this, and then cleaned up side by side.
        let mut dropping = self.siblings.as_ref().map(Siblings::dropping);
        if let Some(dropping) = &mut dropping {
            if let Some(body) = &mut self.body {
                // SAFETY: pinned structurally (1).
                dropping.drop_branch(unsafe { Pin::new_unchecked(body) });
            }
            for (_, child) in self.children.iter_pin_mut() {
                child.get_mut().drop_future(dropping);
            }
        }
        // In place (1); inner first.
        self.body = None;
        self.children.clear();
        self.waiting.clear();
        let mut errors = self.take_errors();
        if let Some(shared) = &self.shared {
            for (origin, error) in shared.late.take() {
                errors.push(origin, error);
            }
        }
        if !errors.is_empty() {
            (self.report_lost)(self.about(), &errors);
        }
    }
}

impl<F, B, T, E, K: GroupKind> fmt::Debug for RunGroup<'_, F, B, T, E, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = self.shared.as_ref().map(|shared| shared.control.len());
        f.debug_struct("RunGroup")
            .field("location", &format_args!("{}", self.location))
            .field("children", &len.unwrap_or(0))
            .field(
                "body_ended",
                &(self.shared.is_some() && self.body.is_none()),
            )
            .finish_non_exhaustive()
    }
}
