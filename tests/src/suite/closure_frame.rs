//! The frame of a closure scope: what it holds, and what becomes of that.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;
use withal::runtime::Runtime;
use withal::scope::{Lend, scope_fn};
use withal::{ScopeError, timeout, with};

use crate::log::patience;
use crate::poll::{poll_now, yields};
use crate::probe::Failed;
use crate::reports::{Reports, unique};
use crate::{Log, Probe};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! closure_frame_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of closure_frame:
            cancelled_hard_it_goes_on_elsewhere_with_its_whole_frame,
            cancelled_while_it_sets_up_it_is_dropped,
            what_it_captured_is_dropped_with_its_future,
            it_may_hold_scopes_open_around_the_lending,
            it_may_lend_inside_of_a_join,
            a_panic_behind_lending_is_that_of_the_exit,
        }
    };
}

// GM-19, K2, A-4
pub async fn cancelled_hard_it_goes_on_elsewhere_with_its_whole_frame(rt: &impl Runtime) {
    let log = Log::new();
    let own = log.clone();
    let scope = scope_fn(async move |lend: Lend<u32>| {
        let frame = String::from("frame");
        let (_, ended) = lend.lend(1).await;
        own.push("…");
        own.when(|events| events.iter().any(|event| event == "go"))
            .await;
        own.push(format_args!("{frame}:{}", ended.kind()));
        Ok::<_, Failed>(ended)
    });
    let mut scoped = Box::pin(with(rt, scope, async |_| {
        pending::<Result<(), Failed>>().await
    }));
    assert!(poll_now(scoped.as_mut()).is_pending());
    drop(scoped);
    log.seen(rt, "…").await;
    log.push("go");
    log.seen(rt, "frame:cancelled").await;
}

// CM-19, GM-16
pub async fn cancelled_while_it_sets_up_it_is_dropped(rt: &impl Runtime) {
    let held = Arc::new(());
    let own = held.clone();
    let scope = scope_fn(async move |lend: Lend<Arc<()>>| {
        pending::<()>().await;
        let (_, ended) = lend.lend(own).await;
        Ok::<_, Failed>(ended)
    });
    let mut scoped = Box::pin(with(rt, scope, async |_| Ok::<_, Failed>(())));
    assert!(poll_now(scoped.as_mut()).is_pending());
    assert_eq!(Arc::strong_count(&held), 2);
    drop(scoped);
    assert_eq!(Arc::strong_count(&held), 1);
}

// GM-16
pub async fn what_it_captured_is_dropped_with_its_future(rt: &impl Runtime) {
    let held = Arc::new(());
    let own = held.clone();
    let scope = scope_fn(async move |lend: Lend<u32>| {
        drop(own);
        let (_, ended) = lend.lend(1).await;
        Ok::<_, Failed>(ended)
    });
    assert_eq!(Arc::strong_count(&held), 2);
    let scoped = with(rt, scope, async |_| {
        // The frame has let go of it, and the scope has no copy.
        assert_eq!(Arc::strong_count(&held), 1);
        Ok::<_, Failed>(())
    });
    scoped.await.unwrap();
}

// GM-12, CM-31, K3
pub async fn it_may_hold_scopes_open_around_the_lending<R: Runtime>(rt: &R) {
    let log = Log::new();
    let scope = || {
        let (rt, log) = (rt.clone(), log.clone());
        scope_fn(async move |lend: Lend<()>| {
            let around = with(&rt, Probe::new(&log, "around").reasons(), async |_| {
                log.push("+a");
                let ((), ended) = lend.lend(()).await;
                log.push(format_args!("-a:{}", ended.kind()));
                Ok::<_, Failed>(ended)
            });
            Ok::<_, Failed>(around.await.unwrap())
        })
    };
    let ended = with(rt, scope(), async |_| Err::<(), _>(Failed("refused"))).await;
    assert_eq!(ended, Err(ScopeError::Body(Failed("refused"))));
    log.assert("+around +a -a:failed -around:completed");
    // Dropped while it sets up, the scope around is left as in any other future.
    let log = Log::new();
    let (own_rt, own_log) = (rt.clone(), log.clone());
    let stuck = scope_fn(async move |lend: Lend<()>| {
        let around = Probe::new(&own_log, "around").reasons();
        let stuck = with(&own_rt, around, async |_| {
            pending::<Result<(), Failed>>().await
        });
        stuck.await.unwrap();
        let ((), ended) = lend.lend(()).await;
        Ok::<_, Failed>(ended)
    });
    let scoped = with(rt, stuck, async |_| Ok::<_, Failed>(()));
    timeout(rt, Duration::from_millis(5), scoped)
        .await
        .unwrap_err();
    log.assert("+around -around:cancelled");
}

// GM-2, GM-5
pub async fn it_may_lend_inside_of_a_join(rt: &impl Runtime) {
    let scope = scope_fn(async move |lend: Lend<u32>| {
        let ((resource, ended), beside) = join(lend.lend(1), async {
            yields(3).await;
            41
        })
        .await;
        assert_eq!(resource + beside, 42);
        Ok::<_, Failed>(ended)
    });
    let scoped = with(rt, scope, async |_| {
        yields(2).await;
        Ok::<_, Failed>(())
    });
    timeout(rt, patience(), scoped).await.unwrap().unwrap();
}

// A-5, K11
pub async fn a_panic_behind_lending_is_that_of_the_exit(rt: &impl Runtime) {
    let reports = Reports::begin();
    let text = unique("torn down");
    let own = text.clone();
    let scope = scope_fn(async move |lend: Lend<u32>| {
        let (_, ended) = lend.lend(1).await;
        if !ended.is_completed() {
            std::panic::panic_any(own);
        }
        Ok::<_, Failed>(ended)
    });
    let endless = with(rt, scope, async |_| pending::<Result<(), Failed>>().await);
    timeout(rt, Duration::ZERO, endless).await.unwrap_err();
    assert_eq!(reports.count(&text), 1);
}
