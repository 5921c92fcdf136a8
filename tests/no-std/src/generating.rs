//! A generator that delegates and is dropped half-way, and yields that are polled in odd ways: without
//! std a slot has no thread to go by.

use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};

use withal_core::generator;
use withal_core::generator::Yielder;

use crate::{Pause, next, print};

/// Prints when it is dropped, and yields then what nobody gets.
struct Open<'g>(Yielder<'g, &'static str>);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        let late = pin!(self.0.yield_(" late"));
        let waits = late.poll(&mut Context::from_waker(Waker::noop()));
        print(if waits.is_pending() {
            " closed\n"
        } else {
            " ?"
        });
    }
}

/// Loops over three items of a generator, and drops it.
pub async fn generating() {
    let mut items = pin!(Some(generator(async |y| {
        let open = Open(y);
        let y = &open.0;
        Pause::default().await;
        y.yield_("here").await;
        y.delegate(generator(async |y| {
            twice(&y, " there").await;
            Pause::default().await;
        }))
        .await;
        y.yield_(" nowhere").await;
    })));
    for _ in 0..3 {
        let Some(items) = items.as_mut().as_pin_mut() else {
            return;
        };
        print(next(items).await.unwrap_or(" ?"));
    }
    items.set(None);
}

/// Loops over a generator whose yields are polled twice in one poll, given up, and left behind.
pub async fn odd_yields() {
    let mut items = pin!(generator(async |y: Yielder<'_, &str>| {
        let mut first = pin!(y.yield_("first"));
        {
            let mut full = pin!(y.yield_(" lost"));
            poll_twice(first.as_mut()).await;
            poll_twice(full.as_mut()).await;
        }
        first.await;
        {
            let mut dropped = pin!(y.yield_(" second"));
            poll_twice(dropped.as_mut()).await;
        }
        y.yield_(" third").await;
        let mut last = pin!(y.yield_(" last\n"));
        poll_twice(last.as_mut()).await;
    }));
    while let Some(item) = next(items.as_mut()).await {
        print(item);
    }
}

async fn twice(y: &Yielder<'_, &'static str>, item: &'static str) {
    y.yield_(item).await;
    y.yield_(item).await;
}

/// In one poll, whatever comes of it.
async fn poll_twice<F: Future>(mut future: Pin<&mut F>) {
    poll_fn(|cx| {
        for _ in 0..2 {
            if future.as_mut().poll(cx).is_ready() {
                print(" ?");
            }
        }
        Poll::Ready(())
    })
    .await;
}
