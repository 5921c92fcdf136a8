//! Hosts for the programs that ask one.

#![allow(dead_code, unused_macros, reason = "each test uses a part of it")]

use std::io;

use hyper_util::rt::TokioIo;
use managers::Setting;
use managers::stand_in::host::{Connect, serve};
use tokio::io::{DuplexStream, duplex};
use withal::runtime::Runtime;

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

/// Runs `program(&on, &host)` on every runtime: on that with a virtual clock with a host in memory,
/// on the others over TCP.
macro_rules! on_each_with_host {
    ($program:expr) => {{
        use example_support::{on_one, on_virtual_clock};
        use managers::stand_in::host::{AsyncStdTcp, Host, SmolTcp, TokioTcp};
        let host = Host::open().expect("a port");
        let at = host.address();
        let tick = example_support::testing::TICK;
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
