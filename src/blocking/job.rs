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
        // Wakers are cloned, woken and dropped under no lock, since they can run anything.
        let waker = cx.waker().clone();
        let mut state = self.lock();
        match std::mem::replace(&mut state.stage, Stage::Over) {
            Stage::Ended(result) => Poll::Ready(result),
            stage => {
                state.stage = stage;
                let stale = state.waiting.replace(waker);
                drop(state);
                drop(stale);
                Poll::Pending
            }
        }
    }

    /// Nobody waits any more: withdraws the work, or asks it to stop.
    pub(super) fn abandon(&self) {
        let mut state = self.lock();
        state.abandoned = true;
        let waker = state.waiting.take();
        let stage = std::mem::replace(&mut state.stage, Stage::Over);
        if let Stage::Running = stage {
            state.stage = Stage::Running;
        }
        drop(state);
        drop(waker);
        match stage {
            Stage::HandedIn(work) => {
                self.be_over();
                drop(work);
            }
            Stage::Running => self.signals.ask(CancelKind::Dropped),
            Stage::Ended(result) => self.tell_nobody(result),
            Stage::Over => {}
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
        let dropped = caught(|| drop(work));
        self.be_over();
        waker.into_iter().for_each(Waker::wake);
        dropped.unwrap_or_else(|error| self.tell_nobody(Err(error)));
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

    /// Drops what nobody wants, and reports a panic that nobody hears of.
    fn tell_nobody(&self, result: Result<T, TaskError>) {
        let dropped = match result {
            Err(error) => Err(error),
            Ok(value) => caught(|| drop(value)),
        };
        if let Err(error) = dropped {
            if error.is_panic() {
                report(&Report::PanicUnseen(self.about, &error));
            }
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
        let mut ended = Some(caught(|| work(&context)));
        // What nobody wants is dropped first: the thread is busy until it is.
        if self.0.lock().abandoned {
            ended.take().into_iter().for_each(|it| self.0.end(it));
        }
        let returned = caught(|| drop((context, held)));
        // Before its result is out, so that it is on no list any more when that is seen.
        registry::remove(self.0.number);
        ended.into_iter().for_each(|it| self.0.end(it));
        returned.unwrap_or_else(|error| self.0.tell_nobody(Err(error)));
    }
}

impl<R, F, T> Drop for OnThread<R, F, T> {
    fn drop(&mut self) {
        // Discarded, if it did not run.
        self.0.withdraw();
        self.0.be_over();
    }
}

fn caught<T>(f: impl FnOnce() -> T) -> Result<T, TaskError> {
    // What a panic leaves half-changed is dropped by every caller here, never used again.
    catch_unwind(AssertUnwindSafe(f)).map_err(TaskError::panicked)
}
