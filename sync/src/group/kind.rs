//! The two kinds of groups, from one definition: of children that may move between threads, and of
//! those that stay.

use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;

use withal_core::cancel::{Branch, Dropping};
#[cfg(feature = "std")]
use withal_core::cleanup::ThreadBound;
use withal_core::cleanup::{Kind, Sendable};

#[cfg(feature = "std")]
use super::child::BoundChild;
use super::child::{AnyChild, Ended, SendChild};
use super::listing::Id;

/// Whether the children of a group may move between threads: `Sendable` or `ThreadBound`. Sealed.
#[expect(private_bounds, reason = "sealed")]
pub trait GroupKind: Parts {}

pub(super) trait Parts: Kind + Sized {
    type Child<'env, E>: BoxedChild<E, Self>;

    fn branch<F: Future<Output = O>, O>(branch: Branch<F, O>) -> Branch<F, O, Self>;
}

/// The group takes children of type `C`.
pub(super) trait Takes<'env, E, C>: GroupKind {
    fn boxed(child: C) -> <Self as Parts>::Child<'env, E>;
}

pub(super) trait BoxedChild<E, K: Kind>: Future<Output = Ended<E>> + Unpin {
    fn id(&self) -> Id;
    fn cancel(&mut self);
    fn drop_future(&mut self, dropping: &mut Dropping<K>);
}

impl<E, C, K> BoxedChild<E, K> for Pin<Box<C>>
where
    C: AnyChild<E, K> + Future<Output = Ended<E>> + ?Sized,
    K: Kind,
{
    fn id(&self) -> Id {
        (**self).id()
    }

    fn cancel(&mut self) {
        self.as_mut().cancel();
    }

    fn drop_future(&mut self, dropping: &mut Dropping<K>) {
        self.as_mut().drop_future(dropping);
    }
}

impl GroupKind for Sendable {}

impl Parts for Sendable {
    type Child<'env, E> = SendChild<'env, E>;

    fn branch<F: Future<Output = O>, O>(branch: Branch<F, O>) -> Branch<F, O, Self> {
        branch
    }
}

impl<'env, E, C> Takes<'env, E, C> for Sendable
where
    C: AnyChild<E, Self> + Send + 'env,
{
    fn boxed(child: C) -> SendChild<'env, E> {
        Box::pin(child)
    }
}

#[cfg(feature = "std")]
impl GroupKind for ThreadBound {}

#[cfg(feature = "std")]
impl Parts for ThreadBound {
    type Child<'env, E> = BoundChild<'env, E>;

    fn branch<F: Future<Output = O>, O>(branch: Branch<F, O>) -> Branch<F, O, Self> {
        branch.local()
    }
}

#[cfg(feature = "std")]
impl<'env, E, C> Takes<'env, E, C> for ThreadBound
where
    C: AnyChild<E, Self> + 'env,
{
    fn boxed(child: C) -> BoundChild<'env, E> {
        Box::pin(child)
    }
}
