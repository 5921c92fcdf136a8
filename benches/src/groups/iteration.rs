//! Loops over streams, on top of what the stream and the body take.

#[cfg(test)]
mod tests;

use std::hint::black_box;
use std::ops::ControlFlow;
use std::pin::pin;

use futures_util::stream::{self, Iter, StreamExt};
use withal::{closing, for_each, for_each_by_ref};

use crate::now::now;
use crate::{Bar, Case, Contender, Group};

pub(crate) const GROUP: Group = Group {
    name: "iteration",
    about: "a loop over items that are there: for each of a hundred, and for the loop itself",
    cases,
    gates: &[],
};

const ITEMS: u32 = 100;

fn cases() -> Vec<Case> {
    vec![
        case("a hundred items", ITEMS),
        case("no items", 0),
        Case::new("left at the first of a hundred items")
            .with(contender("withal (for_each)", || {
                left_for_each(black_box(ITEMS))
            }))
            .with(contender("while let", || left_while_let(black_box(ITEMS)))),
    ]
}

fn case(name: &str, items: u32) -> Case {
    Case::new(name)
        .with(contender("withal (for_each)", move || {
            with_for_each(black_box(items))
        }))
        .with(contender("withal (for_each_by_ref)", move || {
            with_for_each_by_ref(black_box(items))
        }))
        .with(contender("withal (closing, while let)", move || {
            with_closing(black_box(items))
        }))
        .with(contender("while let", move || {
            with_while_let(black_box(items))
        }))
        .with(contender("futures-util (for_each)", move || {
            with_futures_util(black_box(items))
        }))
}

fn contender(name: &str, run: impl Fn() -> u32 + 'static) -> Contender {
    Contender::new(name, run).bar(Bar::Allocations(0.0))
}

fn numbers(items: u32) -> Iter<std::ops::Range<u32>> {
    stream::iter(0..items)
}

fn with_for_each(items: u32) -> u32 {
    let mut sum = 0;
    now(for_each(numbers(items), async |n| {
        sum += black_box(n);
    }));
    sum
}

fn with_for_each_by_ref(items: u32) -> u32 {
    let (mut sum, mut numbers) = (0, numbers(items));
    now(for_each_by_ref(&mut numbers, async |n| {
        sum += black_box(n);
    }));
    sum
}

fn with_closing(items: u32) -> u32 {
    now(closing(numbers(items), async |mut numbers| {
        let mut sum = 0;
        while let Some(n) = numbers.next().await {
            sum += black_box(n);
        }
        sum
    }))
}

fn with_while_let(items: u32) -> u32 {
    now(async {
        let (mut sum, mut numbers) = (0, pin!(numbers(items)));
        while let Some(n) = numbers.next().await {
            sum += black_box(n);
        }
        sum
    })
}

fn with_futures_util(items: u32) -> u32 {
    let mut sum = 0;
    now(numbers(items).for_each(|n| {
        sum += black_box(n);
        std::future::ready(())
    }));
    sum
}

fn left_for_each(items: u32) -> u32 {
    let left = for_each(numbers(items), async |n| {
        ControlFlow::Break(black_box(n) + 1)
    });
    now(left).break_value().unwrap_or(0)
}

fn left_while_let(items: u32) -> u32 {
    now(async {
        let mut numbers = pin!(numbers(items));
        match numbers.next().await {
            Some(n) => black_box(n) + 1,
            None => 0,
        }
    })
}
