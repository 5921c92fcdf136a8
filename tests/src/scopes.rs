//! What runs the scopes of the [protocol](crate::suite::protocol): [`with`](withal::with()), or a
//! helper of yours around it.

use std::future::Future;

use withal::Scope;
use withal::runtime::Runtime;

use crate::Probe;
use crate::probe::{Abandoning, ProbeError, SyncProbe};

/// A way to run a scope.
///
/// Implement it by a helper of yours, and [`scope_conformance!`](crate::scope_conformance) tells
/// whether the helper keeps the promises that scopes make.
///
/// # Examples
///
/// A helper that tells how long the body took:
///
/// ```
/// use withal::runtime::Runtime;
/// use withal::{Scope, with};
/// use withal_tests::Scopes;
/// use withal_tests::scopes::Probing;
///
/// async fn timed<R: Runtime, S: Scope<Error: std::error::Error>>(
///     rt: &R,
///     scope: S,
///     body: impl Future<Output = Result<u32, String>>,
/// ) -> Result<u32, String> {
///     let began = rt.now();
///     let ended = with(rt, scope, async |_| body.await).await;
///     println!("took {:?}", rt.elapsed(began, rt.now()));
///     ended.map_err(|error| error.to_string())
/// }
///
/// struct Timed;
///
/// impl Scopes for Timed {
///     async fn with<P: Probing>(
///         rt: &impl Runtime,
///         probe: P,
///         body: impl Future<Output = Result<u32, String>>,
///     ) -> Result<u32, String> {
///         timed(rt, probe, body).await
///     }
/// }
/// ```
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
