//! What the programs print, on every runtime.

use std::fmt;
use std::sync::Mutex;
use std::time::Duration;

use structured::timeouts;
use withal::async_std::AsyncStdRuntime;
use withal::runtime::Timer as _;
use withal::smol::SmolRuntime;
use withal::tokio::TokioMain;
use withal_tests::sweep::Sweep;
use withal_tests::{Deterministic, LeakCheck};

/// A second of the virtual clock.
const SECOND: Duration = Duration::from_secs(1);

/// Runs a program on a runtime, and checks what it prints.
macro_rules! assert_prints {
    ($program:ident, $rt:expr, $tick:expr, $expected:expr) => {{
        let lines = Mutex::new(Vec::new());
        let print =
            |line: fmt::Arguments<'_>| lines.lock().expect("no panic").push(line.to_string());
        let ran = withal::run($rt, async |rt| $program::run(rt, $tick, &print).await);
        assert_eq!(lines.into_inner().expect("no panic"), $expected);
        ran.output
    }};
}

const TIMEOUTS: [&str; 3] = [
    "quick: 42; connections closed: 1",
    "slow: its time was up; connections closed: 2",
    "given up: by its caller, with time left; connections closed: 3",
];

// TO-3, TO-7, TO-8, TO-10
#[test]
fn a_timeout_tells_its_own_end_from_a_cancellation() {
    let rt = Deterministic::new();
    let leaks = LeakCheck::new(&rt);
    let ended = assert_prints!(timeouts, &rt, SECOND, TIMEOUTS);
    assert_eq!(ended.quick, Ok(42));
    assert_eq!(ended.slow.unwrap_err().timeout, 5 * SECOND);
    assert_eq!(ended.given_up, None);
    // Each call, and a goodbye each; no timer goes off afterwards.
    assert_eq!(rt.now().since_start(), (1 + 5 + 2 + 3) * SECOND);
    assert_eq!(rt.timers(), 0);
    leaks.finish();
}

// TO-3, TO-8
#[test]
fn a_timeout_does_so_on_every_runtime() {
    // Long enough for a machine that is busy.
    let tick = Duration::from_millis(20);
    let tokio = TokioMain::multi_thread().expect("threads");
    assert_prints!(timeouts, &tokio, tick, TIMEOUTS);
    assert_prints!(timeouts, &SmolRuntime::global(), tick, TIMEOUTS);
    assert_prints!(timeouts, &AsyncStdRuntime::new(), tick, TIMEOUTS);
}

// A-3, TO-8
#[test]
fn whichever_poll_is_the_last_every_connection_is_closed() {
    let swept = Sweep::new(|| ()).run(async |rt, ()| {
        timeouts::run(&rt, SECOND, &|_| ()).await;
    });
    assert!(swept.scopes > swept.runs, "{swept}");
}
