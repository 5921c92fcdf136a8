//! What is ready at once: no executor has a part in it.

use std::future::{Future, ready};
use std::hint::black_box;

use smol::Timer;
use smol::future::or;
use withal::async_std::AsyncStdRuntime;
use withal::smol::SmolRuntime;
use withal::tokio::TokioRuntime;
use withal::{move_on_after, timeout};

use super::LONG;
use crate::now::now;
use crate::{Bar, Case, Contender};

pub(super) fn cases() -> Vec<Case> {
    let tokio = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime starts");
    let ours = TokioRuntime::from(tokio.handle().clone());
    let nested_ours = ours.clone();
    let context = tokio.handle().clone();
    let nested_context = tokio.handle().clone();
    vec![
        Case::new("ready at once")
            .with(bars(Contender::new("withal (smol)", once)))
            .with(bars(Contender::new("withal (async-std)", || {
                now(timeout(&AsyncStdRuntime::new(), LONG, work())).ok()
            })))
            .with(bars(Contender::new("withal (Tokio)", move || {
                now(timeout(&ours, LONG, work())).ok()
            })))
            .with(bars(Contender::new("withal (move_on_after)", || {
                now(move_on_after(&SmolRuntime::global(), LONG, work()))
            })))
            .with(Contender::new("async-io", || {
                now(or(async { Some(work().await) }, async {
                    Timer::after(LONG).await;
                    None
                }))
            }))
            .with(Contender::new("async-std", || {
                now(async_std::future::timeout(LONG, work())).ok()
            }))
            .with(Contender::batch("Tokio", move |times| {
                let _tokio = &tokio;
                let _inside = context.enter();
                for _ in 0..times {
                    black_box(now(tokio::time::timeout(LONG, work())).ok());
                }
            }))
            .with(Contender::new("limit: no timeout", || now(work()))),
        Case::new("three deep, ready at once")
            .with(Contender::new("withal (smol)", nested).bar(Bar::Allocations(0.0)))
            .with(Contender::new("withal (Tokio)", move || {
                let rt = &nested_ours;
                let inner = timeout(rt, LONG, timeout(rt, LONG, work()));
                now(timeout(rt, LONG, inner)).is_ok()
            }))
            .with(Contender::batch("Tokio", move |times| {
                let _inside = nested_context.enter();
                for _ in 0..times {
                    use tokio::time::timeout;
                    let inner = timeout(LONG, timeout(LONG, work()));
                    black_box(now(timeout(LONG, inner)).is_ok());
                }
            })),
    ]
}

pub(super) fn once() -> Option<u32> {
    now(timeout(&SmolRuntime::global(), LONG, work())).ok()
}

pub(super) fn nested() -> bool {
    let rt = &SmolRuntime::global();
    let inner = timeout(rt, LONG, timeout(rt, LONG, work()));
    now(timeout(rt, LONG, inner)).is_ok()
}

fn bars(contender: Contender) -> Contender {
    contender
        .bar(Bar::Times(2.0, "async-io"))
        .bar(Bar::Allocations(0.0))
}

fn work() -> impl Future<Output = u32> {
    ready(black_box(7))
}
