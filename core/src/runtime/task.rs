use core::fmt;

#[cfg(feature = "std")]
use core::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

#[cfg(feature = "alloc")]
use crate::panic::Payload;
#[cfg(feature = "std")]
use crate::{cleanup::ambient, panic::catch, pin};

/// Why a task, a branch of a combinator or a blocking job gave no value.
pub struct TaskError {
    // `None`: it was cancelled, or its runtime discarded it.
    #[cfg(feature = "alloc")]
    payload: Option<Payload>,
    _private: (),
}

impl TaskError {
    /// It was cancelled, or its runtime discarded it, before it ended.
    pub fn cancelled() -> Self {
        Self {
            #[cfg(feature = "alloc")]
            payload: None,
            _private: (),
        }
    }

    /// The task panicked with `payload`.
    #[cfg(feature = "alloc")]
    pub fn panicked(payload: alloc::boxed::Box<dyn core::any::Any + Send>) -> Self {
        Self::from_payload(Payload::new(payload))
    }

    #[cfg(feature = "alloc")]
    pub(crate) fn from_payload(payload: Payload) -> Self {
        Self {
            payload: Some(payload),
            _private: (),
        }
    }

    /// Whether the task panicked.
    pub fn is_panic(&self) -> bool {
        #[cfg(feature = "alloc")]
        return self.payload.is_some();
        #[cfg(not(feature = "alloc"))]
        false
    }

    /// The text of the task's panic, where it has one.
    #[cfg(feature = "alloc")]
    pub(crate) fn message(&self) -> Option<&str> {
        self.payload.as_ref().map(Payload::message)
    }

    /// Lets the task's panic go on.
    ///
    /// # Panics
    ///
    /// Always: as the task did, or saying that it was cancelled.
    #[cfg(feature = "alloc")]
    pub fn resume(self) -> ! {
        match self.payload {
            Some(payload) => payload.resume(),
            None => panic!("{self}"),
        }
    }

    /// The panic's payload, to be resumed or looked at.
    ///
    /// # Errors
    ///
    /// `self`, if the task was cancelled.
    #[cfg(feature = "alloc")]
    pub fn into_panic(self) -> Result<alloc::boxed::Box<dyn core::any::Any + Send>, Self> {
        match self.payload {
            Some(payload) => Ok(payload.into_inner()),
            None => Err(self),
        }
    }
}

impl fmt::Debug for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_panic() {
            "TaskError::Panicked"
        } else {
            "TaskError::Cancelled"
        })
    }
}

impl fmt::Display for TaskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(feature = "alloc")]
        if let Some(payload) = &self.payload {
            return write!(f, "task panicked: {}", payload.message());
        }
        f.write_str("task was cancelled, or discarded by its runtime")
    }
}

impl core::error::Error for TaskError {}

/// A future that is nobody's body: while it is polled or dropped, no scope and no combinator around
/// it is current.
///
/// For entry points, which may be called from inside a body, or from its `Drop`.
#[cfg(feature = "std")]
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Cleared<F> {
    // `None` only while it is dropped.
    pub(crate) future: Option<F>,
}

#[cfg(feature = "std")]
impl<F> Cleared<F> {
    /// Wraps `future`.
    pub fn new(future: F) -> Self {
        Self {
            future: Some(future),
        }
    }
}

#[cfg(feature = "std")]
impl<F: Future> Future for Cleared<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        ambient::cleared(|| match pin::cleared(self).as_pin_mut() {
            Some(future) => future.poll(cx),
            None => Poll::Pending,
        })
    }
}

#[cfg(feature = "std")]
impl<F> Drop for Cleared<F> {
    fn drop(&mut self) {
        // In place, as it may be pinned.
        ambient::cleared(|| self.future = None);
    }
}

/// What an adapter gives to its executor instead of a bare future.
///
/// It is [`Cleared`], so a task that happens to be polled inside somebody's body (a `LocalSet`
/// driven there) does not leave its cleanup to that body's scope. A panic of the future becomes a
/// [`TaskError`], whatever the executor would have done with it.
#[cfg(feature = "std")]
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct TaskFuture<F> {
    pub(crate) future: Cleared<F>,
}

#[cfg(feature = "std")]
impl<F: Future> TaskFuture<F> {
    /// Wraps `future`.
    pub fn new(future: F) -> Self {
        Self {
            future: Cleared::new(future),
        }
    }
}

#[cfg(feature = "std")]
impl<F: Future> Future for TaskFuture<F> {
    type Output = Result<F::Output, TaskError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match catch(|| pin::task_future(self).poll(cx)) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => Poll::Ready(Err(TaskError::from_payload(payload))),
        }
    }
}
