//! What a panic does.

use std::panic::panic_any;

use withal::runtime::Runtime;
use withal::{TaskGroup, task_group};

use super::{ends, exits_and_fails, on, stuck};
use crate::Log;
use crate::foreign::OnDrop;
use crate::poll::caught;
use crate::probe::Failed;
use crate::reports::{Reports, unique};

// TG-15, K11
pub async fn a_panic_of_a_child_goes_on_after_the_others(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        group.spawn(stuck(rt, &log, "s"));
        let own = log.clone();
        group.spawn::<_, ()>(async move {
            on(&own, "+s").await;
            panic_any("the child")
        });
        on(&log, "never").await;
        Ok(())
    });
    let ended = ends(rt, caught(run)).await;
    log.push("returned");
    assert_eq!(ended.unwrap_err(), "the child");
    log.assert("+s -s:cancelled returned");
}

// TG-15, TG-25
pub async fn a_panic_wins_over_errors_which_are_reported(rt: &impl Runtime) {
    let (log, reports) = (Log::new(), Reports::begin());
    let (error, second) = (unique("error"), unique("second"));
    let (own_error, own_second) = (error.clone(), second.clone());
    let run = task_group(rt, async |group: TaskGroup<_, String>| {
        let late = exits_and_fails(rt, &log, "s", "panics");
        group.spawn(async move { late.await.map_err(|_| own_error) });
        let late = exits_and_fails(rt, &log, "t", "panics");
        group.spawn::<_, ()>(async move {
            let _ = late.await;
            panic_any(own_second)
        });
        let own = log.clone();
        group.spawn::<_, ()>(async move {
            on(&own, "…s").await;
            on(&own, "…t").await;
            let _last = OnDrop::new(|| own.push("panics"));
            panic_any("the first")
        });
        Ok(())
    });
    let ended = ends(rt, caught(run)).await;
    // The two that exit may see the first one's destructor before it has ended.
    let ended = ended.unwrap_err();
    if ended == "the first" {
        assert_eq!(reports.count(&second), 1);
    } else {
        assert_eq!(ended, second);
        assert_eq!(reports.count("the first"), 1);
    }
    assert_eq!(reports.count(&error), 1);
}

// TG-15, K11
pub async fn a_panic_of_the_body_goes_on_after_the_children(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(
        rt,
        async |group: TaskGroup<_, Failed>| -> Result<(), Failed> {
            group.spawn(stuck(rt, &log, "s"));
            on(&log, "+s").await;
            panic_any("the body")
        },
    );
    let ended = ends(rt, caught(run)).await;
    log.push("returned");
    assert_eq!(ended.unwrap_err(), "the body");
    log.assert("+s -s:cancelled returned");
}
