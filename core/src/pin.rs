//! Every pin projection of this crate.
use core::pin::Pin;
use crate::runtime::TaskFuture;
pub(crate) fn task_future<F>(this: Pin<&mut TaskFuture<F>>) -> Pin<&mut F> {
    // SAFETY: structural.
    unsafe { this.map_unchecked_mut(|this| &mut this.future) }
}
