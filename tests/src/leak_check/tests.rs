use std::future::pending;
use std::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use futures_util::{FutureExt, Stream, StreamExt};
use withal::generator::Yielder;
use withal::runtime::{Cleanup, NoExecutor, TaskError};
use withal::{Local, cancel, close, enter_in, generator, timeout, with};

use super::LeakCheck;
use crate::foreign::{OnDrop, begun, block_on};
use crate::poll::yields;
use crate::probe::{Failed, LocalProbe};
use crate::{Act, Deterministic, Log, Probe};

type Never = Result<(), String>;

struct Leaked;

/// The message that `f` panics with.
fn panic_of<T>(f: impl FnOnce() -> T) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(f)) else {
        panic!("no panic came out");
    };
    TaskError::panicked(payload).to_string()
}

#[track_caller]
fn assert_found(text: &str, count: usize, lines: &[u32]) {
    assert!(text.contains(&format!(": {count}\n")), "{text}");
    for line in lines {
        let part = format!("Leaked> (entered at {}:{line}:", file!());
        assert!(text.contains(&part), "no {part:?} in: {text}");
    }
}

// CM-17
#[test]
fn scopes_that_were_exited_are_no_leak() {
    let (rt, log) = (Deterministic::new(), Log::new());
    let leaks = LeakCheck::new(&rt);
    let ended = withal::run(&rt, async |rt| {
        let a = with(rt, Act::new(&log, "a"), async |_| Ok::<_, String>(()));
        a.await.unwrap();
        let b = with(rt, Act::new(&log, "b"), async |_| pending::<Never>().await);
        timeout(rt, Duration::from_secs(1), b).await.unwrap_err();
        // Handed over, and drained at the end.
        drop(begun(with(rt, Act::new(&log, "c"), async |_| {
            pending::<Never>().await
        })));
    });
    assert!(ended.cleanup.is_clean());
    assert_eq!(leaks.leaks(), []);
    leaks.finish();
    // The same when it is merely dropped.
    drop(LeakCheck::new(&rt));
}

#[test]
fn a_forgotten_scope_is_a_leak() {
    let (rt, log) = (Deterministic::new(), Log::new());
    let mut line = 0;
    let text = panic_of(|| {
        let leaks = LeakCheck::new(&rt);
        line = line!() + 1;
        let a = with(&rt, Act::<Leaked>::of(&log, "a"), async |_| {
            pending::<Never>().await
        });
        forget(begun(a));
        leaks.finish();
    });
    assert!(
        text.contains(&format!("on {}, checked since ", Cleanup::id(&rt))),
        "{text}"
    );
    assert_found(&text, 1, &[line]);
}

#[test]
fn a_guard_that_is_kept_is_a_leak() {
    let (rt, log) = (Deterministic::new(), Log::new());
    let (mut line, mut kept) = (0, None);
    let text = panic_of(|| {
        let _leaks = LeakCheck::new(&rt);
        line = line!() + 1;
        let entering = enter_in(&rt, Act::<Leaked>::of(&log, "a"));
        kept = rt.block_on(entering).ok();
    });
    assert_found(&text, 1, &[line]);
    // Once it is exited, there is none.
    rt.block_on(kept.unwrap().exit(Ok::<_, String>(())))
        .unwrap();
    LeakCheck::new(&rt).finish();
}

// K6
#[test]
fn a_cleanup_that_has_not_ended_is_a_leak() {
    let (rt, log) = (Deterministic::new(), Log::new());
    let leaks = LeakCheck::new(&rt);
    let line = line!() + 2;
    let a = Act::<Leaked>::of(&log, "a").exit_waits_for("go");
    drop(begun(with(&rt, a, async |_| pending::<Never>().await)));
    assert_eq!(rt.run_until_stalled(), 1);
    assert_found(&leaks.found().unwrap().to_string(), 1, &[line]);
    // Whatever becomes of its executor.
    rt.shut_down();
    assert_found(&leaks.found().unwrap().to_string(), 1, &[line]);
    log.push("go");
    rt.block_on(withal::cleanup::drain(&rt, Duration::from_secs(1)));
    leaks.finish();
}

// K8
#[test]
fn an_exit_that_stays_on_its_thread_is_a_leak_until_it_is_drained() {
    let (rt, log) = (Deterministic::new(), Log::new());
    let leaks = LeakCheck::new(&rt);
    let scope = Local(LocalProbe::new(Probe::new(&log, "a")));
    drop(begun(with(&rt, scope, async |_| {
        pending::<Result<(), Failed>>().await
    })));
    rt.run();
    assert_eq!(leaks.leaks().len(), 1);
    rt.block_on(withal::cleanup::drain(&rt, Duration::from_secs(1)));
    leaks.finish();
}

#[test]
fn all_leaks_are_named_oldest_first() {
    let (rt, log) = (Deterministic::new(), Log::new());
    let leaks = LeakCheck::new(&rt);
    let exit = || Act::<Leaked>::of(&log, "a").exit_waits_for("go");
    let first = line!() + 1;
    drop(begun(with(&rt, exit(), async |_| pending::<Never>().await)));
    drop(begun(with(&rt, exit(), async |_| pending::<Never>().await)));
    let found = leaks.leaks().into_iter();
    let lines: Vec<_> = found.map(|about| about.location.line()).collect();
    assert_eq!(lines, [first, first + 1]);
    assert_found(&leaks.found().unwrap().to_string(), 2, &lines);
    log.push("go");
    rt.run();
    leaks.finish();
}

