//! What a group, its handles and those of its children have in common, apart from the children.

use alloc::borrow::Cow;
use alloc::sync::Arc;
use alloc::task::Wake;
use alloc::vec::Vec;
use core::mem;
use core::panic::Location;
use core::task::Waker;

use super::listing::{ChildInfo, Id, Listing};
use crate::cancel_token::{CancelKind, CancelReason, CancelToken};
use crate::flavour::Spin;
use crate::future_set::Key;
use crate::short_lock::Locked;

/// As a waker, it is the body's.
pub(super) struct Control {
    token: CancelToken,
    state: Locked<State, Spin>,
}

struct State {
    phase: Phase,
    /// The group is being polled, and looks for news before it waits.
    polled: bool,
    /// There is something that the group does not know yet.
    news: bool,
    /// The body is to be polled.
    body: bool,
    /// Children that are to be cancelled.
    cancels: Vec<Id>,
    waker: Option<Waker>,
    limit: usize,
    listing: Listing,
}

/// How far a group is. It goes on in this order only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// It takes children.
    Open,
    /// Children and body are cancelled.
    Cancelled,
    /// They are, and something has failed.
    Failed,
    /// It has ended, or was dropped.
    Ended,
}

/// What the group did not know.
pub(super) struct News {
    pub(super) phase: Phase,
    pub(super) body: bool,
    pub(super) cancels: Vec<Id>,
    pub(super) limit: usize,
}

impl Control {
    pub(super) fn new(token: CancelToken, limit: usize) -> Self {
        Self {
            token,
            state: Locked::new(State {
                phase: Phase::Open,
                polled: false,
                news: false,
                body: true,
                cancels: Vec::new(),
                waker: None,
                limit,
                listing: Listing::default(),
            }),
        }
    }

    /// Makes a change, and lets the group know, if it says that there was one.
    fn tell(&self, change: impl FnOnce(&mut State) -> bool) -> bool {
        self.change_and_wake(|state| {
            let told = change(state);
            state.news |= told;
            told
        })
    }

    /// Makes a change, and wakes the group, if it says that it is to look.
    fn change_and_wake(&self, change: impl FnOnce(&mut State) -> bool) -> bool {
        let (told, waker) = self.state.with(|state| {
            let told = change(state);
            // While it is polled it looks by itself.
            let waker = if told && !state.polled {
                state.waker.take()
            } else {
                None
            };
            (told, waker)
        });
        if let Some(waker) = waker {
            waker.wake();
        }
        told
    }

    /// Lists a child, if the group takes any.
    pub(super) fn admit(
        &self,
        name: Option<Cow<'static, str>>,
        location: &'static Location<'static>,
    ) -> Option<Id> {
        if self.token.is_cancelled() {
            return None;
        }
        self.state.with(|state| match state.phase {
            Phase::Open => Some(state.listing.insert(name, location)),
            _ => None,
        })
    }

    /// A child is where the group looks for it. Whether the group is still there.
    pub(super) fn arrived(&self) -> bool {
        self.tell(|state| state.phase < Phase::Ended)
    }

    pub(super) fn cancel_child(&self, id: Id) {
        self.tell(|state| {
            let cancels = state.listing.cancel(id);
            if cancels {
                state.cancels.push(id);
            }
            cancels
        });
    }

    /// Cancels children and body. Whether it was the first to do so.
    pub(super) fn cancel(&self, reason: CancelReason) -> bool {
        let is_open = self.state.with(|state| state.phase == Phase::Open);
        let first = is_open && self.token.cancel_with(reason);
        self.close(Phase::Cancelled);
        first
    }

    /// Cancels children and body: something has failed.
    pub(super) fn fail(&self) {
        if self.close(Phase::Failed) {
            self.token.cancel_with(CancelKind::GroupFailed);
        }
    }

    /// The group goes on to `phase`, unless it is beyond it.
    pub(super) fn close(&self, phase: Phase) -> bool {
        self.tell(|state| {
            let goes_on = state.phase < phase;
            if goes_on {
                state.phase = phase;
            }
            goes_on
        })
    }

    pub(super) fn has_failed(&self) -> bool {
        self.state.with(|state| state.phase >= Phase::Failed)
    }

    pub(super) fn token(&self) -> &CancelToken {
        &self.token
    }

    pub(super) fn set_limit(&self, limit: usize) {
        self.tell(|state| {
            state.limit = limit;
            true
        });
    }

    pub(super) fn len(&self) -> usize {
        self.state.with(|state| state.listing.len())
    }

    pub(super) fn infos(&self) -> Vec<ChildInfo> {
        self.state.with(|state| state.listing.infos())
    }
}

/// The side of the group.
impl Control {
    pub(super) fn begin_poll(&self) {
        self.state.with(|state| state.polled = true);
    }

    pub(super) fn take_news(&self) -> News {
        self.state.with(|state| {
            state.news = false;
            News {
                phase: state.phase,
                body: mem::take(&mut state.body),
                cancels: mem::take(&mut state.cancels),
                limit: state.limit,
            }
        })
    }

    /// Has `waker` woken when there are news; unless there are some now, which it says.
    pub(super) fn wait(&self, waker: &Waker) -> bool {
        // Cloned and dropped outside of the lock.
        let mut other = None;
        loop {
            let news = self.state.with(|state| {
                if state.news || state.body {
                    return Some(true);
                }
                let known = state.waker.as_ref();
                if !known.is_some_and(|known| known.will_wake(waker)) {
                    other.as_ref()?;
                    mem::swap(&mut state.waker, &mut other);
                }
                state.polled = false;
                Some(false)
            });
            match news {
                Some(news) => return news,
                None => other = Some(waker.clone()),
            }
        }
    }

    /// Notes where the group has a child. Whether that is to be cancelled.
    pub(super) fn place_child(&self, id: Id, key: Key) -> bool {
        self.state.with(|state| {
            let cancelled = state.listing.place(id, key);
            cancelled || state.phase > Phase::Open
        })
    }

    /// Where the group has a child, if it has begun.
    pub(super) fn key_of(&self, id: Id) -> Option<Key> {
        self.state.with(|state| state.listing.key_of(id))
    }

    /// A child has ended.
    pub(super) fn remove_child(&self, id: Id) -> Option<ChildInfo> {
        self.state.with(|state| state.listing.remove(id))
    }

    /// Ends the group, if there are no children. Whether there are none.
    pub(super) fn end(&self) -> bool {
        self.state.with(|state| {
            let ends = state.listing.len() == 0;
            if ends {
                state.phase = Phase::Ended;
            }
            ends
        })
    }
}

impl Wake for Control {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.change_and_wake(|state| {
            state.body = true;
            true
        });
    }
}
