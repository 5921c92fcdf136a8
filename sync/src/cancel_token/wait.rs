use alloc::sync::Arc;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::node::Node;
use crate::event;
use crate::event::Event;
use crate::flavour::Spin;

/// The future that [`CancelToken::cancelled`](super::CancelToken::cancelled) returns.
#[must_use = "futures do nothing unless polled"]
pub struct Wait<'t> {
    wait: event::Wait<&'t Event>,
}

/// The future that [`CancelToken::cancelled_owned`](super::CancelToken::cancelled_owned) returns.
#[must_use = "futures do nothing unless polled"]
pub struct WaitOwned {
    wait: event::Wait<Arc<Node<Spin>>>,
}

impl<'t> Wait<'t> {
    pub(super) fn new(node: &'t Node<Spin>) -> Self {
        Self {
            wait: event::Wait::new(&node.cancelled),
        }
    }
}

impl WaitOwned {
    pub(super) fn new(node: Arc<Node<Spin>>) -> Self {
        Self {
            wait: event::Wait::new(node),
        }
    }
}

macro_rules! wait {
    ($name:literal, $wait:ty) => {
        impl Future for $wait {
            type Output = ();

            #[inline]
            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
                // SAFETY: `wait` is pinned structurally.
                unsafe { self.map_unchecked_mut(|this| &mut this.wait) }.poll(cx)
            }
        }

        impl fmt::Debug for $wait {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct($name)
                    .field("waits", &self.wait.is_queued())
                    .finish_non_exhaustive()
            }
        }
    };
}

wait!("Wait", Wait<'_>);
wait!("WaitOwned", WaitOwned);
