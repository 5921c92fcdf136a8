use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use super::parent::Parent;
use super::state::{EffectiveDeadline, RescheduleError, ScopeState};
use crate::runtime::Timer;
use crate::sync::CancelToken;
use crate::sync::cancel_token::{CancelKind, CancelReason};

/// A handle of a [`cancel_scope`](crate::cancel_scope()): to cancel it, to change its deadline, and to
/// look at it, from its body and from anywhere else.
///
/// Clones are handles of the same scope. They keep nothing running, and work when it has ended.
pub struct CancelScope<R: Timer> {
    shared: Arc<Shared<R>>,
}

impl<R: Timer> CancelScope<R> {
    pub(super) fn new(shared: Arc<Shared<R>>) -> Self {
        Self { shared }
    }

    /// Asks the scope to stop. Whether this was the first to do so; `false` too once it has
    /// finished.
    ///
    /// Of a scope that is not entered yet, the body will be asked from its start.
    #[track_caller]
    pub fn cancel(&self) -> bool {
        self.cancel_with(CancelKind::Requested)
    }

    /// [`cancel`](Self::cancel), with a reason: a text, a kind or both.
    #[track_caller]
    pub fn cancel_with(&self, reason: impl Into<CancelReason>) -> bool {
        self.state() != ScopeState::Finished && self.token().cancel_with(reason)
    }

    /// What the body watches, to learn that it is asked; and what others can follow, by a
    /// [`child`](CancelToken::child).
    ///
    /// It is cancelled when the scope is asked, and stays so. Cancelling it cancels the scope.
    pub fn token(&self) -> &CancelToken {
        &self.shared.token
    }

    /// How far the scope is.
    pub fn state(&self) -> ScopeState {
        self.shared.state(&self.shared.lock())
    }

    /// Its deadline: `None` if there is none, and before it is entered. It stays what it was when the
    /// scope has ended.
    pub fn deadline(&self) -> Option<R::Instant> {
        self.shared.deadline()
    }

    /// The nearest deadline of the scope and of those that it follows, up to the first shield.
    ///
    /// Scopes that are not entered yet, or have finished, do not count.
    pub fn effective_deadline(&self) -> EffectiveDeadline<R::Instant> {
        let mut nearest = EffectiveDeadline::Never;
        let mut scope = Some(self);
        while let Some(Self { shared }) = scope {
            let inner = shared.lock();
            match (inner.state, inner.deadline) {
                (ScopeState::Finished, _) => {}
                _ if shared.token.is_cancelled() => return EffectiveDeadline::Past,
                (ScopeState::Active, Some(deadline)) => {
                    nearest = EffectiveDeadline::At(match nearest {
                        EffectiveDeadline::At(nearer) => deadline.min(nearer),
                        _ => deadline,
                    });
                }
                _ => {}
            }
            scope = match shared.token.is_shielded() {
                true => None,
                false => shared.parent.as_ref(),
            };
        }
        nearest
    }

    /// Changes the deadline, or takes it away. A moment that has passed cancels the scope at its next
    /// poll, which this brings about.
    ///
    /// # Errors
    ///
    /// [`RescheduleError`], which names the state, unless the scope is active: also if it was asked
    /// to stop, but does not know of it yet.
    pub fn reschedule(&self, deadline: Option<R::Instant>) -> Result<(), RescheduleError> {
        let waker = {
            let mut inner = self.shared.lock();
            match self.shared.state(&inner) {
                ScopeState::Active => {}
                state => return Err(RescheduleError { state }),
            }
            inner.deadline = deadline;
            inner.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }

    /// Puts its shield up, or lifts it. Whether it was up before.
    ///
    /// With the shield up, a parent that is cancelled does not ask the scope. Lifting it lets in what
    /// it has held back.
    pub fn set_shielded(&self, shielded: bool) -> bool {
        self.token().set_shielded(shielded)
    }

    /// Whether its shield is up.
    pub fn is_shielded(&self) -> bool {
        self.token().is_shielded()
    }

    /// Whether it was asked to stop, by whomever.
    pub fn cancel_called(&self) -> bool {
        self.token().is_cancelled()
    }

    /// Whether it has absorbed a cancellation: it was asked, and dropped its body.
    pub fn cancelled_caught(&self) -> bool {
        self.shared.lock().caught
    }

    /// Whether its own deadline asked it to stop.
    pub fn elapsed(&self) -> bool {
        self.shared.lock().elapsed
    }
}

impl<R: Timer> Clone for CancelScope<R> {
    fn clone(&self) -> Self {
        Self::new(self.shared.clone())
    }
}

impl<R: Timer> fmt::Debug for CancelScope<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelScope")
            .field("state", &self.state())
            .field("token", self.token())
            .finish_non_exhaustive()
    }
}

