use alloc::borrow::Cow;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::future::Future;
use core::mem;
use core::panic::Location;

use withal_core::cancel::Branch;
use withal_core::cleanup::Sendable;
#[cfg(feature = "std")]
use withal_core::cleanup::ThreadBound;
use withal_core::{ErrorGroup, SpawnError};

use super::child::{Child, GroupTeller};
use super::control::Control;
use super::join::{Join, LocalHandle, Teller};
use super::kind::{GroupKind, Parts, Takes};
use super::listing::{ChildInfo, Id};
use super::start::{Late, Start, StartEnds, Started, Starting};
use crate::cancel_token::{CancelKind, CancelReason, CancelToken};
use crate::flavour::Spin;
use crate::short_lock::Locked;

/// A group of children that run in the task of whoever awaits [`local_group`](super::local_group): what
/// its body gets, to spawn them.
///
/// Clones are the same group. A child may have one and spawn siblings, also while the group waits for
/// its end. One that is kept beyond that spawns nothing any more.
///
/// Children borrow whatever outlives the group's future: `'env`. What the body itself owns does not.
pub struct LocalGroup<'env, E, K: GroupKind = Sendable> {
    shared: Arc<Shared<'env, E, K>>,
}

/// What the group's future and its handles share.
pub(super) struct Shared<'env, E, K: GroupKind> {
    pub(super) control: Arc<Control>,
    /// Children that the group has not seen.
    incoming: Locked<Vec<<K as Parts>::Child<'env, E>>, Spin>,
    pub(super) late: Arc<Late<E>>,
}

impl<'env, E, K: GroupKind> Shared<'env, E, K> {
    pub(super) fn new(control: Control) -> Arc<Self> {
        Arc::new(Self {
            control: Arc::new(control),
            incoming: Locked::new(Vec::new()),
            late: Late::new(),
        })
    }

    pub(super) fn take_incoming(&self) -> Vec<<K as Parts>::Child<'env, E>> {
        self.incoming.with(mem::take)
    }

    fn put(&self, child: <K as Parts>::Child<'env, E>) {
        self.incoming.with(|incoming| incoming.push(child));
        if !self.control.arrived() {
            // The group has gone meanwhile, and looks here no more.
            drop(self.take_incoming());
        }
    }
}

impl<'env, E, K: GroupKind> LocalGroup<'env, E, K> {
    pub(super) fn new(shared: Arc<Shared<'env, E, K>>) -> Self {
        Self { shared }
    }

    /// A place for a child in the list, if the group takes any.
    fn seat(&self, name: Option<Cow<'static, str>>, location: &'static Location<'static>) -> Seat {
        Seat {
            id: self.shared.control.admit(name.clone(), location),
            name,
            location,
        }
    }

    fn add<F, O, N, T>(
        &self,
        seat: Seat,
        ends: impl FnOnce(Arc<Join<T>>) -> N,
        future: F,
    ) -> LocalHandle<T>
    where
        F: Future<Output = O>,
        K: Takes<'env, E, Child<F, O, N, K>>,
    {
        let Seat { id, name, location } = seat;
        let control = self.shared.control.clone();
        let join = match id {
            None => Join::closed(),
            Some(id) => {
                let join = Join::running();
                let branch = K::branch(Branch::new("local_group", future).called_at(location));
                let child = Child::new(branch, ends(join.clone()), control.clone(), id);
                self.shared.put(K::boxed(child));
                join
            }
        };
        LocalHandle::new(join, control, id, name, location)
    }

    /// Cancels the group: its body and its children, which is no failure. Whether it was the first to
    /// do so; later calls, also after the end, do nothing.
    ///
    /// It takes no children from here on. Who calls this, body or child, is dropped where it waits next;
    /// a body that returns at once gives the group its value.
    #[track_caller]
    pub fn cancel(&self) -> bool {
        self.cancel_with(CancelKind::Requested)
    }

    /// [`cancel`](Self::cancel), with the reason that the token tells.
    #[track_caller]
    pub fn cancel_with(&self, reason: impl Into<CancelReason>) -> bool {
        self.shared.control.cancel(reason.into())
    }

    /// The token of the group: it is cancelled with the group, whatever the cause; and cancelling it
    /// cancels the group.
    pub fn token(&self) -> &CancelToken {
        self.shared.control.token()
    }

    /// Lets at most so many children run at a time from now on; the others wait, first in, first out.
    ///
    /// Those that run already go on. A child that waits for one that must wait for it waits for ever.
    pub fn limit(&self, limit: usize) {
        self.shared.control.set_limit(limit);
    }

    /// The children that have not ended, in the order in which they were spawned.
    pub fn tasks(&self) -> Vec<ChildInfo> {
        self.shared.control.infos()
    }

    /// The number of children that have not ended.
    pub fn len(&self) -> usize {
        self.shared.control.len()
    }

