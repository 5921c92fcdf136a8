//! What keeps the rules passes them all: a helper, and the plain queue, semaphore and stream.

use std::time::Duration;

use withal::runtime::Runtime;
use withal::{timeout, with};
use withal_tests::scopes::Probing;
use withal_tests::{Scopes, scope_conformance};

use crate::Sound;

/// Gives a scope a minute.
enum WithinAMinute {}

impl Scopes for WithinAMinute {
    async fn with<P: Probing>(
        rt: &impl Runtime,
        probe: P,
        body: impl Future<Output = Result<u32, String>>,
    ) -> Result<u32, String> {
        let scoped = with(rt, probe, async |_| body.await);
        match timeout(rt, Duration::from_secs(60), scoped).await {
            Ok(ended) => ended.map_err(|error| error.to_string()),
            Err(elapsed) => Err(elapsed.to_string()),
        }
    }
}

scope_conformance!(Sound, WithinAMinute);

/// Those that the broken ones are made from.
mod plain {
    use withal_tests::{broken, queue_conformance, semaphore_conformance, stream_conformance};

    use crate::Sound;

    queue_conformance!(Sound, broken::queues::Sound);
    semaphore_conformance!(Sound, broken::semaphores::Sound);
    stream_conformance!(Sound, broken::streams::Sound);
}
