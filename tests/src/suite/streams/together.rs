use std::sync::Arc;
use std::thread;

use withal::runtime::Runtime;
use withal::with;

use super::{Fed, ended, fed, items};
use crate::foreign::gives_up_at_times;
use crate::log::within_patience;
use crate::poll::{ByHand, yields};
use crate::probe::Failed;
use crate::streams::Read;
use crate::sweep::{Followed, Sweep};
use crate::{StreamUnderTest, stress};

// AG-20
pub async fn it_may_be_read_on_several_threads_in_turn<S: StreamUnderTest>(rt: &impl Runtime) {
    let mut fed = fed::<S>(rt);
    for item in 0..3 {
        let Fed { stream, feeder, .. } = &mut fed;
        let mut step = ByHand::new(stream.next());
        assert!(elsewhere(|| step.poll()).is_pending());
        feeder.push(item);
        assert_eq!(ended(rt, &mut step).await, Some(Ok(item)), "moved");
    }
    let Fed { stream, log, .. } = fed;
    elsewhere(|| drop(stream));
    log.seen(rt, "-feed:cancelled").await;
}

/// Runs `f` on another thread, which knows no runtime.
fn elsewhere<T: Send>(f: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| scope.spawn(f).join().expect("a step that fails elsewhere"))
}

// IT-15: by the clock of the runtime.
pub async fn tasks_that_give_up_lose_nothing<S: StreamUnderTest>(rt: &impl Runtime) {
    let count = u32::try_from(stress(100)).unwrap();
    let Fed {
        mut stream, feeder, ..
    } = fed::<S>(rt);
    let fills = rt.spawn(async move {
        for item in 0..count {
            feeder.push(item);
            yields(item as usize % 3).await;
        }
        feeder.end();
    });
    let reads = rt.spawn(async move {
        let mut got = Vec::new();
        for turn in 0.. {
            match gives_up_at_times(turn, stream.next()).await {
                Some(Some(item)) => got.push(item),
                Some(None) => break,
                None => yields(1).await,
            }
        }
        got
    });
    let ended = async {
        fills.await.unwrap();
        reads.await.unwrap()
    };
    let got = within_patience(rt, ended, || "a step that nobody wakes".to_owned()).await;
    assert_eq!(got, items(0..count), "an item is lost");
}

// A-3, CM-17, K1, K2, K3
pub async fn cancelled_after_each_poll_in_every_way_nothing_is_lost<S: StreamUnderTest>(
    rt: &impl Runtime,
) {
    let scenario = async |rt: Followed<_>, read: Arc<Read>| {
        let scoped = with(&rt, read.probe("a"), async |_| {
            let mut stream = S::over(&rt, read.feed(&rt, "a/feed"));
            while let Some(item) = stream.next().await {
                read.took(item);
                yields(1).await;
            }
            drop(stream);
            read.log.push(".a");
            Ok::<_, Failed>(())
        });
        scoped.await.unwrap();
    };
    let sweep = Sweep::on(rt, Read::all).invariant_of(|read, ending| read.holds(ending));
    sweep.sweep(scenario).await.unwrap();
}
