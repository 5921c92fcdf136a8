//! Runtimes, scopes, queues, semaphores and streams that are broken on purpose. Each must be caught.
//!
//! A suite that cannot fail proves nothing. So each thing here breaks one promise and keeps the
//! others, and `teeth/` names the case of the [suite](crate::suite) that it fails, and what that
//! case says. Nothing here is of use elsewhere, but as an example of how not to do it.
//!
//! To add one: a file here (or a type beside its kin), which breaks one promise of a sound thing it
//! is made from, and a line in the table of `teeth/`. A promise that no case fails for needs a case
//! first.
//!
//! A broken queue, semaphore or stream is a plain one that knows which promise not to keep. A broken runtime
//! is a [`Wrap`] around a sound one, put into its harness by [`Broken`].

/// Names the breaches of a `Plain` primitive, and the broken ones that they make.
macro_rules! breaches {
    ($($(#[$doc:meta])* $name:ident, $breach:ident: $promise:ident;)*) => {
        $(
            $(#[$doc])*
            pub type $name = Plain<$breach>;

            #[doc = concat!("The breach of [`", stringify!($name), "`].")]
            #[derive(Debug)]
            #[non_exhaustive]
            pub enum $breach {}

            impl Breach for $breach {}

            impl Breaks for $breach {
                const PROMISE: Promise = $promise;
            }
        )*
    };
}

pub mod entry;
pub mod queues;
pub mod runtime;
pub mod scopes;
pub mod semaphores;
pub mod streams;

use std::marker::PhantomData;
use std::time::Duration;

use crate::Harness;
use crate::wrapped::{Wrap, Wrapped};

/// The harness `H` with its runtime changed by `W`.
#[derive(Debug)]
pub struct Broken<H, W> {
    _of: PhantomData<fn() -> (H, W)>,
}

impl<H: Harness, W: Wrap> Harness for Broken<H, W> {
    type Runtime = Wrapped<H::Runtime, W>;

    const PATIENCE: Duration = H::PATIENCE;

    fn run<T>(case: impl AsyncFnOnce(&Self::Runtime) -> T) -> T {
        H::run(async |rt| case(&Wrapped::new(rt.clone())).await)
    }
}

/// The harness `H` for cases that are to fail: they do not wait for long.
#[derive(Debug)]
pub struct Impatient<H> {
    _of: PhantomData<fn() -> H>,
}

impl<H: Harness> Harness for Impatient<H> {
    type Runtime = H::Runtime;

    const PATIENCE: Duration = Duration::from_millis(400);

    fn run<T>(case: impl AsyncFnOnce(&Self::Runtime) -> T) -> T {
        H::run(case)
    }
}
