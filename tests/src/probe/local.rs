//! Probes that stay on their thread.

use std::cell::Cell;
use std::marker::PhantomData;
use std::rc::Rc;
use std::thread;

use withal::scope::Abandoned;
use withal::{Abandon, ExitReason, HandOver, LocalScope, Scope, Synchronous};

use super::{Probe, ProbeError};

/// A [`Probe`] whose resource is not `Send`, and which fails where it is exited on another thread
/// than it was entered on. `D` is its drop strategy.
#[derive(Debug)]
pub struct LocalProbe<D = HandOver> {
    probe: Probe,
    _on_drop: PhantomData<fn() -> D>,
}

impl LocalProbe {
    /// One that is handed over.
    pub fn new(probe: Probe) -> Self {
        Self::with_strategy(probe)
    }
}

impl<D> LocalProbe<D> {
    /// One with the strategy `D`.
    pub fn with_strategy(probe: Probe) -> Self {
        Self {
            probe,
            _on_drop: PhantomData,
        }
    }
}

/// What a local probe lends: counts, and knows its thread.
#[derive(Debug)]
pub struct Counter {
    /// Shared, so that it is not `Send`.
    pub count: Rc<Cell<u32>>,
    thread: thread::ThreadId,
}

// Not generic over the strategy: whether it fits depends on the scope, which would depend on it.
macro_rules! local_probe {
    ($($on_drop:ty),*) => {$(
        impl LocalScope for LocalProbe<$on_drop> {
            type Resource = Counter;
            type Error = ProbeError;
            type OnDrop = $on_drop;

            async fn enter(&mut self) -> Result<Counter, ProbeError> {
                Scope::enter(&mut self.probe).await?;
                Ok(Counter {
                    count: Rc::default(),
                    thread: thread::current().id(),
                })
            }

            async fn exit(self, counter: Counter, reason: ExitReason<'_>) -> Result<(), ProbeError> {
                if counter.thread != thread::current().id() {
                    self.probe
                        .log
                        .push(format_args!("moved {}", self.probe.name));
                }
                Scope::exit(self.probe, String::new(), reason).await
            }

            fn abandon(self, _: Counter) -> Abandoned {
                self.probe.log.push(format_args!("~{}", self.probe.name));
                Abandoned::Released
            }
        }
    )*};
}

local_probe!(HandOver, Synchronous, Abandon);
