//! A scope that tells what happens to it.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::convert::Infallible;
use std::future::Future;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use withal_core::{ExitReason, HandOver, Scope};

/// What happened, in order: `+1` for the enter of scope 1, `-1` for its exit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace(Arc<Mutex<Vec<String>>>);

impl Trace {
    pub(crate) fn push(&self, event: String) {
        self.0.lock().unwrap().push(event);
    }

    pub(crate) fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock().unwrap()).join(" ")
    }
}

/// A scope that never waits, and whose resource is its number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Numbered {
    pub(crate) number: u32,
    pub(crate) trace: Trace,
}

impl Numbered {
    pub(crate) fn new(number: u32) -> Self {
        Self {
            number,
            trace: Trace::default(),
        }
    }

    pub(crate) fn traced(number: u32, trace: &Trace) -> Self {
        Self {
            number,
            trace: trace.clone(),
        }
    }
}

impl Scope for Numbered {
    type Resource = u32;
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<u32, Infallible> {
        self.trace.push(format!("+{}", self.number));
        Ok(self.number)
    }

    async fn exit(self, _: u32, reason: ExitReason<'_>) -> Result<(), Infallible> {
        let mark = if reason.is_completed() { "" } else { "!" };
        self.trace.push(format!("-{}{mark}", self.number));
        Ok(())
    }
}

/// The output of a future that never waits.
#[track_caller]
pub(crate) fn now<F: Future>(future: F) -> F::Output {
    future.now_or_never().expect("it never waits")
}

/// Compiles for `Send` values only.
pub(crate) fn send<T: Send>(value: T) -> T {
    value
}
