//! Polling: until something has ended, or until nothing is ready.

use std::any::type_name;
use std::future::Future;
use std::panic::Location;
use std::pin::pin;
use std::task::Context;
use std::thread;
use std::time::Duration;

use withal::runtime::Cleared;

use super::executor::{Main, Shared};
use super::order::TaskId;
use super::task::{AboutTask, TaskKind, Work};
use super::{Deterministic, Order};

impl Deterministic {
    /// Polls `future` and the tasks until `future` ends. When all of them wait, the clock moves to
    /// the next timer. No scope is current inside, even if the caller is in one.
    ///
    /// # Panics
    ///
    /// If `future` panics; then, or in a deadlock, the seed of a random order goes to standard
    /// error. If nothing can move any more, with a [`Stall`](super::Stall) that says who waits. If another
    /// thread drives the runtime.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let _driving = self.shared.drive();
        let _seed = TellSeed(&self.shared);
        let about = AboutTask {
            kind: TaskKind::Main,
            name: type_name::<F>(),
            location: Location::caller(),
        };
        let id = self.shared.insert(about, Work::Main);
        let id = id.unwrap_or_else(|_| unreachable!("what blocks is never refused"));
        let _main = Remove(&self.shared, id);
        let mut future = pin!(Cleared::new(future));
        let mut output = None;
        loop {
            let mut poll =
                |cx: &mut Context<'_>| future.as_mut().poll(cx).map(|ended| output = Some(ended));
            let main = &mut Main {
                id,
                poll: &mut poll,
            };
            let polled = self.shared.step(Some(main));
            if let Some(output) = output {
                return output;
            }
            if !polled {
                self.wait();
            }
        }
    }

    /// Polls the tasks until every one has ended. When all of them wait, the clock moves to the
    /// next timer.
    ///
    /// # Panics
    ///
    /// As [`block_on`](Self::block_on).
    #[track_caller]
    pub fn run(&self) {
        let _driving = self.shared.drive();
        let _seed = TellSeed(&self.shared);
        loop {
            self.run_until_stalled();
            if self.shared.left() == 0 {
                return;
            }
            self.wait();
        }
    }

    /// Polls the tasks until none of them is ready; the clock stands still. Gives how many have
    /// not ended.
    ///
    /// # Panics
    ///
    /// If another thread drives the runtime.
    pub fn run_until_stalled(&self) -> usize {
        let _driving = self.shared.drive();
        while self.shared.step(None) {}
        self.shared.left()
    }

    /// Polls one task; `false` if none is ready.
    pub(crate) fn poll_next(&self) -> bool {
        let _driving = self.shared.drive();
        self.shared.step(None)
    }

    /// Makes as many steps as there are tasks. One that wakes itself may take more than one of them.
    pub(crate) fn poll_each(&self) {
        for _ in 0..self.shared.left() {
            self.poll_next();
        }
    }

    /// Moves the clock to the next timer; `false` if none is armed.
    pub(crate) fn advance_to_next(&self) -> bool {
        let next = self.shared.clock.next();
        next.is_some_and(|next| {
            self.shared.clock.move_to(next);
            true
        })
    }

    /// Lets `span` pass: polls the tasks, and moves the clock from timer to timer. Gives how many
    /// tasks have not ended.
    ///
    /// # Panics
    ///
    /// If another thread drives the runtime.
    pub fn run_for(&self, span: Duration) -> usize {
        let end = self.shared.clock.now().after(span);
        loop {
            self.run_until_stalled();
            match self.shared.clock.next().filter(|next| *next <= end) {
                Some(next) => self.shared.clock.move_to(next),
                None => break,
            }
        }
        self.shared.clock.move_to(end);
        self.run_until_stalled()
    }

    /// Moves the clock by `span`, and wakes those whose time has come, in the order of their
    /// deadlines. Polls nothing.
    pub fn advance(&self, span: Duration) {
        self.shared
            .clock
            .move_to(self.shared.clock.now().after(span));
    }

    /// Every task waits: for another thread, if it was told to, or else for the next timer.
    #[track_caller]
    fn wait(&self) {
        let Shared { clock, ready, .. } = &*self.shared;
        let next = clock.next();
        if let Some(patience) = self.shared.settings.outside {
            let limit = next.map_or(patience, |next| next.since(clock.now()).min(patience));
            if ready.wait(limit) {
                return;
            }
        }
        match next {
            Some(next) => clock.move_to(next),
            None => panic!("deadlock: nothing can move any more on {}", self.stall()),
        }
    }
}

/// Takes what `block_on` polls off the list of tasks, also when it panics.
struct Remove<'a>(&'a Shared, TaskId);

impl Drop for Remove<'_> {
    fn drop(&mut self) {
        self.0.remove(self.1);
    }
}

/// Says how to replay a run that panics.
struct TellSeed<'a>(&'a Shared);

impl Drop for TellSeed<'_> {
    fn drop(&mut self) {
        let Shared { id, settings, .. } = self.0;
        if let (Order::Random(_), true) = (settings.order, thread::panicking()) {
            eprintln!("{id} polled its tasks {}", settings.order);
        }
    }
}
