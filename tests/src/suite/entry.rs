//! What a runtime promises of its entry point, and of its end.

use std::future::pending;
use std::pin::pin;
use std::sync::mpsc;
use std::thread;

use withal::runtime::{NoExecutor, Spawn};
use withal::with;

use crate::foreign::{begun, block_on};
use crate::log::patience;
use crate::poll::drive;
use crate::sweep::settle;
use crate::{Act, Harness, Log};

/// The table of these cases, given to the macro `$make`. They take the harness, too: each blocks on
/// a runtime of its own, on a thread of its own.
#[doc(hidden)]
#[macro_export]
macro_rules! entry_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of entry:
            what_blocks_is_nobodys_body,
            a_cleanup_outlives_its_runtime,
            a_task_that_outlives_its_runtime_gives_an_error_or_goes_on,
        }
    };
}

type Never = Result<(), String>;

// K13
pub async fn what_blocks_is_nobodys_body<H: Harness>(rt: &H::Runtime) {
    let log = Log::new();
    let blocks = log.clone();
    let blocked = thread::spawn(move || {
        let log = blocks;
        let none = NoExecutor::new();
        let outer = with(&none, Act::new(&log, "outer"), async |_| {
            H::run(async |rt| {
                let a = Act::new(&log, "a").exit_waits_for("go");
                drop(begun(with(rt, a, async |_| pending::<Never>().await)));
            });
            Ok::<_, String>(())
        });
        drive(pin!(outer), 5).is_some()
    });
    assert!(blocked.join().unwrap(), "it waits for a stranger");
    log.push("go");
    settle(rt, &log).await;
    log.assert("+outer +a -outer go -a:cancelled");
}

// RT-7, K6: it goes on, where the runtime does; otherwise a drain runs it.
pub async fn a_cleanup_outlives_its_runtime<H: Harness>(rt: &H::Runtime) {
    let log = Log::new();
    let ends = log.clone();
    let ended = thread::spawn(move || {
        H::run(async |rt| {
            let a = Act::new(&ends, "a").exit_waits_for("go");
            drop(begun(with(rt, a, async |_| pending::<Never>().await)));
        });
    });
    ended.join().unwrap();
    log.push("go");
    settle(rt, &log).await;
    log.assert("+a go -a:cancelled");
}

// RT-5
pub async fn a_task_that_outlives_its_runtime_gives_an_error_or_goes_on<H: Harness>(
    _: &H::Runtime,
) {
    let (log, patience) = (Log::new(), patience());
    let tasks = log.clone();
    let (ended, end) = mpsc::channel();
    thread::spawn(move || {
        let of_task = tasks.clone();
        let mut handle = None;
        H::run(async |rt| {
            handle = Some(rt.spawn(async move {
                of_task
                    .when(|events| events.contains(&"go".to_owned()))
                    .await;
                7
            }));
        });
        tasks.push("go");
        // Nobody listens if it comes too late.
        let _ = ended.send(handle.map(block_on));
    });
    let ended = end.recv_timeout(patience).expect("the handle resolves");
    match ended.expect("it was spawned") {
        Ok(value) => assert_eq!(value, 7),
        Err(error) => assert!(!error.is_panic(), "{error}"),
    }
}
