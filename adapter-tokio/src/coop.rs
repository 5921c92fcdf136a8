use std::task::{Context, Poll};

use tokio::task::coop;
use withal_core::runtime::Coop;

use crate::TokioRuntime;

/// Tokio's own budget, which its primitives take from as well. Outside of its tasks there is none.
impl Coop for TokioRuntime {
    type Unit = coop::RestoreOnPending;

    #[inline]
    fn poll_unit(cx: &mut Context<'_>) -> Poll<coop::RestoreOnPending> {
        coop::poll_proceed(cx)
    }

    #[inline]
    fn spend(unit: coop::RestoreOnPending) {
        unit.made_progress();
    }
}
