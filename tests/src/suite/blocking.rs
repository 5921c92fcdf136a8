//! What a runtime promises of blocking work.

use std::panic::panic_any;

use withal::runtime::Runtime;

use crate::Log;
use crate::log::within_patience;

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! blocking_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of blocking:
            a_job_gives_its_value,
            a_job_runs_though_its_handle_is_dropped,
            a_job_that_panics_gives_the_panic,
        }
    };
}

// RT-6
pub async fn a_job_gives_its_value(rt: &impl Runtime) {
    let job = rt.unblock(|| 7);
    let value = within_patience(rt, job, || "no value".to_owned()).await;
    assert_eq!(value.unwrap(), 7);
}

// RT-6
pub async fn a_job_runs_though_its_handle_is_dropped(rt: &impl Runtime) {
    let log = Log::new();
    let jobs = log.clone();
    drop(rt.unblock(move || jobs.push("ran")));
    log.seen(rt, "ran").await;
}

// RT-5, RT-6
pub async fn a_job_that_panics_gives_the_panic(rt: &impl Runtime) {
    let job = rt.unblock(|| panic_any("on purpose".to_owned()));
    let error = within_patience(rt, job, || "no end".to_owned())
        .await
        .unwrap_err();
    let payload = error.into_panic().expect("it panicked");
    assert_eq!(
        payload.downcast_ref::<String>().map(String::as_str),
        Some("on purpose")
    );
    assert_eq!(rt.unblock(|| 7).await.unwrap(), 7);
}
