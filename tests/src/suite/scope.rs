//! The scope protocol: enter, body, exit.

use std::time::Duration;

use withal::runtime::Runtime;
use withal::{timeout, with};

use crate::poll::yields;
use crate::{Log, Probe};

/// Expands to the cases of this module.
#[macro_export]
macro_rules! scope_cases {
    ($harness:ty) => {
        $crate::cases!($harness, scope: exits_once_after_the_body, our_timeout_waits);
    };
}

// CM-5, CM-15
pub async fn exits_once_after_the_body(rt: &impl Runtime) {
    let log = Log::new();
    let value = with(rt, Probe::new(&log, "a").reasons(), async |name| {
        yields(1).await;
        Ok::<_, String>(name.clone())
    })
    .await;
    assert_eq!(value.as_deref(), Ok("a"));
    log.assert("+a -a:completed");
}

// K1, CM-21
pub async fn our_timeout_waits(rt: &impl Runtime) {
    let log = Log::new();
    with(rt, Probe::new(&log, "a"), async |_| {
        let inner = with(rt, Probe::new(&log, "b"), async |_| {
            std::future::pending::<Result<(), String>>().await
        });
        let elapsed = timeout(rt, Duration::from_millis(5), inner).await;
        assert!(elapsed.is_err());
        log.assert("+a +b -b");
        Ok::<_, String>(())
    })
    .await
    .unwrap();
    log.assert("+a +b -b -a");
}
