//! What a shield does with a future that panics.

mod common;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use common::{Numbered, now};
use futures_util::FutureExt;
use withal_core::runtime::NoExecutor;
use withal_core::{shielded, with};

/// Panics at each poll, and counts them.
struct Panics(Arc<AtomicUsize>);

impl Future for Panics {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        self.0.fetch_add(1, Ordering::SeqCst);
        panic!("shielded")
    }
}

// K11: it has ended, so there is nothing to run on.
#[test]
fn a_shielded_future_that_panicked_is_not_polled_again() {
    let rt = NoExecutor::new();
    let polls = Arc::new(AtomicUsize::new(0));
    let ended = with(&rt, Numbered::new(1), async |_| {
        let panics = AssertUnwindSafe(shielded(&rt, Panics(polls.clone())));
        Ok::<_, String>(panics.catch_unwind().await.is_err())
    });
    assert_eq!(now(ended), Ok(true));
    assert_eq!(polls.load(Ordering::SeqCst), 1);
}
