//! The exits of a stack, one after the other.

use alloc::vec::Vec;
use core::fmt::Debug;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker, ready};

use super::ExitStack;
use super::entries::{Entries, Popped};
use super::error::ExitErrors;
use super::kind::StackKind;
use super::node::{Exited, IntoError};
use crate::cleanup::kind::Kind;
use crate::cleanup::leftovers::Leftovers;
use crate::cleanup::scope_link::{Bequest, Ended};
use crate::cleanup::{About, Report, report};
use crate::mutants::mutant;
use crate::panic::{Payload, catch};
use crate::runtime::{Cleanup, RuntimeId};
use crate::scope::{ExitFuture, ExitKind, Told, Why};

/// Exits the entries, the last one first, each as a scope of its own: the next one waits for what was
/// born in it. Moves about freely: what is pinned is in the entries.
pub(super) struct Unwinding<X, K: Kind> {
    entries: Entries<X, K>,
    runtime: RuntimeId,
    running: Option<Running<X, K>>,
    /// What was born in the exit that runs.
    leftovers: Leftovers<K>,
    /// What the next exit is told, and of which error, unless the exit that runs has it.
    kind: ExitKind,
    told: Option<Told>,
    source: Source<X>,
    /// The exits that have not begun are cancelled.
    cancelled: bool,
    /// The live list knows that they were dropped.
    told_dropped: bool,
    /// The body's error, once that of an exit has taken its place.
    body: Option<Told>,
    /// The errors of exits that were replaced by later ones.
    errors: Vec<(About, X)>,
    suppressed: bool,
    panic: Option<Payload>,
}

/// Whose error the current one is.
enum Source<X> {
    Body,
    Exit(About, IntoError<X>),
}

struct Running<X, K> {
    entry: Popped<X, K>,
    /// `Some` until its exit begins.
    why: Option<Why>,
    suppresses: bool,
    ended: bool,
}

/// What came out of all exits.
pub(super) struct Unwound<X> {
    errors: Vec<(About, X)>,
    suppressed: bool,
    body: Option<Told>,
    panic: Option<Payload>,
}

impl<X, K: Kind> Unwinding<X, K> {
    pub(super) fn new(entries: Entries<X, K>, runtime: RuntimeId, why: Why) -> Self {
        let kind = why.reason().kind();
        Self {
            entries,
            runtime,
            running: None,
            leftovers: Leftovers::new(),
            kind,
            told: why.into_told(),
            source: Source::Body,
            cancelled: false,
            told_dropped: false,
            body: None,
            errors: Vec::new(),
            suppressed: false,
            panic: None,
        }
    }

