use alloc::boxed::Box;
use core::any::type_name;
use core::convert::Infallible;
use core::fmt;
use core::future::Future;
use core::panic::Location;
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use crate::cleanup::kind::Sendable;
use crate::cleanup::leftovers::Leftovers;
use crate::cleanup::live::LiveEntry;
use crate::cleanup::scope_link::Bequest;
use crate::cleanup::{About, CollectorId, ExitToken, Report, Subject, report, unwatched};
use crate::mutants::mutant;
use crate::runtime::Cleanup;

/// Runs `future` to its end once it has begun, whoever cancels: it is treated like an exit.
///
/// Our combinators wait for it before they cancel what it is in, and if it ends by then, so may
/// they. Foreign code that drops it gets rid of it at once; it is then handed over like the cleanup
/// of a scope, and its output reaches nobody, which is reported. A result that must not be lost is that of
/// a task, whose handle is kept.
///
/// # Cancel safety
///
/// Dropped before the first poll, `future` is dropped; later, it is handed over and runs on.
/// Leaked, it never ends.
///
/// # Panics
///
/// If polled again after completion.
///
/// # Complexity
///
/// One allocation.
///
/// # Examples
///
/// ```
/// use withal_core::{runtime::NoExecutor, shielded};
///
/// async fn commit() -> u64 {
///     7 // half a commit must not be left behind
/// }
///
/// # futures_util::FutureExt::now_or_never(async {
/// let rt = NoExecutor::new();
/// assert_eq!(shielded(&rt, commit()).await, 7);
/// # }).unwrap();
/// ```
///
/// Source: `asyncio.shield`; differs in that whoever cancels waits for what is shielded.
#[track_caller]
pub fn shielded<R, F>(rt: &R, future: F) -> Shielded<'_, R, F::Output>
where
    R: Cleanup,
    F: Future + Send + 'static,
{
    Shielded {
        rt,
        name: type_name::<F>(),
        location: Location::caller(),
        future: Some(Box::pin(future)),
        reports: |_| size_of::<F::Output>() > 0,
        begun: None,
    }
}

/// The future that [`shielded`] returns.
#[must_use = "futures do nothing unless polled"]
pub struct Shielded<'r, R: Cleanup, T: 'static> {
    rt: &'r R,
    name: &'static str,
    location: &'static Location<'static>,
    future: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
    reports: fn(&T) -> bool,
    begun: Option<Begun>,
}

impl<R: Cleanup, T: 'static> Shielded<'_, R, T> {
    /// Says for which outputs it is reported that they reach nobody, where `future` runs on without
    /// anybody who waits. Without this: for all, but those that hold nothing.
    pub fn report_lost_if(mut self, reports: fn(&T) -> bool) -> Self {
        self.reports = reports;
        self
    }
}

/// What a shield knows from its first poll on.
struct Begun {
    under: CollectorId,
    /// Held for as long as the future runs.
    _token: Option<ExitToken>,
}

impl<R: Cleanup, T: 'static> Future for Shielded<'_, R, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let this = &mut *self;
        // Taken out meanwhile: if it panics, there is nothing left to hand over.
        let Some(mut future) = this.future.take() else {
            panic!("a future was polled after completion");
        };
        this.begun.get_or_insert_with(|| Begun {
            under: CollectorId::current(),
            _token: ExitToken::register(),
        });
        let poll = unwatched(|| future.as_mut().poll(cx));
        if poll.is_pending() {
            this.future = Some(future);
        } else {
            this.begun = None;
        }
        poll
    }
}

impl<R: Cleanup, T: 'static> Drop for Shielded<'_, R, T> {
    fn drop(&mut self) {
        let (Some(future), Some(begun)) = (self.future.take(), self.begun.take()) else {
            return;
        };
        if mutant("shield_cut") {
            return;
        }
        let about = About {
            subject: Subject::Combinator,
            name: self.name,
            location: self.location,
            runtime: self.rt.id(),
        };
        let bequest = Bequest::<_, Sendable> {
            rt: self.rt,
            about,
            budget: None,
            leftovers: Leftovers::new(),
            live: LiveEntry::default(),
            entered_under: begun.under,
            detached: false,
        };
        bequest.hand_over(Ran {
            future,
            reports: self.reports,
            about,
        });
    }
}

/// A shielded future whose output nobody wants any more.
struct Ran<T> {
    future: Pin<Box<dyn Future<Output = T> + Send>>,
    reports: fn(&T) -> bool,
    about: About,
}

impl<T> Future for Ran<T> {
    type Output = (Result<(), Infallible>, ());

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let output = ready!(self.future.as_mut().poll(cx));
        if (self.reports)(&output) {
            report(&Report::ValueLost(self.about));
        }
        Poll::Ready((Ok(()), ()))
    }
}

impl<R: Cleanup, T: 'static> fmt::Debug for Shielded<'_, R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shielded")
            .field("future", &self.name)
            .field("begun", &self.begun.is_some())
            .finish_non_exhaustive()
    }
}