/// What a scope and its handles share.
///
/// Wakers are called, cloned and dropped outside of its lock; the token's is taken inside, and never
/// the other way round.
pub(super) struct Shared<R: Timer> {
    pub(super) token: CancelToken,
    parent: Option<CancelScope<R>>,
    inner: Mutex<Inner<R::Instant>>,
}

struct Inner<I> {
    state: ScopeState,
    deadline: Option<I>,
    elapsed: bool,
    caught: bool,
    /// Of the scope's task, while it waits for the deadline: woken when that changes.
    waker: Option<Waker>,
}

impl<R: Timer> Shared<R> {
    pub(super) fn new(parent: Option<Parent<R>>, shielded: bool) -> Arc<Self> {
        let token = match &parent {
            Some(parent) if shielded => parent.token.shielded_child(),
            Some(parent) => parent.token.child(),
            None => CancelToken::new(),
        };
        Arc::new(Self {
            token,
            parent: parent.and_then(|parent| parent.scope),
            inner: Mutex::new(Inner {
                state: ScopeState::Created,
                deadline: None,
                elapsed: false,
                caught: false,
                waker: None,
            }),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner<R::Instant>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What an active scope has been asked already, it need not know yet.
    fn state(&self, inner: &Inner<R::Instant>) -> ScopeState {
        match inner.state {
            ScopeState::Active if self.token.is_cancelled() => ScopeState::Asked,
            state => state,
        }
    }

    /// The body begins.
    pub(super) fn enter(&self, deadline: Option<R::Instant>) {
        let mut inner = self.lock();
        inner.state = ScopeState::Active;
        inner.deadline = deadline;
    }

    pub(super) fn set_state(&self, state: ScopeState) {
        let waker = {
            let mut inner = self.lock();
            inner.state = state;
            inner.waker.take()
        };
        drop(waker);
    }

    /// The deadline at this moment; `waker` is woken when it changes.
    pub(super) fn watch(&self, waker: &Waker) -> Option<R::Instant> {
        {
            let inner = self.lock();
            let waker_stays = inner.waker.as_ref().is_some_and(|old| old.will_wake(waker));
            if waker_stays {
                return inner.deadline;
            }
        }
        let waker = waker.clone();
        let (deadline, stale) = {
            let mut inner = self.lock();
            (inner.deadline, inner.waker.replace(waker))
        };
        drop(stale);
        deadline
    }

    /// The timer that was set to `deadline` has fired: whether that still is the deadline. Then it
    /// cannot be changed any more.
    pub(super) fn expire(&self, deadline: R::Instant) -> bool {
        let mut inner = self.lock();
        let fires = inner.deadline == Some(deadline);
        if fires {
            inner.state = ScopeState::Asked;
        }
        fires
    }

    /// Its own deadline asks it to stop.
    pub(super) fn ask_elapsed(&self, location: &'static Location<'static>) {
        if self.ask(CancelKind::Deadline, location) {
            self.lock().elapsed = true;
        }
    }

    pub(super) fn ask(&self, kind: CancelKind, location: &'static Location<'static>) -> bool {
        self.token
            .cancel_with(CancelReason::from(kind).asked_at(location))
    }

    pub(super) fn deadline(&self) -> Option<R::Instant> {
        self.lock().deadline
    }

    pub(super) fn has_elapsed(&self) -> bool {
        self.lock().elapsed
    }

    pub(super) fn finish(&self, caught: bool) {
        self.set_state(ScopeState::Finished);
        self.lock().caught |= caught;
    }
}

impl<R: Timer> Drop for Shared<R> {
    fn drop(&mut self) {
        // One by one: a chain of parents may be long.
        let mut parent = self.parent.take();
        while let Some(scope) = parent {
            parent = Arc::into_inner(scope.shared).and_then(|mut shared| shared.parent.take());
        }
    }
}
