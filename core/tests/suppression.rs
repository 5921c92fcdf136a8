//! What a scope that may swallow errors cannot do.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use withal_core::runtime::NoExecutor;
use withal_core::scope::{Failure, Suppress};
use withal_core::{ExitReason, HandOver, Scope, ScopeError, with_suppressing};

static EXITS: AtomicUsize = AtomicUsize::new(0);

struct Undecided;

impl Scope for Undecided {
    type Resource = ();
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    async fn exit(self, (): (), reason: ExitReason<'_>) -> Result<(), Infallible> {
        assert!(reason.failure().is_some());
        EXITS.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

impl Suppress for Undecided {
    fn suppresses(&self, _: Failure<'_>) -> bool {
        panic!("cannot decide")
    }
}

// A-6, CM-17
#[test]
fn a_panic_while_it_decides_does_not_keep_it_from_its_exit() {
    let rt = NoExecutor::new();
    let ended = with_suppressing(&rt, Undecided, async |()| Err::<(), _>("refused"));
    let ended = ended.now_or_never().unwrap();
    assert_eq!(ended, Err(ScopeError::Body("refused")));
    assert_eq!(EXITS.load(Ordering::SeqCst), 1);
}
