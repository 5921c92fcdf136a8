//! A scope as long as the program.

use example_support::testing::{Lines, SECOND, TICK};
use managers::lifespan;
use withal::async_std::AsyncStdRuntime;
use withal::runtime::Timer as _;
use withal::smol::SmolRuntime;
use withal::tokio::TokioMain;
use withal_tests::{Deterministic, LeakCheck};

/// Runs the application on an entry point.
macro_rules! lifespan {
    ($entry:expr, $tick:expr, $requests:expr) => {{
        let entry = $entry;
        let lines = Lines::default();
        let setting = lines.setting(&withal::Entry::runtime(&entry), $tick);
        let ran = lifespan::main(&entry, &setting, $requests);
        (ran, lines.take())
    }};
}

// CM-21, K9
#[test]
fn an_application_stops_when_it_is_asked_to() {
    use lifespan::Request::{Takes, TakesWithSignal};
    let requests = [Takes(1), TakesWithSignal(1), Takes(1)];
    let tick = TICK;
    let [started, served] = ["started", "served: 2 users"];
    for (ran, lines) in [
        lifespan!(Deterministic::new(), SECOND, requests),
        lifespan!(TokioMain::multi_thread().unwrap(), tick, requests),
        lifespan!(TokioMain::current_thread().unwrap(), tick, requests),
        lifespan!(SmolRuntime::global(), tick, requests),
        lifespan!(AsyncStdRuntime::new(), tick, requests),
    ] {
        assert!(matches!(ran.output, Some(Ok(()))), "{ran:?}");
        let reason = ran.reason.as_ref().and_then(|reason| reason.text());
        assert_eq!(reason, Some("SIGTERM"));
        assert!(ran.is_clean(), "{ran:?}");
        assert_eq!(lines, [started, served, served, "stopped: completed"]);
    }
}

// CM-21, K6
#[test]
fn an_application_that_goes_on_is_stopped_all_the_same() {
    let requests = [lifespan::Request::TakesWithSignal(1000)];
    let tick = TICK;
    let rt = Deterministic::new();
    let leaks = LeakCheck::new(&rt);
    for (ran, lines) in [
        lifespan!(rt.clone(), SECOND, requests),
        lifespan!(TokioMain::multi_thread().unwrap(), tick, requests),
        lifespan!(TokioMain::current_thread().unwrap(), tick, requests),
        lifespan!(SmolRuntime::global(), tick, requests),
        lifespan!(AsyncStdRuntime::new(), tick, requests),
    ] {
        assert!(ran.output.is_none() && ran.is_clean(), "{ran:?}");
        assert_eq!(ran.cleanup.finished.len(), 1, "{ran:?}");
        assert_eq!(lines, ["started", "stopped: cancelled"]);
    }
    // Connected, ten seconds of grace, and a goodbye.
    assert_eq!(rt.now().since_start(), 12 * SECOND);
    leaks.finish();
}
