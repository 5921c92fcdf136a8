//! Which generators can be used in a task that is spawned: programs as people write them, demanded
//! to be `Send`. That they compile is the test.

#![cfg(feature = "std")]

mod common;

use std::future::Future;
use std::num::ParseIntError;
use std::ops::ControlFlow;
use std::pin::pin;
use std::thread;

use common::{drive, yield_now};
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use withal_core::generator::Yielder;
use withal_core::{closing, for_each, generator};

/// As a runtime with several threads does: the future moves to another one.
fn spawn<F: Future<Output: Send> + Send + 'static>(future: F) -> F::Output {
    thread::spawn(|| drive(future)).join().unwrap()
}

// AG-20, CM-15
#[test]
fn items_may_be_borrowed_from_the_task() {
    let longest = spawn(async {
        let text = String::from("a bcd ef");
        let mut words = pin!(generator(async |y| {
            for word in text.split(' ') {
                yield_now().await;
                y.yield_(word).await;
            }
        }));
        let mut longest = "";
        while let Some(word) = words.next().await {
            yield_now().await;
            if word.len() > longest.len() {
                longest = word;
            }
        }
        longest.to_owned()
    });
    assert_eq!(longest, "bcd");
}

// AG-20, IT-1
#[test]
fn they_go_through_loops_and_adapters() {
    let found = spawn(async {
        let text = String::from("a bcd ef");
        let words = generator(async |y| {
            y.delegate(stream::iter(text.split(' '))).await;
        });
        let words = words.map(|word| (word.len(), word)).boxed();
        for_each(words, async |(len, word)| {
            yield_now().await;
            if len > 1 {
                return ControlFlow::Break(word.to_owned());
            }
            ControlFlow::Continue(())
        })
        .await
        .break_value()
    });
    assert_eq!(found.as_deref(), Some("bcd"));
    let count = spawn(async {
        let text = String::from("a bcd ef");
        let words = generator(async |y: Yielder<'_, &str>| {
            for word in text.split(' ') {
                y.yield_(word).await;
            }
        });
        closing(words, async |words| words.count().await).await
    });
    assert_eq!(count, 3);
}

// AG-8, AG-20
#[test]
fn one_that_may_fail_borrows_too() {
    let numbers: Result<Vec<_>, _> = spawn(async {
        let text = String::from("1 2 x");
        let numbers = generator(async |y| {
            for word in text.split(' ') {
                y.yield_((word, word.parse::<u32>()?)).await;
            }
            Ok::<(), ParseIntError>(())
        });
        numbers.map_ok(|(_, number)| number).try_collect().await
    });
    assert!(numbers.is_err());
}

// IT-9, AG-20
#[test]
fn a_function_returns_one_that_borrows_its_argument() {
    fn words(text: &str) -> impl Stream<Item = &str> + Send {
        generator(async move |y| {
            for word in text.split(' ') {
                y.yield_(word).await;
            }
        })
    }
    fn loud<'a>(words: impl Stream<Item = &'a str> + Send) -> impl Stream<Item = String> + Send {
        generator(async move |y| {
            let mut words = pin!(words);
            while let Some(word) = words.next().await {
                y.yield_(word.to_uppercase()).await;
            }
        })
    }
    let words = spawn(async {
        let text = String::from("a b");
        loud(words(&text)).collect::<Vec<_>>().await
    });
    assert_eq!(words, ["A", "B"]);
}