    /// Polls to the end of all exits.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Unwound<X>> {
        while self.running.is_some() || self.next() {
            ready!(self.poll_running(cx));
        }
        self.retire();
        Poll::Ready(Unwound {
            errors: core::mem::take(&mut self.errors),
            suppressed: self.suppressed,
            body: self.body.take(),
            panic: self.panic.take(),
        })
    }

    /// Takes the next entry, whose exit is about to begin.
    fn next(&mut self) -> bool {
        let Some(mut entry) = self.entries.pop() else {
            return false;
        };
        if self.cancelled {
            self.retire();
        }
        self.kind = self.next_kind();
        let why = self.tell();
        let suppresses = match why.reason().failure() {
            // A panic there must not keep the entry from its exit.
            Some(failure) => catch(|| entry.suppresses(failure)).unwrap_or_else(|panic| {
                report_panic(entry.tag().about(self.runtime), panic);
                false
            }),
            None => false,
        };
        if !self.told_dropped {
            entry.tag().live.exiting(self.kind);
        }
        self.running = Some(Running {
            entry,
            why: Some(why),
            suppresses,
            ended: false,
        });
        true
    }

    /// What the next exit is told.
    fn tell(&mut self) -> Why {
        match self.kind {
            ExitKind::Completed => Why::Completed,
            ExitKind::Failed => self.told.take().map_or(Why::Cancelled, Why::Failed),
            ExitKind::Cancelled => Why::Cancelled,
            ExitKind::Panicked => Why::Panicked,
        }
    }

    fn poll_running(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(running) = &mut self.running else {
            return Poll::Ready(());
        };
        let about = running.entry.tag().about(self.runtime);
        if !running.ended {
            let (entry, why) = (&mut running.entry, &mut running.why);
            let id = entry.tag().live.id();
            let polled = self.leftovers.within(id, || {
                let watch = entry.tag().live.watch();
                if let Some(why) = why.take() {
                    entry.pinned().begin(why);
                }
                let polled = entry.pinned().poll_exit(cx);
                watch.exit_over(|| about);
                let exited = ready!(polled);
                // What the drop leaves is a child like any other.
                entry.pinned().clear();
                Poll::Ready(exited)
            });
            match polled {
                Ok(Poll::Pending) => {
                    self.leftovers.start_deferred();
                    return Poll::Pending;
                }
                Ok(Poll::Ready(exited)) => {
                    running.ended = true;
                    let suppresses = running.suppresses;
                    self.exited(exited, suppresses, about);
                }
                Err(payload) => {
                    running.ended = true;
                    if let Err(second) = self.leftovers.collect(|| entry.pinned().clear()) {
                        report_panic(about, second);
                    }
                    self.panicked(payload, about);
                }
            }
        }
        // There is no budget here to run out: it is the whole stack's.
        let waited = self.leftovers.poll(cx, || about, |_| None, None);
        if !mutant("stack_does_not_settle") {
            ready!(waited);
        }
        self.running = None;
        Poll::Ready(())
    }

    fn exited(&mut self, exited: Exited<X>, suppresses: bool, about: About) {
        self.told = exited.told;
        match exited.failed {
            None if suppresses && self.kind == ExitKind::Failed => self.suppress(about),
            None => {}
            Some(cause) => {
                self.retire();
                if self.may_fail() {
                    self.kind = ExitKind::Failed;
                    self.told = Some(cause.told);
                    self.source = Source::Exit(about, cause.into);
                } else {
                    // A cancellation and a panic remain what they are.
                    self.keep(about, cause.into, cause.told);
                }
            }
        }
    }

    /// What the next exit is told, in short.
    fn next_kind(&self) -> ExitKind {
        if self.cancelled {
            ExitKind::Cancelled
        } else {
            self.kind
        }
    }

    fn may_fail(&self) -> bool {
        matches!(self.kind, ExitKind::Completed | ExitKind::Failed)
    }

    /// Nothing has failed so far: the exit `about` has swallowed it.
    #[cold]
    fn suppress(&mut self, about: About) {
        self.suppressed |= self.body.is_some() || matches!(self.source, Source::Body);
        self.kind = ExitKind::Completed;
        let (told, body) = (self.told.take(), self.body.take());
        let mut errors = Vec::new();
        if !mutant("stack_keeps_suppressed") {
            errors = core::mem::take(&mut self.errors);
        }
        // A drop that panics must not keep the entries below from their exits.
        let dropped = [
            catch(|| told.into_iter().for_each(Told::swallow)),
            catch(|| body.into_iter().for_each(Told::swallow)),
            catch(|| drop(errors)),
        ];
        for payload in dropped.into_iter().filter_map(Result::err) {
            self.panicked(payload, about);
        }
    }

    fn panicked(&mut self, payload: Payload, about: About) {
        let goes_on = self.panic.is_none() && self.may_fail() && !self.cancelled;
        if goes_on {
            self.panic = Some(payload);
            self.kind = ExitKind::Panicked;
        } else {
            report_panic(about, payload);
        }
    }

    /// The current error joins the ones that were.
    fn retire(&mut self) {
        let Some(told) = self.told.take() else {
            return;
        };
        match self.source {
            Source::Body => self.body = Some(told),
            Source::Exit(about, into) => self.keep(about, into, told),
        }
    }

    /// The error of the exit `about` joins the others. Making one of theirs of it is a part of that
    /// exit, and may panic like one.
    #[cold]
    fn keep(&mut self, about: About, into: IntoError<X>, told: Told) {
        match catch(|| into(told)) {
            Ok(error) => self.errors.extend(error.map(|error| (about, error))),
            Err(payload) => self.panicked(payload, about),
        }
    }

    /// Runs those exits on top that do not wait.
    fn run_at_once(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        while self.running.is_none() && self.entries.top_is_at_once() {
            self.next();
            let _ = self.poll_running(&mut cx);
        }
    }
}

/// Tells the hook of a panic that does not go on.
#[cold]
fn report_panic(about: About, payload: Payload) {
    report(&Report::ExitPanicked(about, payload.message()));
    payload.discard();
}

