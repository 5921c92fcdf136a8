//! What broke earlier designs: foreign drops, dying runtimes, panics in destructors.

use withal::runtime::Runtime;
use withal::with;

use crate::poll::yields;
use crate::{Log, Probe};

/// Expands to the cases of this module.
#[macro_export]
macro_rules! attack_cases {
    ($harness:ty) => {
        $crate::cases!($harness, attack: an_enclosing_scope_waits_for_a_foreign_drop);
    };
}

// K2, K3
pub async fn an_enclosing_scope_waits_for_a_foreign_drop(rt: &impl Runtime) {
    let log = Log::new();
    with(rt, Probe::new(&log, "a"), async |_| {
        let foreign = with(rt, Probe::new(&log, "b").exit_yields(3), async |_| {
            with(rt, Probe::new(&log, "c").exit_yields(3), async |_| {
                std::future::pending::<Result<(), String>>().await
            })
            .await
            .map_err(|error| error.to_string())
        });
        futures_util::future::select(Box::pin(foreign), Box::pin(yields(2))).await;
        log.push("select-returned");
        Ok::<_, String>(())
    })
    .await
    .unwrap();
    log.push("returned");
    let trace = log.trace();
    assert!(trace.starts_with("+a +b +c select-returned"), "{trace}");
    assert!(trace.ends_with("-c -b -a returned"), "{trace}");
}
