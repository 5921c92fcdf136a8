//! Combinators that are broken: each says that it waits for the cleanup of what it cancels. The
//! [sweep](crate::sweep) must notice.

use std::future::{Future, poll_fn};
use std::mem::forget;
use std::pin::{Pin, pin};
use std::task::Poll;

use futures_util::future::LocalBoxFuture;
use withal::cancel::Cancellable;

use crate::sweep::{Cancel, Followed, Scenario};

/// Drops what it cancels, and collects nothing.
#[derive(Debug)]
pub struct Careless;

/// Collects, and returns before the cleanup has ended.
#[derive(Debug)]
pub struct Hasty;

/// Forgets what it should drop.
#[derive(Debug)]
pub struct Forgetful;

impl Careless {
    async fn run(&self, mut scenario: Scenario<'_>) {
        polled(&mut scenario).await;
    }
}

impl Hasty {
    async fn run(&self, scenario: Scenario<'_>) {
        let mut reached = scenario.reached();
        let mut cancellable = pin!(Cancellable::new("hasty", scenario));
        poll_fn(|cx| {
            if Pin::new(&mut reached).poll(cx).is_ready() {
                return Poll::Ready(());
            }
            cancellable.as_mut().poll(cx)
        })
        .await;
        poll_fn(|cx| {
            let _too_soon = cancellable.as_mut().poll_cancel(cx);
            Poll::Ready(())
        })
        .await;
    }
}

impl Forgetful {
    async fn run(&self, mut scenario: Scenario<'_>) {
        polled(&mut scenario).await;
        forget(scenario);
    }
}

/// Polls `scenario` to its end, or until it is to be cancelled.
async fn polled(scenario: &mut Scenario<'_>) {
    let mut reached = scenario.reached();
    poll_fn(|cx| {
        if Pin::new(&mut reached).poll(cx).is_ready() {
            return Poll::Ready(());
        }
        Pin::new(&mut *scenario).poll(cx)
    })
    .await;
}

macro_rules! cancels {
    ($($Combinator:ident $name:literal)*) => {$(
        impl<R> Cancel<R> for $Combinator {
            fn run<'a>(
                &'a self,
                _: &'a Followed<R>,
                scenario: Scenario<'a>,
            ) -> LocalBoxFuture<'a, ()> {
                Box::pin($Combinator::run(self, scenario))
            }

            fn waits(&self) -> bool {
                true
            }

            fn name(&self) -> String {
                $name.to_owned()
            }
        }
    )*};
}

cancels! {
    Careless "careless"
    Hasty "hasty"
    Forgetful "forgetful"
}
