//! Runs programs on every runtime, and keeps what they print.

#![allow(dead_code, unused_macros, reason = "each test uses a part of it")]

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use managers::Setting;
use managers::stand_in::host::{Connect, serve};
use tokio::io::{DuplexStream, duplex};
use withal::runtime::Runtime;

/// A tick on a runtime with a real clock.
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// A tick of the virtual clock.
pub(crate) const SECOND: Duration = Duration::from_secs(1);

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

/// A host in this process, for every runtime: each connection is served by a task, in few bytes at a
/// time.
#[derive(Clone, Debug)]
pub(crate) struct InMemory<R>(R);

impl<R: Runtime> InMemory<R> {
    pub(crate) fn on(on: &Setting<R>) -> Self {
        Self(on.rt.clone())
    }
}

impl<R: Runtime> Connect for InMemory<R> {
    type Stream = TokioIo<DuplexStream>;

    async fn connect(&self) -> io::Result<Self::Stream> {
        let (here, there) = duplex(16);
        drop(self.0.spawn(serve(TokioIo::new(there))));
        Ok(TokioIo::new(here))
    }
}

/// Nobody answers here.
#[derive(Clone, Debug)]
pub(crate) struct Nobody;

impl Connect for Nobody {
    type Stream = TokioIo<DuplexStream>;

    async fn connect(&self) -> io::Result<Self::Stream> {
        Err(io::ErrorKind::ConnectionRefused.into())
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

/// Runs `program(&on, &host)` on every runtime: on that with a virtual clock with a host in memory,
/// on the others over TCP.
macro_rules! on_each_with_host {
    ($program:expr) => {{
        use managers::stand_in::host::{AsyncStdTcp, Host, SmolTcp, TokioTcp};
        let host = Host::open().expect("a port");
        let at = host.address();
        let tick = $crate::common::TICK;
        let tokio = withal::tokio::TokioMain::multi_thread().expect("threads");
        let current_thread = withal::tokio::TokioMain::current_thread().expect("a runtime");
        let async_std = withal::async_std::AsyncStdRuntime::new();
        [
            on_virtual_clock!(async |on, _| {
                $program(on, &$crate::common::InMemory::on(on)).await
            }),
            on_one!(&tokio, tick, async |on, _| $program(on, &TokioTcp(at))
                .await),
            on_one!(&current_thread, tick, async |on, _| $program(
                on,
                &TokioTcp(at)
            )
            .await),
            on_one!(&withal::smol::SmolRuntime::global(), tick, async |on, _| {
                $program(on, &SmolTcp(at)).await
            }),
            on_one!(&async_std, tick, async |on, _| $program(
                on,
                &AsyncStdTcp(at)
            )
            .await),
        ]
    }};
}
