//! The sweep itself.

use std::convert::Infallible;

use withal::with;
use withal_tests::poll::yields;
use withal_tests::sweep::Sweep;
use withal_tests::{Log, Probe, laws};

#[test]
fn first() {
    let t = std::time::Instant::now();
    let swept = Sweep::new(Log::new)
        .invariant_of(laws::hold)
        .run(async |rt, log| {
            let p = |n| Probe::new(&log, n).enter_yields(1).exit_yields(2).reasons();
            with(&rt, p("a"), async |_| {
                with(&rt, p("a/b"), async |_| {
                    yields(2).await;
                    log.push(".a/b");
                    Ok::<_, Infallible>(())
                })
                .await
                .unwrap();
                log.push(".a");
                Ok::<_, Infallible>(())
            })
            .await
            .unwrap();
        });
    println!("{swept} {:?}", t.elapsed());
}
