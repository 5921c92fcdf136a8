//! Combinators that are broken: each says that it waits for the cleanup of what it cancels. The
//! [sweep](crate::sweep) must notice.

use std::future::{Future, poll_fn};
use std::mem::forget;
use std::pin::{Pin, pin};
use std::task::Poll;

use withal::cancel::Cancellable;
use withal::runtime::Runtime;

use crate::Log;
use crate::sweep::{Cancel, Foreign, PollTimes};

/// Drops what it cancels, and collects nothing.
#[derive(Debug)]
pub struct Careless;

impl<R: Runtime> Cancel<R> for Careless {
    async fn run<F>(&self, _rt: &R, _log: &Log, future: F, n: usize) -> bool
    where
        F: Future<Output = ()>,
    {
        Foreign::Drop.run(future, n).await
    }

    fn waits(&self) -> bool {
        true
    }

    fn name(&self) -> String {
        "careless".to_owned()
    }
}

/// Collects, and returns before the cleanup has ended.
#[derive(Debug)]
pub struct Hasty;

impl<R: Runtime> Cancel<R> for Hasty {
    async fn run<F>(&self, _rt: &R, _log: &Log, future: F, n: usize) -> bool
    where
        F: Future<Output = ()>,
    {
        let mut cancellable = pin!(Cancellable::new("hasty", future));
        let mut polled = PollTimes::new(poll_fn(|cx| cancellable.as_mut().poll(cx)), n);
        if Pin::new(&mut polled).await.is_some() {
            return true;
        }
        drop(polled);
        poll_fn(|cx| {
            let _too_soon = cancellable.as_mut().poll_cancel(cx);
            Poll::Ready(false)
        })
        .await
    }

    fn waits(&self) -> bool {
        true
    }

    fn name(&self) -> String {
        "hasty".to_owned()
    }
}

/// Forgets what it should drop.
#[derive(Debug)]
pub struct Forgetful;

impl<R: Runtime> Cancel<R> for Forgetful {
    async fn run<F>(&self, _rt: &R, _log: &Log, future: F, n: usize) -> bool
    where
        F: Future<Output = ()>,
    {
        let mut polls = PollTimes::new(future, n);
        let completed = Pin::new(&mut polls).await.is_some();
        forget(polls);
        completed
    }

    fn waits(&self) -> bool {
        true
    }

    fn name(&self) -> String {
        "forgetful".to_owned()
    }
}
