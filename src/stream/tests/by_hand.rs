//! Polling by hand, and sources that do as they are told.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use futures_core::Stream;

use crate::runtime::NoExecutor;
use crate::{ExitReason, HandOver, Scope, generator, with};

/// Counts its wakes.
#[derive(Debug, Default)]
pub(in crate::stream) struct Task(AtomicUsize);

impl Task {
    /// How often it was woken since this was asked.
    pub(in crate::stream) fn wakes(&self) -> usize {
        self.0.swap(0, Ordering::SeqCst)
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A value that is polled by hand.
pub(in crate::stream) struct ByHand<T> {
    pub(in crate::stream) value: Pin<Box<T>>,
    task: Arc<Task>,
}

impl<T> ByHand<T> {
    pub(in crate::stream) fn new(value: T) -> Self {
        Self {
            value: Box::pin(value),
            task: Arc::default(),
        }
    }

    /// How often it was woken since this was asked.
    pub(in crate::stream) fn wakes(&self) -> usize {
        self.task.wakes()
    }

    fn with<R>(&mut self, f: impl FnOnce(Pin<&mut T>, &mut Context<'_>) -> R) -> R {
        let waker = Waker::from(self.task.clone());
        f(self.value.as_mut(), &mut Context::from_waker(&waker))
    }
}

impl<F: Future> ByHand<F> {
    pub(in crate::stream) fn poll(&mut self) -> Poll<F::Output> {
        self.with(|future, cx| future.poll(cx))
    }

    /// Polls it as long as it is woken.
    pub(in crate::stream) fn run(&mut self) -> Poll<F::Output> {
        for _ in 0..1_000 {
            let polled = self.poll();
            if polled.is_ready() || self.wakes() == 0 {
                return polled;
            }
        }
        panic!("it is woken for ever");
    }

    #[track_caller]
    pub(in crate::stream) fn ready(&mut self) -> F::Output {
        match self.run() {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("it waits"),
        }
    }
}

impl<S: Stream> ByHand<S> {
    pub(in crate::stream) fn poll_next(&mut self) -> Poll<Option<S::Item>> {
        self.with(|stream, cx| stream.poll_next(cx))
    }
}

/// Is pending `times` times, waking itself, and then ready.
pub(in crate::stream) async fn yields(times: usize) {
    let mut left = times;
    std::future::poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// What happened, in order.
#[derive(Clone, Debug, Default)]
pub(in crate::stream) struct Trace(Arc<Mutex<Vec<String>>>);

impl Trace {
    pub(in crate::stream) fn push(&self, event: impl ToString) {
        self.0.lock().unwrap().push(event.to_string());
    }

    /// The events since this was asked.
    pub(in crate::stream) fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock().unwrap()).join(" ")
    }
}

/// A scope that tells when it is entered and exited, and waits a little in between.
pub(in crate::stream) struct Held(Trace, &'static str);

impl Scope for Held {
    type Resource = ();
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), Infallible> {
        self.0.push(format!("+{}", self.1));
        Ok(())
    }

    async fn exit(self, (): (), _: ExitReason<'_>) -> Result<(), Infallible> {
        yields(1).await;
        self.0.push(format!("-{}", self.1));
        Ok(())
    }
}

/// Runs `body` in a scope `name`.
pub(in crate::stream) async fn holding<T>(
    trace: &Trace,
    name: &'static str,
    body: impl Future<Output = T>,
) -> T {
    let rt = NoExecutor::new();
    let scope = Held(trace.clone(), name);
    let ended = with(&rt, scope, async |()| Ok::<_, Infallible>(body.await)).await;
    ended.unwrap_or_else(|error| panic!("{error}"))
}

/// Gives `items` out of a scope `name` that is open meanwhile, waiting once before each.
pub(in crate::stream) fn held<'a, T: Clone>(
    trace: &'a Trace,
    name: &'static str,
    items: &'a [T],
) -> impl Stream<Item = T> {
    generator::<'a, _, _, _>(async move |y| {
        holding(trace, name, async {
            for item in items {
                yields(1).await;
                y.yield_(item.clone()).await;
            }
        })
        .await;
    })
}

/// A stream that gives what it is fed.
pub(in crate::stream) struct Fed<T>(Arc<Mutex<FedState<T>>>);

struct FedState<T> {
    items: VecDeque<T>,
    ended: bool,
    polls: usize,
    waker: Option<Waker>,
}

impl<T> Clone for Fed<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Fed<T> {
    pub(in crate::stream) fn new() -> Self {
        Self(Arc::new(Mutex::new(FedState {
            items: VecDeque::new(),
            ended: false,
            polls: 0,
            waker: None,
        })))
    }

    fn change(&self, change: impl FnOnce(&mut FedState<T>)) {
        let mut state = self.0.lock().unwrap();
        change(&mut state);
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }

    pub(in crate::stream) fn feed(&self, item: T) {
        self.change(|state| state.items.push_back(item));
    }

    pub(in crate::stream) fn end(&self) {
        self.change(|state| state.ended = true);
    }

    /// How often it was polled since this was asked.
    pub(in crate::stream) fn polls(&self) -> usize {
        std::mem::take(&mut self.0.lock().unwrap().polls)
    }
}

impl<T> Stream for Fed<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = self.0.lock().unwrap();
        state.polls += 1;
        let item = state.items.pop_front();
        if item.is_some() || state.ended {
            return Poll::Ready(item);
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// Compiles for `Send` values only.
pub(in crate::stream) fn send<T: Send>(value: T) -> T {
    value
}
