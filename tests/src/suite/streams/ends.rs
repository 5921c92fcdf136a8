use std::pin::pin;
use std::time::Duration;

use futures_util::future::{FutureExt, select};
use withal::runtime::Runtime;
use withal::{timeout, with};

use super::{Fed, fed, half_read, items};
use crate::log::within_patience;
use crate::poll::{ByHand, caught};
use crate::probe::Failed;
use crate::streams::feed;
use crate::{Log, Probe, StreamUnderTest};

// AG-8, AG-28, IT-3
pub async fn an_error_is_an_item_and_no_end<S: StreamUnderTest>(rt: &impl Runtime) {
    let mut fed = fed::<S>(rt);
    fed.feeder.push(0);
    fed.feeder.fail();
    let expected = vec![Ok(0), Err(Failed("the feed"))];
    assert_eq!(fed.rest(rt).await, expected, "the error");
}

// AG-8, K11
pub async fn a_panic_of_its_source_reaches_its_consumer<S: StreamUnderTest>(rt: &impl Runtime) {
    let mut fed = fed::<S>(rt);
    fed.feeder.push(0);
    fed.feeder.panic();
    assert_eq!(fed.next(rt).await, Some(Ok(0)));
    let panicked = caught(fed.next(rt)).await;
    assert_eq!(panicked, Err("the feed".to_owned()), "the panic");
    drop(fed.stream);
    fed.log.assert("+feed -feed:panicked");
}

// IT-10
pub async fn the_end_is_for_ever<S: StreamUnderTest>(rt: &impl Runtime) {
    let mut fed = half_read::<S>(rt).await;
    assert_eq!(fed.rest(rt).await, items([1, 2]));
    fed.feeder.push(9);
    for _ in 0..3 {
        assert_eq!(fed.next(rt).await, None, "it goes on after its end");
    }
}

// AG-10, IT-5, K1
pub async fn closed_half_way_it_exits_its_source<S: StreamUnderTest>(rt: &impl Runtime) {
    let Fed { stream, log, .. } = half_read::<S>(rt).await;
    let closed = stream.close();
    within_patience(rt, closed, || "the close never ends".to_owned()).await;
    log.push("closed");
    log.assert("+feed -feed:cancelled closed");
}

// AG-10, AG-18, IT-5, K1
pub async fn closed_while_it_waits_it_exits_its_source<S: StreamUnderTest>(rt: &impl Runtime) {
    let Fed {
        mut stream, log, ..
    } = fed::<S>(rt);
    drop(ByHand::waiting(stream.next()));
    log.seen(rt, "+feed").await;
    let closed = stream.close();
    within_patience(rt, closed, || "the close never ends".to_owned()).await;
    log.push("closed");
    log.assert("+feed -feed:cancelled closed");
}

// AG-11
pub async fn closed_at_its_end_it_does_nothing_more<S: StreamUnderTest>(rt: &impl Runtime) {
    let mut fed = half_read::<S>(rt).await;
    assert_eq!(fed.rest(rt).await, items([1, 2]));
    let closed = fed.stream.close();
    within_patience(rt, closed, || "the close never ends".to_owned()).await;
    fed.log.assert("+feed .feed -feed:completed");
}

// CM-17, FH-5, K2
pub async fn dropped_by_foreign_code_it_exits_its_source<S: StreamUnderTest>(rt: &impl Runtime) {
    let Fed { stream, log, .. } = half_read::<S>(rt).await;
    drop(stream);
    log.seen(rt, "-feed:cancelled").await;
    log.assert("+feed -feed:cancelled");
}

// K3
pub async fn dropped_in_a_scope_it_exits_its_source_first<S: StreamUnderTest>(rt: &impl Runtime) {
    let log = Log::new();
    let outer = Probe::new(&log, "outer").exit_yields(0);
    let (feeder, feed) = feed(rt, &log, "feed");
    feeder.give(3);
    let mut stream = S::over(rt, feed);
    let scoped = with(rt, outer, async |_| {
        let first = stream.next().await;
        drop(stream);
        first.expect("there are items")
    });
    assert_eq!(scoped.await.unwrap(), 0);
    log.assert("+outer +feed -feed:cancelled -outer");
}

// CM-21, K1
pub async fn cancelled_with_its_consumer_it_exits_its_source_first<S: StreamUnderTest>(
    rt: &impl Runtime,
) {
    let Fed {
        mut stream,
        feeder,
        log,
    } = fed::<S>(rt);
    feeder.push(0);
    let reader = log.clone();
    let reads = async move {
        while stream.next().await.is_some() {
            reader.push("item");
        }
    };
    let mut reads = Box::pin(reads);
    let item = pin!(log.when(|events| events.iter().any(|event| event == "item")));
    let begun = select(reads.as_mut(), item);
    within_patience(rt, begun.map(drop), || log.trace()).await;
    let ended = timeout(rt, Duration::from_micros(1), reads).await;
    log.push("returned");
    assert!(ended.is_err(), "there is no end of it");
    log.assert("+feed item -feed:cancelled returned");
}
