//! One entry of a stack: a scope that is entered, or a callback.

use alloc::boxed::Box;
use core::cell::UnsafeCell;
use core::fmt::Debug;
use core::future::Future;
use core::panic::Location;
use core::pin::Pin;
use core::ptr::NonNull;
use core::task::{Context, Poll};

use super::entries::Link;
use crate::cleanup::live::LiveEntry;
use crate::cleanup::{About, Subject};
use crate::runtime::RuntimeId;
use crate::scope::{Failure, Told, Why};

/// An entry, whatever it holds.
pub(super) trait Entry<X> {
    fn tag(&self) -> &Tag<X>;

    /// The entry is about to join a list, above `next`.
    fn link(&mut self, next: Link<X>);

    /// Whether it swallows `failure`. Not asked unless its exit is next.
    fn suppresses(&mut self, failure: Failure<'_>) -> bool;

    /// Makes its exit, in the place of what it holds.
    fn begin(self: Pin<&mut Self>, why: Why);

    fn poll_exit(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Exited<X>>;

    /// Drops what is left of the exit, in place.
    fn clear(self: Pin<&mut Self>);
}

/// What is known of an entry without a look at what it holds.
pub(super) struct Tag<X> {
    name: &'static str,
    location: &'static Location<'static>,
    /// Its exit never waits.
    pub(super) at_once: bool,
    pub(super) live: LiveEntry,
    pub(super) next: Link<X>,
}

impl<X> Tag<X> {
    pub(super) fn new(name: &'static str, location: &'static Location<'static>) -> Self {
        Self {
            name,
            location,
            at_once: false,
            live: LiveEntry::default(),
            next: Link::NONE,
        }
    }

    pub(super) fn at_once(mut self) -> Self {
        self.at_once = true;
        self
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn location(&self) -> &'static Location<'static> {
        self.location
    }

    pub(super) fn about(&self, runtime: RuntimeId) -> About {
        About::new(Subject::Scope, self.name, self.location, runtime)
    }
}

/// How an exit ended.
pub(super) struct Exited<X> {
    pub(super) failed: Option<Cause<X>>,
    /// The exit gives back what it was told.
    pub(super) told: Option<Told>,
}

/// The error of an exit, of its own type: the exits below look at it.
pub(super) struct Cause<X> {
    pub(super) told: Told,
    pub(super) into: IntoError<X>,
}

/// Gets the error out of what was told of it.
pub(super) type IntoError<X> = fn(Told) -> Option<X>;

/// An entry with the scope `M` and its resource `T`, and the exit `F`: one box for all three.
///
/// # Invariants
///
/// 1. An exit in `place` is pinned structurally: dropped in place, never moved.
pub(super) struct Node<X, M, T, F> {
    tag: Tag<X>,
    start: Start<M, T, F>,
    suppresses: Option<Suppresses<M>>,
    // A cell, since it is borrowed from while references to the whole node come and go.
    place: UnsafeCell<Place<M, T, F>>,
}

pub(super) type Start<M, T, F> = fn(M, T, Why) -> F;
pub(super) type Suppresses<M> = fn(&M, Failure<'_>) -> bool;

enum Place<M, T, F> {
    /// Not entered yet, or exited.
    Vacant,
    Entered(M, T),
    Exiting(F),
}

impl<X, M, T, F> Node<X, M, T, F> {
    /// An entry with nothing in it.
    pub(super) fn vacant(
        tag: Tag<X>,
        start: Start<M, T, F>,
        suppresses: Option<Suppresses<M>>,
    ) -> Box<Self> {
        Box::new(Self {
            tag,
            start,
            suppresses,
            place: UnsafeCell::new(Place::Vacant),
        })
    }

    pub(super) fn entered(
        tag: Tag<X>,
        start: Start<M, T, F>,
        manager: M,
        resource: T,
    ) -> Box<Self> {
        Box::new(Self {
            tag,
            start,
            suppresses: None,
            place: UnsafeCell::new(Place::Entered(manager, resource)),
        })
    }

    pub(super) fn fill(&mut self, manager: M, resource: T, runtime: RuntimeId) {
        let about = self.tag.about(runtime);
        self.tag.live = LiveEntry::enter(|| about);
        *self.place.get_mut() = Place::Entered(manager, resource);
    }

    /// Where the resource is.
    ///
    /// # Safety
    ///
    /// - Nobody has a reference to what the node holds.
    pub(super) unsafe fn resource(&self) -> Option<NonNull<T>> {
        // SAFETY: nobody else refers to it, as the caller promises.
        match unsafe { &mut *self.place.get() } {
            Place::Entered(_, resource) => Some(NonNull::from(resource)),
            Place::Vacant | Place::Exiting(_) => None,
        }
    }

    fn place(self: Pin<&mut Self>) -> &mut Place<M, T, F> {
        // SAFETY: of all that is in the node only the exit is pinned, and callers do not move it (1).
        unsafe { self.get_unchecked_mut() }.place.get_mut()
    }
}

impl<X, M, T, F, E> Entry<X> for Node<X, M, T, F>
where
    F: Future<Output = (Result<(), E>, Option<Told>)>,
    E: Into<X> + Debug + Send + Sync + 'static,
{
    fn tag(&self) -> &Tag<X> {
        &self.tag
    }

    fn link(&mut self, next: Link<X>) {
        self.tag.next = next;
    }

    fn suppresses(&mut self, failure: Failure<'_>) -> bool {
        match (self.suppresses, self.place.get_mut()) {
            (Some(suppresses), Place::Entered(manager, _)) => suppresses(manager, failure),
            _ => false,
        }
    }

    fn begin(self: Pin<&mut Self>, why: Why) {
        let start = self.start;
        let place = self.place();
        // A vacant place has nothing to exit: only an entry that is filled gets into a list.
        if let Place::Entered(..) = place {
            if let Place::Entered(manager, resource) = core::mem::replace(place, Place::Vacant) {
                *place = Place::Exiting(start(manager, resource, why));
            }
        }
    }

    fn poll_exit(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Exited<X>> {
        let about = self.tag.about(RuntimeId::ANY);
        let Place::Exiting(exit) = self.place() else {
            // It has ended, and is not polled again.
            return Poll::Pending;
        };
        // SAFETY: pinned structurally (1).
        let exit = unsafe { Pin::new_unchecked(exit) };
        exit.poll(cx).map(|(result, told)| Exited {
            failed: result.err().map(|error| Cause {
                told: Told::of_exit(error, about),
                into: |told| told.into_error::<E>().map(Into::into),
            }),
            told,
        })
    }

    fn clear(self: Pin<&mut Self>) {
        *self.place() = Place::Vacant;
    }
}
