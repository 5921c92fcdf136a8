//! Blocking work, run on the thread of the tasks.

use std::any::type_name;
use std::future::poll_fn;
use std::panic::Location;
use std::task::{Context, Poll, Waker};
use std::thread;

use futures_channel::oneshot;
use withal::on_the_thread_of_tasks;
use withal::runtime::{Blocking, TaskFuture};

use super::task::{AboutTask, Held, TaskKind, Work};
use super::{Deterministic, Handle, lock};

impl Deterministic {
    /// Runs the blocking work that is [held](super::Builder::hold_blocking), oldest first, on this
    /// thread; gives how much it was.
    pub fn run_blocking(&self) -> usize {
        let held = std::mem::take(&mut lock(&self.shared.state).held);
        let count = held.len();
        let at_home = thread::current().id() == self.shared.home;
        for Held { mut work } in held {
            let mut poll = || work.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            let poll = if at_home {
                on_the_thread_of_tasks(poll)
            } else {
                poll()
            };
            assert_eq!(poll, Poll::Ready(()), "blocking work ends in one poll");
        }
        count
    }
}

impl Blocking for Deterministic {
    type Job<T: Send + 'static> = Handle<T>;

    #[track_caller]
    fn unblock<F, T>(&self, work: F) -> Handle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let work = Box::pin(async move {
            // Nobody's body, as on a thread of its own; a panic is an error.
            let ended = TaskFuture::new(async move { work() }).await;
            let _nobody_waits = sender.send(ended);
        });
        if self.shared.settings.holds_blocking {
            let mut state = lock(&self.shared.state);
            if state.is_down {
                // Dropped outside the lock.
                drop(state);
                drop(work);
            } else {
                state.held.push_back(Held { work });
            }
        } else {
            let about = AboutTask {
                kind: TaskKind::Blocking,
                name: type_name::<F>(),
                location: Location::caller(),
            };
            let mut work = work;
            let at_home = poll_fn(move |cx| on_the_thread_of_tasks(|| work.as_mut().poll(cx)));
            let _refused = self.shared.insert(about, Work::Task(Box::pin(at_home)));
        }
        Handle(receiver)
    }
}
