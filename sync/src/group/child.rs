//! A child, as the group has it.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use withal_core::cancel::{Branch, Dropping, KeptError};
#[cfg(feature = "std")]
use withal_core::cleanup::ThreadBound;
use withal_core::cleanup::{Kind, Sendable};
use withal_core::error_group::{Node, Phase};
use withal_core::runtime::TaskError;
use withal_core::{ErrorGroup, JoinError};

use super::control::Control;
use super::join::Teller;
use super::listing::Id;

/// What a child has come to, when its cleanup has ended.
pub(super) struct Ended<E> {
    pub(super) id: Id,
    pub(super) outcome: Outcome<E>,
}

pub(super) enum Outcome<E> {
    /// It has a value, was cancelled, or its error is somebody else's.
    Done,
    Failed(Phase, Node<E>),
    Panicked(KeptError),
}

/// A child of any type.
pub(super) trait AnyChild<E, K: Kind> {
    fn id(&self) -> Id;

    /// From now on polls lead to its cancellation. It is to be polled then.
    fn cancel(self: Pin<&mut Self>);

    fn poll_child(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended<E>>;

    /// Drops the future, for a group that is dropped.
    fn drop_future(self: Pin<&mut Self>, dropping: &mut Dropping<K>);
}

pub(super) type SendChild<'env, E> = Pin<Box<dyn AnyChild<E, Sendable> + Send + 'env>>;

#[cfg(feature = "std")]
pub(super) type BoundChild<'env, E> = Pin<Box<dyn AnyChild<E, ThreadBound> + 'env>>;

impl<E> Future for dyn AnyChild<E, Sendable> + Send + '_ {
    type Output = Ended<E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended<E>> {
        self.poll_child(cx)
    }
}

#[cfg(feature = "std")]
impl<E> Future for dyn AnyChild<E, ThreadBound> + '_ {
    type Output = Ended<E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended<E>> {
        self.poll_child(cx)
    }
}

/// What becomes of the output of a child, and who is told.
pub(super) trait Ends<O, E> {
    /// Whether the group fails by this output.
    fn fails(&self, output: &O) -> bool;

    /// Tells the handle. Gives the error, if it is the group's.
    fn end(&self, output: O) -> Option<Node<E>>;

    /// Tells the handle that there is no output.
    fn end_without(&self, why: JoinError);
}

impl<T, E> Ends<Result<T, E>, E> for Teller<T> {
    fn fails(&self, output: &Result<T, E>) -> bool {
        output.is_err()
    }

    fn end(&self, output: Result<T, E>) -> Option<Node<E>> {
        match output {
            Ok(value) => {
                self.tell(Ok(value));
                None
            }
            Err(error) => {
                self.tell(Err(JoinError::Failed));
                Some(Node::Leaf(error))
            }
        }
    }

    fn end_without(&self, why: JoinError) {
        self.tell(Err(why));
    }
}

/// For a child that fails with a group of errors.
pub(super) struct GroupTeller<T>(pub(super) Teller<T>);

impl<T, E> Ends<Result<T, ErrorGroup<E>>, E> for GroupTeller<T> {
    fn fails(&self, output: &Result<T, ErrorGroup<E>>) -> bool {
        output.is_err()
    }

    fn end(&self, output: Result<T, ErrorGroup<E>>) -> Option<Node<E>> {
        match output {
            Ok(value) => {
                self.0.tell(Ok(value));
                None
            }
            Err(group) => {
                self.0.tell(Err(JoinError::Failed));
                Some(Node::Group(group))
            }
        }
    }

    fn end_without(&self, why: JoinError) {
        self.0.tell(Err(why));
    }
}

/// `branch` is pinned structurally.
pub(super) struct Child<F, O, N, K: Kind> {
    branch: Branch<F, O, K>,
    ends: N,
    control: Arc<Control>,
    id: Id,
    cancelled: bool,
    /// The group knows that it fails.
    failing: bool,
}

impl<F, O, N, K: Kind> Child<F, O, N, K> {
    pub(super) fn new(branch: Branch<F, O, K>, ends: N, control: Arc<Control>, id: Id) -> Self {
        Self {
            branch,
            ends,
            control,
            id,
            cancelled: false,
            failing: false,
        }
    }
}

impl<F, O, N, K, E> AnyChild<E, K> for Child<F, O, N, K>
where
    F: Future<Output = O>,
    N: Ends<O, E>,
    K: Kind,
{
    fn id(&self) -> Id {
        self.id
    }

    fn cancel(self: Pin<&mut Self>) {
        // SAFETY: `branch` alone is pinned, and not touched.
        unsafe { self.get_unchecked_mut() }.cancelled = true;
    }

    fn poll_child(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended<E>> {
        // SAFETY: `branch` alone is pinned; it is not moved.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: pinned structurally.
        let mut branch = unsafe { Pin::new_unchecked(&mut this.branch) };
        let polled = branch.as_mut().poll_branch(cx, this.cancelled);
        if polled.is_pending() && !this.failing {
            let fails = |output| this.ends.fails(output);
            if branch.is_panicking() || branch.value().is_some_and(fails) {
                // The others are not kept until its cleanup has ended.
                this.failing = true;
                this.control.fail();
            }
        }
        let outcome = match ready!(polled) {
            Ok(output) => match this.ends.end(output) {
                Some(error) => {
                    let phase = if this.cancelled && !this.failing {
                        Phase::Cleanup
                    } else {
                        Phase::Task
                    };
                    Outcome::Failed(phase, error)
                }
                None => Outcome::Done,
            },
            Err(error) => this.end_without(error),
        };
        Poll::Ready(Ended {
            id: this.id,
            outcome,
        })
    }

    fn drop_future(self: Pin<&mut Self>, dropping: &mut Dropping<K>) {
        // SAFETY: pinned structurally.
        dropping.drop_branch(unsafe { self.map_unchecked_mut(|this| &mut this.branch) });
    }
}

impl<F, O, N, K: Kind> Child<F, O, N, K> {
    fn end_without<E>(&self, error: TaskError) -> Outcome<E>
    where
        F: Future<Output = O>,
        N: Ends<O, E>,
    {
        if error.is_panic() {
            self.ends.end_without(JoinError::Panicked);
            Outcome::Panicked(self.branch.keep(error))
        } else {
            self.ends.end_without(JoinError::Cancelled);
            Outcome::Done
        }
    }
}