#[test]
fn scopes_of_other_runtimes_are_not_blamed() {
    let (rt, other, log) = (Deterministic::new(), Deterministic::new(), Log::new());
    let none = NoExecutor::new();
    let leaks = LeakCheck::new(&rt);
    let here = begun(with(&other, Act::new(&log, "a"), async |_| {
        pending::<Never>().await
    }));
    let nowhere = begun(with(&none, Act::new(&log, "b"), async |_| {
        pending::<Never>().await
    }));
    let of_other = LeakCheck::new(&other);
    leaks.finish();
    assert_eq!(of_other.leaks().len(), 1);
    rt.block_on(async {
        cancel(here).await;
        cancel(nowhere).await;
    });
    of_other.finish();
}

/// Yields for ever.
fn endless() -> impl Stream<Item = u32> {
    generator(async |y| {
        for n in 0.. {
            y.yield_(n).await;
        }
    })
}

// FH-4, FH-9
#[test]
fn generators_that_ended_or_were_closed_or_never_began_are_no_leak() {
    let rt = Deterministic::new();
    let leaks = LeakCheck::new(&rt);
    drop(endless());
    let ended = withal::run(&rt, async |rt| {
        let mut ends = Box::pin(generator(async |y| y.yield_(1).await));
        while ends.next().await.is_some() {}
        let mut closed = Box::pin(endless());
        closed.next().await;
        close(closed).await;
        let late = async { endless().for_each(async |_| yields(1).await).await };
        timeout(rt, Duration::ZERO, late).await.unwrap_err();
    });
    assert!(ended.cleanup.is_clean());
    leaks.finish();
}

// FH-2, FH-9
#[test]
fn a_generator_that_nobody_closed_is_a_leak() {
    let rt = Deterministic::new();
    let mut lines = Vec::new();
    let text = panic_of(|| {
        let leaks = LeakCheck::new(&rt);
        lines.push(line!() + 1);
        let dropped = generator(async |y: Yielder<'_, u8>| y.yield_(1).await);
        assert!(Box::pin(dropped).next().now_or_never().is_some());
        lines.push(line!() + 1);
        let forgotten = generator(async |y: Yielder<'_, u8>| y.yield_(1).await);
        let mut forgotten = Box::pin(forgotten);
        assert!(forgotten.next().now_or_never().is_some());
        forget(forgotten);
        leaks.finish();
    });
    assert!(text.contains(": 2\n"), "{text}");
    for line in lines {
        let part = format!(
            "\n  generator withal_tests::leak_check::tests::a_generator_that_nobody_closed_is_a_leak::\
             {{{{closure}}}}::{{{{closure}}}} (made at {}:{line}:",
            file!()
        );
        assert!(text.contains(&part), "no {part:?} in: {text}");
    }
    // The next check has nothing to do with it.
    LeakCheck::new(&rt).finish();
}

// FH-9: on whichever thread it began, a generator belongs to the runtime of the scope that it began in.
#[test]
fn a_generator_in_a_scope_belongs_to_the_runtime_of_that() {
    let (rt, other, log) = (Deterministic::new(), Deterministic::new(), Log::new());
    let leaks = (LeakCheck::new(&rt), LeakCheck::new(&other));
    let ended = thread::scope(|scope| {
        let drops_one = async || {
            let a = with(&other, Act::new(&log, "a"), async |_| {
                assert_eq!(Box::pin(endless()).next().await, Some(0));
                Ok::<_, String>(())
            });
            a.await.unwrap();
        };
        scope.spawn(move || block_on(drops_one())).join()
    });
    ended.unwrap();
    leaks.0.finish();
    let [about] = leaks.1.leaks()[..] else {
        panic!("{:?}", leaks.1);
    };
    assert_eq!(about.runtime, Cleanup::id(&other));
    panic_of(|| leaks.1.finish());
}

// K11: the test's own panic is the one that counts.
#[test]
fn while_a_panic_unwinds_it_does_not_panic() {
    let (rt, log) = (Deterministic::new(), Log::new());
    let mut kept = None;
    let text = panic_of(|| {
        let _leaks = LeakCheck::new(&rt);
        kept = rt.block_on(enter_in(&rt, Act::new(&log, "a"))).ok();
        panic!("the test");
    });
    assert!(text.contains("the test"), "{text}");
    rt.block_on(kept.unwrap().exit(Ok::<_, String>(())))
        .unwrap();
}

// The check may sit in a destructor, and be finished on another thread.
#[test]
fn it_may_be_finished_anywhere() {
    let (rt, log) = (Deterministic::new(), Log::new());
    let leaks = LeakCheck::new(&rt);
    let kept = rt.block_on(enter_in(&rt, Act::new(&log, "a"))).unwrap();
    let finished = thread::spawn(move || drop(OnDrop::new(move || leaks.finish())));
    assert!(finished.join().is_err());
    rt.block_on(kept.exit(Ok::<_, String>(()))).unwrap();
}
