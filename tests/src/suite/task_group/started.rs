//! Children that say when they are ready.

use withal::runtime::Runtime;
use withal::task_group::Started;
use withal::{Either, StartError, TaskGroup, either, task_group, with};

use super::{ends, on, said, stuck};
use crate::Log;
use crate::poll::yields;
use crate::probe::{Failed, Probe};

// TG-24
pub async fn a_starter_waits_until_the_child_has_started(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        let own = log.clone();
        let started = group.start(async move |started: Started<u16>| {
            yields(3).await;
            own.push("listens");
            started.send(8080).unwrap();
            on(&own, "asked").await;
            Ok("served")
        });
        let (port, server) = started.await.unwrap();
        log.push(port);
        log.push("asked");
        Ok(server.await)
    });
    assert_eq!(ends(rt, run).await.unwrap(), Ok("served"));
    log.assert("listens 8080 asked");
}

// TG-24
pub async fn a_child_that_fails_before_it_has_started_tells_its_starter(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        let (own_rt, probe) = (rt.clone(), Probe::new(&log, "s").exit_yields(2));
        let failed = group.start(async move |_: Started<()>| {
            let scoped = with(&own_rt, probe, async |_| Err::<(), _>(Failed("no port")));
            scoped.await.map_err(|error| error.into_body().unwrap())
        });
        let failed = failed.await.unwrap_err();
        log.push("told");
        assert_eq!(failed, StartError::Failed(Failed("no port")));
        let silent = group.start(async |_: Started<()>| Ok(()));
        assert_eq!(silent.await.unwrap_err(), StartError::NotStarted);
        // From its start on, it fails the group.
        let late = group.start(async |started: Started<()>| {
            started.send(()).unwrap();
            yields(3).await;
            Err::<(), _>(Failed("later"))
        });
        let ((), late) = late.await.unwrap();
        let _ = late.await;
        on(&log, "never").await;
        Ok(())
    });
    let errors = ends(rt, run).await.unwrap_err();
    assert_eq!(said(&errors), "later");
    log.assert("+s -s told");
}

// TG-24
pub async fn a_starter_that_is_cancelled_cancels_its_child(rt: &impl Runtime) {
    let log = Log::new();
    let run = task_group(rt, async |group: TaskGroup<_, Failed>| {
        let child = stuck(rt, &log, "s");
        let start = group.start(async move |started: Started<()>| {
            let _started = started;
            child.await
        });
        let raced = either(start, log.seen(rt, "+s")).await;
        assert!(matches!(raced, Either::Right(())));
        Ok(())
    });
    ends(rt, run).await.unwrap();
    log.assert("+s -s:cancelled");
}
