//! Tasks of a multi-threaded runtime over what they borrow: that these compile is half of the test.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::clock::Clock;
use crate::stream::{buffered, idle_timeout, interval, next_or, pages, prefetch, try_collect};

fn spawned<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> T {
    let owner = tokio::runtime::Runtime::new().unwrap();
    owner.block_on(async { tokio::spawn(task).await.unwrap() })
}

fn words() -> [String; 2] {
    ["with", "all"].map(String::from)
}

/// Gives `word` back, later.
async fn later(word: &str) -> &str {
    tokio::task::yield_now().await;
    word
}

#[test]
fn next_or_over_borrowed_items() {
    let next = spawned(async {
        let words = words();
        let none = String::new();
        let mut source = pin!(stream::iter(&words).then(async |word| later(word).await));
        let first = next_or(source.as_mut(), &none).await;
        let last = next_or(source.skip(1), &none).await;
        format!("{first} {last}")
    });
    assert_eq!(next, "with ");
}

#[test]
fn idle_timeout_over_borrowed_items() {
    let length = spawned(async {
        let (words, clock) = (words(), Clock::default());
        let source = stream::iter(&words).then(async |word| later(word).await);
        let items = idle_timeout(&clock, Duration::MAX, source);
        items
            .map(|item| item.unwrap().len())
            .collect::<Vec<_>>()
            .await
    });
    assert_eq!(length, [4, 3]);
}

#[test]
fn try_collect_of_borrowed_items() {
    let length = spawned(async {
        let words = words();
        let source = stream::iter(&words).then(async |word| Ok::<_, &str>(later(word).await));
        let all: Result<Vec<&str>, &str> = try_collect(source).await;
        all.unwrap().concat()
    });
    assert_eq!(length, "withall");
}

#[test]
fn interval_on_a_borrowed_clock() {
    let ticks = spawned(async {
        let clock = Clock::default();
        let ticks = interval(&clock, Duration::from_secs(1)).take(1);
        ticks.then(async |tick| tick).count().await
    });
    assert_eq!(ticks, 1);
}

#[test]
fn pages_of_borrowed_items() {
    let all = spawned(async {
        let words = words();
        let rows = pages(0, async |index: usize| {
            later("").await;
            let next = (index + 1 < words.len()).then_some(index + 1);
            Ok::<_, &str>((words.get(index), next))
        });
        let rows = rows.and_then(async |word| Ok(later(word).await));
        rows.try_collect::<Vec<&str>>().await.unwrap().concat()
    });
    assert_eq!(all, "withall");
}

#[test]
fn prefetch_of_borrowed_items() {
    let lengths = spawned(async {
        let words = words();
        let mut lengths = Vec::new();
        let source = stream::iter(&words).then(async |word| later(word).await);
        prefetch(source, 1, async |mut items| {
            while let Some(word) = items.next().await {
                lengths.push(later(word).await.len());
            }
        })
        .await;
        lengths
    });
    assert_eq!(lengths, [4, 3]);
}

#[test]
fn prefetch_that_gives_what_it_borrows() {
    let last = spawned(async {
        let words = words();
        let source = stream::iter(&words);
        let last = prefetch(source, 1, async |items| {
            items
                .fold(None, async |_, word| Some(later(word).await))
                .await
        });
        last.await.unwrap().to_owned()
    });
    assert_eq!(last, "all");
}

#[test]
fn buffered_jobs_over_borrowed_items() {
    let lengths = spawned(async {
        let words = words();
        let mut lengths = Vec::new();
        let jobs = stream::iter(&words).map(async |word| later(word).await);
        buffered(jobs, 2, async |mut outputs| {
            while let Some(word) = outputs.next().await {
                lengths.push(later(word).await.len());
            }
        })
        .await;
        lengths
    });
    assert_eq!(lengths, [4, 3]);
}