/// Takes the exits of a stack over from its frame.
///
/// A function that the stack carries along, made where it is known that `X` lives long enough: a bound
/// on the stack itself would keep the compiler from finding that it is `Send`.
pub(super) type HandOver<R, X, K> = fn(Bequest<'_, R, K>, Unwinding<X, K>);

/// [`HandOver`].
pub(super) fn hand_over<R, X, K>(bequest: Bequest<'_, R, K>, mut exits: Unwinding<X, K>)
where
    R: Cleanup,
    X: Debug + Send + Sync + 'static,
    K: StackKind,
{
    exits.told_dropped = true;
    for tag in exits.entries.tags() {
        tag.live.dropped(exits.next_kind());
    }
    if exits.running.is_none() && bequest.leftovers.is_empty() {
        exits.run_at_once();
    }
    if exits.running.is_some() || !exits.entries.is_empty() {
        K::hand_over(bequest, HandedOver(exits));
        return;
    }
    let about = bequest.about;
    bequest.hand_on();
    if let Poll::Ready(unwound) = exits.poll(&mut Context::from_waker(Waker::noop())) {
        let _ = unwound.settle(about);
    }
}

impl<X: Debug> Unwound<X> {
    fn report_errors(&self) {
        for (about, error) in &self.errors {
            report(&Report::ExitFailed(*about, error));
        }
    }
}

impl<X: Debug> Ended for Unwound<X> {
    fn settle(self, about: About) -> Result<(), ()> {
        self.report_errors();
        if let Some(payload) = &self.panic {
            report(&Report::ExitPanicked(about, payload.message()));
        }
        // The body's error reports itself.
        if self.errors.is_empty() && self.panic.is_none() {
            Ok(())
        } else {
            Err(())
        }
    }
}

/// The exits in the frame of their stack, which is empty now.
pub(super) struct Exiting<R: Cleanup, X, K: Kind, P> {
    stack: ExitStack<R, X, K, P>,
    exits: Option<Unwinding<X, K>>,
}

impl<R: Cleanup, X, K: Kind, P> Exiting<R, X, K, P> {
    pub(super) fn new(mut stack: ExitStack<R, X, K, P>, why: Why) -> Self {
        // Asked first: if it panics, the stack still has its entries, and hands them over.
        let runtime = stack.rt.id();
        let exits = Unwinding::new(stack.entries.take(), runtime, why);
        Self {
            stack,
            exits: Some(exits),
        }
    }

    /// Goes on elsewhere: it owns all it needs.
    pub(super) fn leave<S>(&mut self, bequest: Bequest<'_, S, K>) {
        let Bequest {
            about,
            budget,
            leftovers,
            live,
            entered_under,
            detached,
            ..
        } = bequest;
        let bequest = Bequest {
            rt: &self.stack.rt,
            about,
            budget,
            leftovers,
            live,
            entered_under,
            detached,
        };
        match self.exits.take() {
            Some(exits) => (self.stack.hand_over)(bequest, exits),
            None => bequest.hand_on(),
        }
    }
}

// What is pinned is in the entries.
impl<R: Cleanup, X, K: Kind, P> Unpin for Exiting<R, X, K, P> {}

impl<R: Cleanup, X: Debug, K: Kind, P> Future for Exiting<R, X, K, P> {
    type Output = (Result<(), ExitErrors<X>>, Option<Told>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(exits) = &mut self.exits else {
            // Handed over; its frame is being dropped and polls no more.
            return Poll::Pending;
        };
        let mut unwound = ready!(exits.poll(cx));
        if let Some(payload) = unwound.panic.take() {
            // The panic is all that the caller gets.
            unwound.report_errors();
            if let Err(second) = catch(|| drop(unwound)) {
                report_panic(self.stack.about(), second);
            }
            payload.resume();
        }
        let errors = ExitErrors::new(unwound.errors, unwound.suppressed);
        Poll::Ready((errors.into_result(), unwound.body))
    }
}

impl<R: Cleanup, X: Debug, K: Kind, P> ExitFuture<K> for Exiting<R, X, K, P> {
    fn hand_over<'r, S: Cleanup>(
        mut self: Pin<&mut Self>,
        bequest: Bequest<'r, S, K>,
    ) -> Result<(), Bequest<'r, S, K>> {
        if let Some(exits) = &mut self.exits {
            // Over its budget, the stack goes on as it was.
            exits.cancelled = !bequest.detached;
        }
        self.leave(bequest);
        Ok(())
    }
}

/// The exits of a stack that has left its frame.
pub(super) struct HandedOver<X, K: Kind>(Unwinding<X, K>);

// What is pinned is in the entries.
impl<X, K: Kind> Unpin for HandedOver<X, K> {}

impl<X, K: Kind> Future for HandedOver<X, K> {
    type Output = Unwound<X>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Unwound<X>> {
        self.0.poll(cx)
    }
}
