//! Runs programs on every runtime, and keeps what they print.

#![allow(dead_code, unused_macros, reason = "each test uses a part of it")]

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use iteration::Setting;
use withal::cleanup::{Report, set_report_hook};
use withal::runtime::Runtime;

/// A tick on a runtime with a real clock.
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// A tick of the virtual clock.
pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Says nothing of generators that are dropped before their end: where that is the point.
pub(crate) fn allow_unclosed() {
    set_report_hook(Some(|report| {
        if !matches!(report, Report::NotClosed(_)) {
            eprintln!("withal: {report}");
        }
    }));
}

/// What was printed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    /// A setting that prints here.
    pub(crate) fn setting<R: Runtime>(&self, rt: &R, tick: Duration) -> Setting<R> {
        let lines = self.clone();
        Setting::new(rt, tick, move |line| lines.push(line))
    }

    fn push(&self, line: fmt::Arguments<'_>) {
        self.0.lock().expect("no panic").push(line.to_string());
    }

    /// Takes what was printed so far.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().expect("no panic"))
    }

    /// [`take`](Self::take), in one line.
    pub(crate) fn trace(&self) -> String {
        self.take().join(" ")
    }
}

/// What a program printed, and what it came to.
#[derive(Debug)]
pub(crate) struct Printed<T> {
    pub(crate) lines: Vec<String>,
    pub(crate) output: T,
}

impl<T> Printed<T> {
    /// The lines that begin with one of `starts`.
    pub(crate) fn only(&self, starts: &[&str]) -> Vec<&str> {
        let lines = self.lines.iter().map(String::as_str);
        lines
            .filter(|line| starts.iter().any(|start| line.starts_with(start)))
            .collect()
    }
}

/// Runs `program(&on, &lines)` on one runtime.
macro_rules! on_one {
    ($rt:expr, $tick:expr, $program:expr) => {{
        let lines = $crate::common::Lines::default();
        let ran = withal::run($rt, async |rt| {
            let on = lines.setting(rt, $tick);
            $program(&on, &lines).await
        });
        assert!(ran.cleanup.is_clean(), "{:?}", ran.cleanup);
        $crate::common::Printed {
            lines: lines.take(),
            output: ran.output,
        }
    }};
}

/// Runs `program(&on, &lines)` on the virtual clock, where nothing may be left behind.
macro_rules! on_virtual_clock {
    ($program:expr) => {{
        let rt = withal_tests::Deterministic::new();
        let leaks = withal_tests::LeakCheck::new(&rt);
        let printed = on_one!(&rt, $crate::common::SECOND, $program);
        leaks.finish();
        printed
    }};
}

/// Runs `program(&on, &lines)` on every runtime, that with a virtual clock first.
macro_rules! on_each {
    ($program:expr) => {{
        let [tokio, current_thread, smol, async_std] = on_each_real!($program);
        [
            on_virtual_clock!($program),
            tokio,
            current_thread,
            smol,
            async_std,
        ]
    }};
}

/// Runs `program(&on, &lines)` on every runtime with a real clock.
macro_rules! on_each_real {
    ($program:expr) => {{
        let tick = $crate::common::TICK;
        let tokio = withal::tokio::TokioMain::multi_thread().expect("threads");
        let current_thread = withal::tokio::TokioMain::current_thread().expect("a runtime");
        let async_std = withal::async_std::AsyncStdRuntime::new();
        [
            on_one!(&tokio, tick, $program),
            on_one!(&current_thread, tick, $program),
            on_one!(&withal::smol::SmolRuntime::global(), tick, $program),
            on_one!(&async_std, tick, $program),
        ]
    }};
}
