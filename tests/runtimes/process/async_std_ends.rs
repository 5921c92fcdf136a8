//! async-std: tasks that are cancelled.

use std::future::pending;

use withal::async_std::AsyncStdRuntime;
use withal::with;
use withal_tests::{Act, Log};

use crate::turn;

type Never = Result<(), String>;

// K2, K6
#[test]
fn a_cancelled_task_is_cleaned_up_inner_before_outer() {
    let _turn = turn();
    let (log, rt) = (Log::new(), AsyncStdRuntime::new());
    let task_log = log.clone();
    let task = async_std::task::spawn(async move {
        let rt = AsyncStdRuntime::new();
        let a = with(&rt, Act::new(&task_log, "a"), async |_| {
            let b = with(&rt, Act::new(&task_log, "b"), async |_| {
                pending::<Never>().await
            });
            b.await.map_err(|error| error.to_string())
        });
        let _ = a.await;
    });
    rt.block_on(async {
        log.seen(&rt, "+b").await;
        assert_eq!(task.cancel().await, None);
        log.seen(&rt, "-a:cancelled").await;
    });
    log.assert("+a +b -b:cancelled -a:cancelled");
}
