//! What runs the scopes of the [protocol](crate::suite::protocol): [`with`](withal::with()), or a
//! helper of yours around it.

use std::future::Future;

use withal::Scope;
use withal::runtime::Runtime;

use crate::probe::{Abandoning, ProbeError, SyncProbe};
use crate::Probe;

/// A way to run a scope.
///
/// Implement it by a helper of yours, and [`scope_conformance!`](crate::scope_conformance) tells
/// whether the helper keeps the promises that scopes make.
pub trait Scopes {
    /// Enters `probe`, runs `body`, exits `probe`, and gives what the body gave.
    ///
    /// # Errors
    ///
    /// The body's error; others may have any text.
    fn with<P: Probing>(
        rt: &impl Runtime,
        probe: P,
        body: impl Future<Output = Result<u32, String>>,
    ) -> impl Future<Output = Result<u32, String>>;
}

/// A scope that the protocol enters: a probe, with one of the ways to be dropped.
pub trait Probing: Scope<Error = ProbeError, Resource: Clone> + Clone + 'static {}

impl Probing for Probe {}
impl Probing for SyncProbe {}
impl Probing for Abandoning {}

/// [`with`](withal::with()) itself.
#[derive(Debug)]
#[non_exhaustive]
pub enum Direct {}

impl Scopes for Direct {
    async fn with<P: Probing>(
        rt: &impl Runtime,
        probe: P,
        body: impl Future<Output = Result<u32, String>>,
    ) -> Result<u32, String> {
        let scoped = withal::with(rt, probe, async |_| body.await);
        scoped.await.map_err(|error| error.to_string())
    }
}
