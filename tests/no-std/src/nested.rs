//! Three nested scopes whose hooks and bodies all suspend, and which leave a trace on the way.

use core::convert::Infallible;

use withal_core::runtime::NoExecutor;
use withal_core::scope::{ExitReason, Scope};
use withal_core::with;

#[cfg(not(feature = "alloc"))]
use withal_core::scope::Abandon as OnDrop;
#[cfg(feature = "alloc")]
use withal_core::scope::HandOver as OnDrop;

use crate::{Pause, print};

struct Traced {
    enter: &'static str,
    exit: &'static str,
}

impl Scope for Traced {
    type Resource = ();
    type Error = Infallible;
    // Without an allocator, an exit that is dropped half-way has nowhere to go.
    type OnDrop = OnDrop;

    async fn enter(&mut self) -> Result<(), Infallible> {
        Pause::default().await;
        print(self.enter);
        Ok(())
    }

    async fn exit(self, (): (), reason: ExitReason<'_>) -> Result<(), Infallible> {
        Pause::default().await;
        print(if reason.is_completed() {
            self.exit
        } else {
            " ?"
        });
        Ok(())
    }
}

/// Any failure of [`nested`], which has none to report.
#[derive(Debug)]
pub struct Broken;

/// Enters a, b and c, and returns through all three.
///
/// # Errors
///
/// [`Broken`], if a scope fails.
pub async fn nested() -> Result<u8, Broken> {
    let rt = NoExecutor::new();
    with(&rt, A, async |_: &mut ()| {
        with(&rt, B, async |_: &mut ()| {
            with(&rt, C, async |_: &mut ()| {
                Pause::default().await;
                Ok::<_, Broken>(3)
            })
            .await
            .map_err(|_| Broken)
        })
        .await
        .map_err(|_| Broken)
    })
    .await
    .map_err(|_| Broken)
}

const A: Traced = Traced {
    enter: "+a",
    exit: " -a\n",
};
const B: Traced = Traced {
    enter: " +b",
    exit: " -b",
};
const C: Traced = Traced {
    enter: " +c",
    exit: " -c",
};
