//! What a runtime promises of its tasks.

use std::panic::panic_any;
use std::thread;

use withal::runtime::Runtime;

use crate::Log;
use crate::log::within_patience;
use crate::poll::yields;

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! spawn_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of spawn:
            a_task_gives_its_value,
            a_task_runs_though_its_handle_is_dropped,
            a_task_that_panics_gives_the_panic,
            a_thread_without_runtime_spawns_a_task,
        }
    };
}

// RT-4
pub async fn a_task_gives_its_value(rt: &impl Runtime) {
    let task = rt.spawn(async {
        yields(2).await;
        7
    });
    let ended = within_patience(rt, task, || "no value".to_owned()).await;
    assert_eq!(ended.unwrap_or_else(|error| panic!("{error}")), 7);
}

// RT-4
pub async fn a_task_runs_though_its_handle_is_dropped(rt: &impl Runtime) {
    let log = Log::new();
    let tasks = log.clone();
    drop(rt.spawn(async move {
        tasks
            .when(|events| events.contains(&"dropped".to_owned()))
            .await;
        yields(2).await;
        tasks.push("ran");
    }));
    log.push("dropped");
    log.seen(rt, "ran").await;
    log.assert("dropped ran");
}

// RT-5
pub async fn a_task_that_panics_gives_the_panic(rt: &impl Runtime) {
    let task = rt.spawn(async {
        yields(1).await;
        panic_any("on purpose".to_owned());
    });
    let error = within_patience(rt, task, || "no end".to_owned())
        .await
        .unwrap_err();
    let payload = error.into_panic().expect("it panicked");
    assert_eq!(
        payload.downcast_ref::<String>().map(String::as_str),
        Some("on purpose")
    );
    // The runtime goes on.
    assert_eq!(rt.spawn(async { 7 }).await.unwrap(), 7);
}

// RT-4
pub async fn a_thread_without_runtime_spawns_a_task<R: Runtime>(rt: &R) {
    let threads = rt.clone();
    let spawned = thread::spawn(move || threads.spawn(async { 7 })).join();
    let task = spawned.expect("no panic");
    let value = within_patience(rt, task, || "no value".to_owned()).await;
    assert_eq!(value.unwrap(), 7);
}
