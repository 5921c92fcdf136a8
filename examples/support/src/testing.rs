//! For the tests: runs programs on every runtime, and keeps what they print.
//!
//! The macros are those of a package that depends on `withal` and `withal-tests`. They are macros
//! since a program is generic over its runtime, and no closure is.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use withal::runtime::Runtime;

use crate::Setting;

/// A tick on a runtime with a real clock.
pub const TICK: Duration = Duration::from_millis(1);

/// A tick of the virtual clock.
pub const SECOND: Duration = Duration::from_secs(1);

/// What was printed.
#[derive(Clone, Debug, Default)]
pub struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    /// A setting that prints here.
    pub fn setting<R: Runtime>(&self, rt: &R, tick: Duration) -> Setting<R> {
        let lines = self.clone();
        Setting::new(rt, tick, move |line| lines.push(line))
    }

    fn push(&self, line: fmt::Arguments<'_>) {
        self.lock().push(line.to_string());
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().expect("no panic")
    }

    /// Takes what was printed so far.
    #[must_use]
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.lock())
    }

    /// [`take`](Self::take), in one line.
    #[must_use]
    pub fn trace(&self) -> String {
        self.take().join(" ")
    }
}

/// What a program printed, and what it came to.
#[derive(Debug)]
#[non_exhaustive]
pub struct Printed<T> {
    /// What it printed.
    pub lines: Vec<String>,
    /// What it came to.
    pub output: T,
}

impl<T> Printed<T> {
    /// Of a program that has ended.
    pub fn new(lines: &Lines, output: T) -> Self {
        let lines = lines.take();
        Self { lines, output }
    }

    /// The lines that begin with one of `starts`.
    pub fn only(&self, starts: &[&str]) -> Vec<&str> {
        let lines = self.lines.iter().map(String::as_str);
        lines
            .filter(|line| starts.iter().any(|start| line.starts_with(start)))
            .collect()
    }
}

/// Runs `program(&on, &lines)` on one runtime.
#[macro_export]
macro_rules! on_one {
    ($rt:expr, $tick:expr, $program:expr) => {{
        let lines = $crate::testing::Lines::default();
        let ran = withal::run($rt, async |rt| {
            let on = lines.setting(rt, $tick);
            $program(&on, &lines).await
        });
        assert!(ran.cleanup.is_clean(), "{:?}", ran.cleanup);
        $crate::testing::Printed::new(&lines, ran.output)
    }};
}

/// Runs `program(&on, &lines)` on the virtual clock, where nothing may be left behind.
#[macro_export]
macro_rules! on_virtual_clock {
    ($program:expr) => {{
        let rt = withal_tests::Deterministic::new();
        let leaks = withal_tests::LeakCheck::new(&rt);
        let printed = $crate::on_one!(&rt, $crate::testing::SECOND, $program);
        leaks.finish();
        printed
    }};
}

/// Runs `program(&on, &lines)` on every runtime, that with a virtual clock first.
#[macro_export]
macro_rules! on_each {
    ($program:expr) => {{
        let [tokio, current_thread, smol, async_std] = $crate::on_each_real!($program);
        [
            $crate::on_virtual_clock!($program),
            tokio,
            current_thread,
            smol,
            async_std,
        ]
    }};
}

/// Runs `program(&on, &lines)` on every runtime with a real clock.
#[macro_export]
macro_rules! on_each_real {
    ($program:expr) => {{
        let tick = $crate::testing::TICK;
        let tokio = withal::tokio::TokioMain::multi_thread().expect("threads");
        let current_thread = withal::tokio::TokioMain::current_thread().expect("a runtime");
        let async_std = withal::async_std::AsyncStdRuntime::new();
        [
            $crate::on_one!(&tokio, tick, $program),
            $crate::on_one!(&current_thread, tick, $program),
            $crate::on_one!(&withal::smol::SmolRuntime::global(), tick, $program),
            $crate::on_one!(&async_std, tick, $program),
        ]
    }};
}
