use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use futures_core::Stream;
use futures_core::stream::FusedStream;
use futures_util::stream::{StreamExt, TryStreamExt};

use super::pages;
use crate::close;
use crate::stream::tests::by_hand::{ByHand, Trace, holding, yields};

type Page = Result<(Vec<u32>, Option<usize>), &'static str>;

/// The pages `[1, 2]`, none, `[3]`, each after a wait.
async fn page(number: usize) -> Page {
    yields(1).await;
    Ok(match number {
        0 => (vec![1, 2], Some(1)),
        1 => (vec![], Some(2)),
        _ => (vec![3], None),
    })
}

// IT-6, IT-10
#[test]
fn the_items_of_all_pages_come_one_by_one() {
    let fetched = RefCell::new(Vec::new());
    let rows = pages(0, async |number| {
        fetched.borrow_mut().push(number);
        page(number).await
    });
    let mut rows = ByHand::new(rows);
    assert!(fetched.borrow().is_empty(), "it has begun by itself");
    let mut seen = Vec::new();
    for polls in 0..20 {
        if let Poll::Ready(Some(row)) = rows.poll_next() {
            seen.push(row.unwrap());
        }
        if seen.len() < 2 {
            assert!(fetched.borrow().len() <= 1, "ahead after {polls} polls");
        }
    }
    assert_eq!(seen, [1, 2, 3]);
    assert_eq!(*fetched.borrow(), [0, 1, 2]);
    assert_eq!(rows.poll_next(), Poll::Ready(None));
}

// IT-15
#[test]
fn a_dropped_step_loses_no_page_and_fetches_none_twice() {
    let fetches = Cell::new(0);
    let mut rows = Box::pin(pages(0, async |number| {
        fetches.set(fetches.get() + 1);
        page(number).await
    }));
    let mut seen = Vec::new();
    for _ in 0..20 {
        // One poll for each step.
        if let Poll::Ready(Some(row)) = ByHand::new(rows.next()).poll() {
            seen.push(row.unwrap());
        }
    }
    assert_eq!(seen, [1, 2, 3]);
    assert_eq!(fetches.get(), 3);
}

// IT-13
#[test]
fn after_an_error_the_same_page_is_fetched_again() {
    let fails = Cell::new(2);
    let rows = pages(0, async |number| {
        if number == 2 && fails.get() > 0 {
            fails.set(fails.get() - 1);
            return Err("busy");
        }
        page(number).await
    });
    let mut all = ByHand::new(rows.collect::<Vec<_>>());
    let expected = [Ok(1), Ok(2), Err("busy"), Err("busy"), Ok(3)];
    assert_eq!(all.ready(), expected);
}

// IT-3
#[test]
fn an_error_ends_a_loop_that_does_not_ask_again() {
    let rows = pages(0, async |number| match number {
        0 => Ok(([1], Some(1))),
        _ => Err("gone"),
    });
    assert_eq!(
        ByHand::new(rows.try_collect::<Vec<_>>()).ready(),
        Err("gone")
    );
}

// AG-8
#[test]
fn a_panic_of_the_fetch_ends_it() {
    let rows = pages(0, async |number: u32| -> Result<([u32; 1], _), ()> {
        assert!(number == 0, "no such page");
        Ok(([1], Some(1)))
    });
    let mut rows = ByHand::new(rows);
    assert_eq!(rows.poll_next(), Poll::Ready(Some(Ok(1))));
    assert!(catch_unwind(AssertUnwindSafe(|| rows.poll_next())).is_err());
    assert_eq!(rows.poll_next(), Poll::Ready(None));
}

// K1
#[test]
fn closing_it_closes_a_fetch() {
    let trace = Trace::default();
    let mut rows = Box::pin(pages(0, async |number| {
        holding(&trace, "fetch", page(number)).await
    }));
    assert!(ByHand::new(rows.next()).poll().is_pending());
    ByHand::new(close(rows)).ready();
    assert_eq!(trace.take(), "+fetch -fetch");
}

#[test]
fn the_closure_may_own_what_its_futures_borrow() {
    fn rows(name: String) -> impl FusedStream<Item = Result<String, ()>> + Send + 'static {
        pages(0, async move |number| {
            yields(1).await;
            let page = [format!("{name} {number}")];
            Ok((page, (number < 2).then_some(number + 1)))
        })
    }

    let mut all = ByHand::new(rows("rows".to_owned()).try_collect::<Vec<_>>());
    assert_eq!(all.ready().unwrap(), ["rows 0", "rows 1", "rows 2"]);
}

#[test]
fn how_much_there_is_at_least_is_known() {
    let mut rows = ByHand::new(pages(0, page));
    assert_eq!(rows.value.size_hint(), (0, None));
    assert!(rows.poll_next().is_pending());
    assert_eq!(rows.poll_next(), Poll::Ready(Some(Ok(1))));
    assert_eq!(rows.value.size_hint(), (1, None));
    assert_eq!(rows.poll_next(), Poll::Ready(Some(Ok(2))));
    assert_eq!(rows.value.size_hint(), (0, None));
    assert!(rows.poll_next().is_pending());
    assert!(rows.poll_next().is_pending());
    assert_eq!(rows.poll_next(), Poll::Ready(Some(Ok(3))));
    assert_eq!(rows.value.size_hint(), (0, Some(0)));
    assert!(!rows.value.is_terminated());
    assert_eq!(rows.poll_next(), Poll::Ready(None));
    assert!(rows.value.is_terminated());
}

/// As above, by a multi-threaded runtime.
#[test]
fn a_task_that_is_spawned_reads_pages() {
    let owner = tokio::runtime::Runtime::new().unwrap();
    let ended = owner.block_on(async {
        tokio::spawn(async {
            let offset = 10;
            let offset = &offset;
            let rows = pages(10, async |number| {
                let (rows, next) = page(number - offset).await?;
                Ok::<_, &str>((rows, next.map(|next| next + offset)))
            });
            rows.try_collect::<Vec<_>>().await
        })
        .await
    });
    assert_eq!(ended.unwrap(), Ok(vec![1, 2, 3]));
}