    /// Whether all children have ended.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What spawns, for each kind of group: from one definition.
macro_rules! spawns {
    ($Kind:ty $(, $Send:ident)?) => {
        impl<'env, E $(: $Send)?> LocalGroup<'env, E, $Kind> {
            /// Adds a child, which begins when the group is next polled, in the order of the calls.
            ///
            /// Its value is read from the handle. Its error fails the group, which cancels the body and the other
            /// children. If the group takes no children any more, the handle says
            /// [`Closed`](withal_core::JoinError::Closed), and the future is dropped.
            ///
            /// A child that is cancelled before it has begun never runs: what it must close, it owns by a value
            /// that closes it in its drop.
            ///
            /// # Complexity
            ///
            /// Two allocations, one of which is the future's.
            #[track_caller]
            pub fn spawn<F, T>(&self, future: F) -> LocalHandle<T>
            where
                F: Future<Output = Result<T, E>> $(+ $Send)? + 'env,
                T: $($Send +)? 'env,
                E: 'env,
            {
                let seat = self.seat(None, Location::caller());
                self.add(seat, Teller::new, future)
            }

            /// [`spawn`](Self::spawn) with a name, for lists and errors.
            #[track_caller]
            pub fn spawn_named<F, T>(&self, name: impl Into<Cow<'static, str>>, future: F) -> LocalHandle<T>
            where
                F: Future<Output = Result<T, E>> $(+ $Send)? + 'env,
                T: $($Send +)? 'env,
                E: 'env,
            {
                let seat = self.seat(Some(name.into()), Location::caller());
                self.add(seat, Teller::new, future)
            }

            /// [`spawn`](Self::spawn) for a child that fails with a group of errors, such as a group in the
            /// group: those become a group in the error.
            #[track_caller]
            pub fn spawn_group<F, T>(&self, future: F) -> LocalHandle<T>
            where
                F: Future<Output = Result<T, ErrorGroup<E>>> $(+ $Send)? + 'env,
                T: $($Send +)? 'env,
                E: 'env,
            {
                let seat = self.seat(None, Location::caller());
                self.add(seat, |join| GroupTeller(Teller::new(join)), future)
            }

            /// [`spawn`](Self::spawn), if the group takes children.
            ///
            /// # Errors
            ///
            /// [`SpawnError`] holding `future`, if it does not: it has ended, is ending because something has
            /// failed, or was cancelled.
            #[track_caller]
            pub fn try_spawn<F, T>(&self, future: F) -> Result<LocalHandle<T>, SpawnError<F>>
            where
                F: Future<Output = Result<T, E>> $(+ $Send)? + 'env,
                T: $($Send +)? 'env,
                E: 'env,
            {
                let seat = self.seat(None, Location::caller());
                if seat.id.is_none() {
                    return Err(SpawnError(future));
                }
                Ok(self.add(seat, Teller::new, future))
            }

            /// Adds a child, and waits until it says that it has started.
            ///
            /// `child` gets a [`Started`], by which it says so, with a value. That, and the handle of the child,
            /// is what this future gives. Until then an error of the child is an error of the start, and not of
            /// the group.
            ///
            /// The child is added by the call. Below a [`limit`](Self::limit) it waits for its turn, and its
            /// starter with it.
            ///
            /// # Cancel safety
            ///
            /// Dropped before it is ready, it cancels the child. Leaked, it leaves it as it is.
            ///
            /// # Errors
            ///
            /// [`StartError`](withal_core::StartError).
            ///
            /// # Panics
            ///
            /// If polled again after completion.
            ///
            /// # Examples
            ///
            /// ```
            /// use withal_sync::group::local_group;
            ///
            /// # futures_util::FutureExt::now_or_never(async {
            /// let served = local_group(async |group| {
            ///     let (port, server) = group
            ///         .start(async |started| {
            ///             started.send(8080).ok();
            ///             Ok("served")
            ///         })
            ///         .await
            ///         .unwrap();
            ///     assert_eq!(port, 8080);
            ///     Ok::<_, std::io::Error>(server.await.unwrap())
            /// });
            /// assert_eq!(served.await.unwrap(), "served");
            /// # }).unwrap();
            /// ```
            ///
            /// Source: Trio's `Nursery.start`.
            #[track_caller]
            pub fn start<S, F, V, T>(&self, child: S) -> Start<V, T, E>
            where
                S: FnOnce(Started<V>) -> F,
                V: $($Send +)? 'env,
                F: Future<Output = Result<T, E>> $(+ $Send)? + 'env,
                T: $($Send +)? 'env,
                E: 'env,
            {
                let starting = Starting::new(self.shared.late.clone());
                // The user's code first: if it panics, there is no seat for nobody.
                let future = child(starting.started());
                let seat = self.seat(None, Location::caller());
                if seat.id.is_none() {
                    starting.close();
                }
                let ends = |join| StartEnds::new(Teller::new(join), starting.clone());
                let handle = self.add(seat, ends, future);
                Start::new(starting, handle)
            }
        }
    };
}

spawns!(Sendable, Send);
#[cfg(feature = "std")]
spawns!(ThreadBound);

struct Seat {
    id: Option<Id>,
    name: Option<Cow<'static, str>>,
    location: &'static Location<'static>,
}

impl<E, K: GroupKind> Clone for LocalGroup<'_, E, K> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

impl<E, K: GroupKind> fmt::Debug for LocalGroup<'_, E, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalGroup")
            .field("len", &self.len())
            .field("is_cancelled", &self.token().is_cancelled())
            .finish_non_exhaustive()
    }
}
