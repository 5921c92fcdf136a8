//! An entry point that is broken.

use std::marker::PhantomData;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::foreign::{OnDrop, block_on};
use crate::{Harness, Log};

/// Blocks without hiding the scope and the collector around the call: what the case drops is given
/// to a stranger.
///
/// The runtime of `H` goes on on another thread meanwhile.
#[derive(Debug)]
pub struct BlocksInPlace<H> {
    _of: PhantomData<fn() -> H>,
}

impl<H: Harness> Harness for BlocksInPlace<H> {
    type Runtime = H::Runtime;

    const PATIENCE: Duration = H::PATIENCE;

    fn run<T>(case: impl AsyncFnOnce(&Self::Runtime) -> T) -> T {
        let over = Log::new();
        let (send, receive) = mpsc::channel();
        thread::scope(|threads| {
            let waits = over.clone();
            threads.spawn(move || {
                H::run(async |rt| {
                    // Nobody takes it where the case's thread has panicked.
                    let _ = send.send(rt.clone());
                    waits.when(|events| !events.is_empty()).await;
                });
            });
            let rt = receive.recv().expect("the runtime begins");
            let _over = OnDrop::new(|| over.push("over"));
            block_on(case(&rt))
        })
    }
}
