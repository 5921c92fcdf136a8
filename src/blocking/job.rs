use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::BlockingContext;
use super::context::Signals;
use super::registry::{self, Stoppable};
use crate::cleanup::{About, Report, report};
use crate::runtime::TaskError;
use crate::sync::cancel_token::CancelKind;

/// Blocking work, shared by who waits for it and by the thread that runs it.
///
/// No user code runs under its lock.
pub(super) struct Job<R, F, T> {
    about: About,
    signals: Signals,
    state: Mutex<State<R, F, T>>,
    number: u64,
}

struct State<R, F, T> {
    stage: Stage<R, F, T>,
    waiting: Option<Waker>,
    /// Nobody waits for its result.
    abandoned: bool,
}

enum Stage<R, F, T> {
    /// No thread has taken it.
    HandedIn(Work<R, F>),
    Running,
    Ended(Result<T, TaskError>),
    /// Its result was taken, or given up.
    Over,
}

/// What a thread takes.
pub(super) struct Work<R, F> {
    pub(super) work: F,
    pub(super) context: BlockingContext<R>,
    pub(super) held: Option<Held>,
}

/// What is held for as long as the thread is busy.
pub(super) type Held = Box<dyn Send>;

impl<R, F, T> Job<R, F, T>
where
    R: Send + 'static,
    F: Send + 'static,
    T: Send + 'static,
{
    /// It is listed from now on, until it is over.
    pub(super) fn new(about: About, signals: Signals, work: Work<R, F>) -> Arc<Self> {
        let job = Arc::new(Self {
            about,
            signals,
            state: Mutex::new(State {
                stage: Stage::HandedIn(work),
                waiting: None,
                abandoned: false,
            }),
            number: registry::number(),
        });
        registry::insert(job.number, about, Arc::downgrade(&job) as _);
        job
    }
}

impl<R, F, T> Job<R, F, T> {
    /// What the thread gets.
    pub(super) fn on_thread(self: &Arc<Self>) -> OnThread<R, F, T> {
        OnThread(self.clone())
    }

    pub(super) fn about(&self) -> About {
        self.about
    }

    /// Whether no thread has anything to do with it any more.
    pub(super) fn is_over(&self) -> bool {
        self.signals.is_over()
    }

    pub(super) fn poll_end(&self, cx: &mut Context<'_>) -> Poll<Result<T, TaskError>> {
        let mut state = self.lock();
        match std::mem::replace(&mut state.stage, Stage::Over) {
            Stage::Ended(result) => Poll::Ready(result),
            stage => {
                state.stage = stage;
                let waker = state.waiting.replace(cx.waker().clone());
                drop(state);
                // Under no lock, since a waker can run anything.
                drop(waker);
                Poll::Pending
            }
        }
    }

    /// Nobody waits any more: withdraws the work, or asks it to stop.
    pub(super) fn abandon(&self) {
        self.signals.ask(CancelKind::Dropped);
        let mut state = self.lock();
        state.abandoned = true;
        let waker = state.waiting.take();
        let unwanted = match std::mem::replace(&mut state.stage, Stage::Over) {
            Stage::Running => {
                state.stage = Stage::Running;
                None
            }
            stage => Some(stage),
        };
        drop(state);
        drop(waker);
        match unwanted {
            Some(Stage::HandedIn(work)) => {
                self.be_over();
                drop(work);
            }
            Some(Stage::Ended(result)) => self.tell_nobody(result),
            _ => {}
        }
    }

    /// Puts an end to work that no thread has taken.
    pub(super) fn withdraw(&self) {
        let mut state = self.lock();
        if !matches!(state.stage, Stage::HandedIn(_)) {
            return;
        }
        let work = std::mem::replace(&mut state.stage, Stage::Ended(Err(TaskError::cancelled())));
        let waker = state.waiting.take();
        drop(state);
        // A panic of what the work holds is no affair of the one who ends the runtime.
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(work)));
        self.be_over();
        waker.into_iter().for_each(Waker::wake);
        if let Err(payload) = dropped {
            self.tell_nobody(Err(TaskError::panicked(payload)));
        }
    }

    /// The thread's: takes the work.
    fn begin(&self) -> Option<Work<R, F>> {
        let mut state = self.lock();
        match std::mem::replace(&mut state.stage, Stage::Running) {
            Stage::HandedIn(work) => Some(work),
            stage => {
                state.stage = stage;
                None
            }
        }
    }

    /// The thread's: its work has come to this.
    fn end(&self, result: Result<T, TaskError>) {
        let mut state = self.lock();
        if state.abandoned {
            state.stage = Stage::Over;
            drop(state);
            self.tell_nobody(result);
            return;
        }
        state.stage = Stage::Ended(result);
        let waker = state.waiting.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
    }

    fn tell_nobody(&self, result: Result<T, TaskError>) {
        match result {
            Err(error) if error.is_panic() => report(&Report::PanicUnseen(self.about, &error)),
            result => drop(result),
        }
    }

    fn be_over(&self) {
        registry::remove(self.number);
        self.signals.be_over();
    }

    fn lock(&self) -> MutexGuard<'_, State<R, F, T>> {
        // Nothing panics under it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R: Send, F: Send, T: Send> Stoppable for Job<R, F, T> {
    fn stop(&self) {
        self.signals.ask(CancelKind::Shutdown);
        self.withdraw();
    }

    fn signals(&self) -> &Signals {
        &self.signals
    }
}

/// The job in the hands of the runtime: run there, or discarded.
pub(super) struct OnThread<R, F, T>(Arc<Job<R, F, T>>);

impl<R, F, T> OnThread<R, F, T> {
    pub(super) fn run(self)
    where
        F: FnOnce(&BlockingContext<R>) -> T,
    {
        let Some(work) = self.0.begin() else {
            return;
        };
        let Work {
            work,
            context,
            held,
        } = work;
        let ended = catch_unwind(AssertUnwindSafe(|| work(&context)));
        let mut ended = Some(ended.map_err(TaskError::panicked));
        // What nobody wants is dropped here, and the thread is busy until it is. A panic in that, or
        // in giving back what is held, is the thread's own.
        if self.0.lock().abandoned {
            ended.take().into_iter().for_each(|it| self.0.end(it));
        }
        drop(context);
        drop(held);
        ended.into_iter().for_each(|it| self.0.end(it));
    }
}

impl<R, F, T> Drop for OnThread<R, F, T> {
    fn drop(&mut self) {
        // Discarded, if it did not run.
        self.0.withdraw();
        if matches!(self.0.lock().stage, Stage::Running) {
            // What it returned, or held, panicked when it was dropped.
            self.0.end(Err(TaskError::cancelled()));
        }
        self.0.be_over();
    }
}
