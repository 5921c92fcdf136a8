//! Where a transaction finds its client again, which a savepoint in it has taken away.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

pub(super) struct Slot<C> {
    state: Mutex<State<C>>,
}

struct State<C> {
    place: Place<C>,
    /// A savepoint has come back that was neither committed nor rolled back.
    dirty: bool,
}

/// Where the client is.
enum Place<C> {
    /// With the transaction.
    Home,
    /// With a savepoint.
    Lent(Option<Waker>),
    /// Here.
    Back(C),
    /// Nowhere: the savepoint has come to its end without it.
    Lost,
    /// The transaction has ended, and takes it no more.
    Closed,
}

/// Why there is no client.
#[derive(Clone, Copy)]
pub(super) enum Missing {
    Lent,
    Lost,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lent => {
                "a savepoint in this transaction has its client: use the savepoint in its place, and \
                 if one was dropped by code that does not wait, call `ready().await` before you go on"
            }
            Self::Lost => {
                "a savepoint in this transaction has lost its client: a savepoint inside of it was \
                 leaked, or carried out of its body; leave the body to have all rolled back"
            }
        })
    }
}

impl<C> Default for Slot<C> {
    fn default() -> Self {
        Self {
            state: Mutex::new(State {
                place: Place::Home,
                dirty: false,
            }),
        }
    }
}

impl<C> Slot<C> {
    fn with<T>(&self, look: impl FnOnce(&mut State<C>) -> T) -> T {
        // No code of a user's runs under the lock.
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A savepoint takes the client from the transaction.
    pub(super) fn lend(&self) {
        self.with(|state| state.place = Place::Lent(None));
    }

    /// The savepoint has ended. Gives the client back if the transaction has, too.
    pub(super) fn give_back(&self, client: C, dirty: bool) -> Result<(), C> {
        let (back, waker) = self.with(|state| {
            if let Place::Closed = state.place {
                return (Err(client), None);
            }
            state.dirty |= dirty;
            let before = std::mem::replace(&mut state.place, Place::Back(client));
            (Ok(()), before.into_waker())
        });
        waker.into_iter().for_each(Waker::wake);
        back
    }

    /// The savepoint has ended, and has no client.
    pub(super) fn lose(&self) {
        let waker = self.with(|state| match state.place {
            Place::Lent(_) => std::mem::replace(&mut state.place, Place::Lost).into_waker(),
            _ => None,
        });
        waker.into_iter().for_each(Waker::wake);
    }

    /// The transaction takes its client, if that has come back.
    pub(super) fn recall(&self) -> Result<C, Missing> {
        self.with(
            |state| match std::mem::replace(&mut state.place, Place::Home) {
                Place::Back(client) => Ok(client),
                Place::Lost => {
                    state.place = Place::Lost;
                    Err(Missing::Lost)
                }
                other => {
                    state.place = other;
                    Err(Missing::Lent)
                }
            },
        )
    }

    /// Ready when the client is here, or will never be.
    pub(super) fn poll_back(&self, cx: &mut Context<'_>) -> Poll<()> {
        let waker = cx.waker().clone();
        // What is replaced is dropped outside of the lock.
        let (ended, _replaced) = self.with(|state| match &mut state.place {
            Place::Lent(waiting) => (Poll::Pending, waiting.replace(waker)),
            _ => (Poll::Ready(()), Some(waker)),
        });
        ended
    }

    /// The transaction ends: takes the client if it has come back, and whether all in it was ended.
    pub(super) fn close(&self) -> (Option<C>, bool) {
        let (before, dirty) = self.with(|state| {
            let before = std::mem::replace(&mut state.place, Place::Closed);
            (before, state.dirty)
        });
        match before {
            Place::Back(client) => (Some(client), dirty),
            _ => (None, dirty),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.with(|state| matches!(state.place, Place::Closed))
    }
}

impl<C> Place<C> {
    fn into_waker(self) -> Option<Waker> {
        match self {
            Self::Lent(waker) => waker,
            _ => None,
        }
    }
}
