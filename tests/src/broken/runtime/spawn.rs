use std::future::{Future, pending};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::FutureExt;
use futures_util::future::{AbortHandle, BoxFuture, abortable};
use withal::runtime::{Runtime, TaskError};

use crate::foreign::OnDrop;
use crate::poll::poll_now;
use crate::wrapped::Wrap;

/// What a spawn gives.
type Handle<T> = BoxFuture<'static, Result<T, TaskError>>;

/// Its tasks begin when they are awaited, and not before.
#[derive(Debug)]
#[non_exhaustive]
pub enum LazyTasks {}

impl Wrap for LazyTasks {
    fn spawn<R, F>(rt: &R, future: F) -> Handle<F::Output>
    where
        R: Runtime,
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let rt = rt.clone();
        async move { rt.spawn(future).await }.boxed()
    }
}

/// It looks for the current runtime when it spawns, and panics where there is none.
#[derive(Debug)]
#[non_exhaustive]
pub enum SpawnsAround {}

impl Wrap for SpawnsAround {
    fn spawn<R, F>(rt: &R, future: F) -> Handle<F::Output>
    where
        R: Runtime,
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let _current = withal::current().expect("a runtime is current");
        rt.spawn(future).boxed()
    }
}

/// A handle that is dropped takes its task along.
#[derive(Debug)]
#[non_exhaustive]
pub enum AbortsOnDrop {}

impl Wrap for AbortsOnDrop {
    fn spawn<R, F>(rt: &R, future: F) -> Handle<F::Output>
    where
        R: Runtime,
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (future, abort): (_, AbortHandle) = abortable(future);
        let task = rt.spawn(future);
        let aborts = OnDrop::new(move || abort.abort());
        async move {
            let ended = task.await;
            drop(aborts);
            ended?.map_err(|_| TaskError::cancelled())
        }
        .boxed()
    }
}

/// It says of a task that panicked that it was discarded.
#[derive(Debug)]
#[non_exhaustive]
pub enum LosesPanics {}

impl Wrap for LosesPanics {
    fn spawn<R, F>(rt: &R, future: F) -> Handle<F::Output>
    where
        R: Runtime,
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let task = rt.spawn(future);
        async { task.await.map_err(|_| TaskError::cancelled()) }.boxed()
    }
}

/// It polls a task that has ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum PollsAgain {}

impl Wrap for PollsAgain {
    fn spawn<R, F>(rt: &R, future: F) -> Handle<F::Output>
    where
        R: Runtime,
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        rt.spawn(Again(Box::pin(future))).boxed()
    }
}

struct Again<F>(Pin<Box<F>>);

impl<F: Future> Future for Again<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let output = ready!(self.0.as_mut().poll(cx));
        let _ = self.0.as_mut().poll(cx);
        Poll::Ready(output)
    }
}

/// It polls a task where it is spawned, as part of the body that spawns it.
#[derive(Debug)]
#[non_exhaustive]
pub enum PollsInPlace {}

impl Wrap for PollsInPlace {
    fn spawn<R, F>(rt: &R, future: F) -> Handle<F::Output>
    where
        R: Runtime,
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let mut future = Box::pin(future);
        // Once, and a second time for what woke itself in the first.
        for _ in 0..2 {
            if let Poll::Ready(output) = poll_now(future.as_mut()) {
                return std::future::ready(Ok(output)).boxed();
            }
        }
        rt.spawn(future).boxed()
    }
}

/// The handle of a task that it discards never resolves.
#[derive(Debug)]
#[non_exhaustive]
pub enum HangsAtItsEnd {}

impl Wrap for HangsAtItsEnd {
    fn spawn<R, F>(rt: &R, future: F) -> Handle<F::Output>
    where
        R: Runtime,
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let task = rt.spawn(future);
        async {
            match task.await {
                Err(error) if !error.is_panic() => pending().await,
                ended => ended,
            }
        }
        .boxed()
    }
}
