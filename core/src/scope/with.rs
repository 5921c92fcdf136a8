use core::fmt::{self, Debug};
use core::future::Future;
use core::marker::{PhantomData, PhantomPinned};
use core::panic::Location;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;

use super::error::ExitError;
use super::exit::{ExitSlot, Why, slot};
use super::manager::{Managed, Manager};
use super::policy::{BodyEnd, Borrowed, Both, Plain, Policy, Suppress, Suppressing};
use crate::body::Body;
use crate::cleanup::leftovers::{Leftovers, Waited};
use crate::cleanup::live::LiveEntry;
use crate::cleanup::scope_link::Bequest;
use crate::cleanup::{About, CollectorId, ExitToken, Report, report};
use crate::panic::{Payload, catch, unwinding};
use crate::runtime::Cleanup;

macro_rules! with_fn {
    (
        $(#[$doc:meta])*
        $with:ident: $Policy:ident, scope: $($Suppress:ident)?, error: $($bound:tt)*
    ) => {
        $(#[$doc])*
        #[track_caller]
        pub fn $with<R, M, F, T, E>(
            rt: &R,
            scope: M,
            body: F,
        ) -> With<
            '_,
            R,
            M,
            F,
            T,
            E,
            $Policy,
            impl Future<Output = Entered<M>>,
            impl ExitSlot<M, <$Policy as Policy<M, T, E>>::Inside>,
        >
        where
            R: Cleanup,
            M: Manager $(+ $Suppress)?,
            F: for<'a> Body<&'a mut M::Resource, Out = Result<T, E>>
                + for<'a> AsyncFnOnce(&'a mut M::Resource) -> Result<T, E>,
            E: $($bound)*,
        {
            With::new(rt, scope.enter(), body, slot(M::exit))
        }
    };
}

with_fn! {
    /// Enters `scope`, runs `body` with the resource it lends, and exits it, whatever happened.
    ///
    /// `rt` is the runtime that cleans up if the scope is dropped where nobody waits; it is borrowed,
    /// and cloned only then. Enter, body and exit run one after the other in the caller's task;
    /// nothing is spawned, and nothing is forced to wait. Before its exit starts, the scope waits for
    /// every cleanup that was born on its thread while its own body was polled or dropped.
    ///
    /// # Cancel safety
    ///
    /// Dropped before its first poll, or while it enters, it does nothing but drop `enter`'s future.
    /// Dropped later, it is exited with [`ExitReason::Cancelled`](super::ExitReason), or with the reason
    /// that its body had ended for: by whoever drops it if that is a combinator of ours, which waits,
    /// else as the scope's [`OnDrop`](super::Scope::OnDrop) says. Leaked (`mem::forget`), it is never
    /// exited.
    ///
    /// # Errors
    ///
    /// [`ScopeError`]: of `enter`, of the body, of the exit, or of the latter two at once.
    ///
    /// # Panics
    ///
    /// A panic of the body goes on after the exit (std only). If polled again after completion.
    ///
    /// # Complexity
    ///
    /// No allocation of its own; `HandOver` boxes the exit.
    ///
    /// # Examples
    ///
    /// ```
    /// # use core::convert::Infallible;
    /// use withal_core::scope::{ExitReason, Scope, HandOver};
    /// use withal_core::{runtime::NoExecutor, with};
    ///
    /// struct Greeter;
    ///
    /// impl Scope for Greeter {
    ///     type Resource = String;
    ///     type Error = Infallible;
    ///     type OnDrop = HandOver;
    ///
    ///     async fn enter(&mut self) -> Result<String, Infallible> {
    ///         Ok("hello".to_owned())
    ///     }
    ///
    ///     async fn exit(self, said: String, reason: ExitReason<'_>) -> Result<(), Infallible> {
    ///         println!("{said}: {}", reason.kind());
    ///         Ok(())
    ///     }
    /// }
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let rt = NoExecutor::new();
    /// let length = with(&rt, Greeter, async |said| {
    ///     said.push_str(", world");
    ///     Ok::<_, std::fmt::Error>(said.len())
    /// })
    /// .await?; // prints «hello, world: completed»
    /// assert_eq!(length, 12);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap().unwrap();
    /// ```
    ///
    /// Source: PEP 492, "async with".
    with: Plain, scope:, error: Debug + Send + Sync + 'static
}

with_fn! {
    /// [`with`], whose caller gets what became of body and exit side by side.
    ///
    /// # Errors
    ///
    /// The error of `enter`: the body did not run.
    with_detailed: Both, scope:, error: Debug + Send + Sync + 'static
}

with_fn! {
    /// [`with`] for bodies whose error borrows something, or is not `Send + Sync`: the exit learns that
    /// the body failed, and the name of the error's type, but cannot look at it.
    with_unseen_error: Borrowed, scope:, error: Debug
}

with_fn! {
    /// [`with`] for scopes that may swallow their body's error (see [`Suppress`]): the value is an
    /// `Option`, `None` for an error that was suppressed.
    with_suppressing: Suppressing, scope: Suppress, error: Debug + Send + Sync + 'static
}

/// What an enter gives: the scope and its resource, or its error.
type Entered<M> = Result<(M, <M as Managed>::Resource), <M as Managed>::Error>;

/// The future that [`with`] returns.
///
/// One struct, whose fields are the parts it runs: it is `Send` whenever they are, and a scope in
/// a scope's body adds no other layer.
///
/// # Invariants
///
/// 1. `body` borrows from `resource`, which stays where it is (the struct is `!Unpin`) and is not
///    touched, until `body` is `None`.
/// 2. `enter`, `body` and `exit` are pinned structurally: dropped in place, never moved.
#[must_use = "futures do nothing unless polled: a scope is entered by `.await`"]
pub struct With<'r, R, M, F, T, E, P, N, X>
where
    R: Cleanup,
    M: Manager,
    F: Body<&'r mut M::Resource, Out = Result<T, E>>,
    P: Policy<M, T, E>,
    X: ExitSlot<M, P::Inside>,
    M::Resource: 'r,
{
    rt: &'r R,
    location: &'static Location<'static>,
    budget: Option<Duration>,
    stage: Stage,
    live: LiveEntry,
    entered_under: CollectorId,
    token: Option<ExitToken>,
    leftovers: Leftovers<M::Kind>,
    function: Option<F>,
    held: Option<Held<M>>,
    ended: BodyState<T, E, P::Kept>,
    exited: ExitState<M::Error>,
    enter: Option<N>,
    exit: X,
    body: Option<F::Fut>,
    _pinned: PhantomPinned,
    _policy: PhantomData<fn() -> P>,
}

/// What a guard knows of its scope.
pub(super) struct EnteredParts<'r, R, M: Manager> {
    pub(super) rt: &'r R,
    pub(super) location: &'static Location<'static>,
    pub(super) entered_under: CollectorId,
    pub(super) live: LiveEntry,
    pub(super) manager: M,
    pub(super) resource: M::Resource,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Not entered: nothing to exit.
    Entering,
    /// Entered; the body runs.
    Body,
    /// The body has ended; what it left is cleaned up.
    Waiting,
    /// The exit runs.
    Exiting,
    /// The exit has ended; what was born in it is cleaned up.
    Settling,
    /// The result was given.
    Done,
}

/// A scope that is entered and whose exit has not begun.
struct Held<M: Manager> {
    manager: M,
    resource: M::Resource,
}

/// How the body ended.
enum BodyState<T, E, K> {
    /// It has not.
    Running,
    Value(T),
    Failed(E),
    /// It failed, and the exit knows: its error, or what the policy kept of it, is here.
    Told(K),
    /// It failed, and the exit has given the error back.
    Error {
        error: E,
        suppressed: bool,
    },
    Panicked(Payload),
}

/// How the exit ended.
enum ExitState<X> {
    /// It has not.
    Running,
    Done(Result<(), ExitError<X>>),
    Panicked(Payload),
}

impl<'r, R, M, F, T, E, P, N, X> With<'r, R, M, F, T, E, P, N, X>
where
    R: Cleanup,
    M: Manager,
    F: Body<&'r mut M::Resource, Out = Result<T, E>>,
    P: Policy<M, T, E>,
    X: ExitSlot<M, P::Inside>,
{
    #[track_caller]
    fn new(rt: &'r R, enter: N, body: F, exit: X) -> Self {
        Self {
            rt,
            location: Location::caller(),
            budget: None,
            stage: Stage::Entering,
            live: LiveEntry::default(),
            entered_under: CollectorId::NONE,
            token: None,
            leftovers: Leftovers::new(),
            function: Some(body),
            held: None,
            ended: BodyState::Running,
            exited: ExitState::Running,
            enter: Some(enter),
            exit,
            body: None,
            _pinned: PhantomPinned,
            _policy: PhantomData,
        }
    }

    /// The part of a scope that follows its body, for a guard.
    pub(super) fn exiting(parts: EnteredParts<'r, R, M>, result: Result<T, E>, exit: X) -> Self {
        Self {
            rt: parts.rt,
            location: parts.location,
            budget: None,
            stage: Stage::Waiting,
            live: parts.live,
            entered_under: parts.entered_under,
            token: None,
            leftovers: Leftovers::new(),
            function: None,
            held: Some(Held {
                manager: parts.manager,
                resource: parts.resource,
            }),
            ended: result.map_or_else(BodyState::Failed, BodyState::Value),
            exited: ExitState::Running,
            enter: None,
            exit,
            body: None,
            _pinned: PhantomPinned,
            _policy: PhantomData,
        }
    }

    /// Bounds the cleanup: from the end of the body, waiting for what the body left and the exit
    /// itself may together take `budget`. Off by default.
    ///
    /// When it runs out, liveness wins: what is unfinished goes on by itself, is reported by name
    /// and location, and the scope moves on. Runtimes without a clock ignore it.
    #[must_use = "futures do nothing unless polled"]
    pub fn budget(mut self, budget: Duration) -> Self {
        self.budget = Some(budget);
        self
    }

    fn about(&self) -> About {
        About {
            scope: M::name(),
            location: self.location,
            runtime: self.rt.id(),
        }
    }
}

impl<'r, R, M, F, T, E, P, N, X> Future for With<'r, R, M, F, T, E, P, N, X>
where
    R: Cleanup,
    M: Manager,
    F: Body<&'r mut M::Resource, Out = Result<T, E>>,
    P: Policy<M, T, E>,
    N: Future<Output = Entered<M>>,
    X: ExitSlot<M, P::Inside>,
{
    type Output = P::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<P::Output> {
        // SAFETY: nothing is moved out of a pinned field below (2).
        let this = unsafe { self.get_unchecked_mut() };
        loop {
            match this.stage {
                Stage::Entering => match ready!(this.poll_enter(cx)) {
                    Ok(()) => this.stage = Stage::Body,
                    Err(error) => {
                        this.stage = Stage::Done;
                        return Poll::Ready(P::not_entered(error));
                    }
                },
                Stage::Body => {
                    ready!(this.poll_body(cx));
                    this.stage = Stage::Waiting;
                }
                Stage::Waiting => {
                    ready!(this.poll_leftovers(cx));
                    this.start_exit();
                    this.stage = Stage::Exiting;
                }
                Stage::Exiting => {
                    ready!(this.poll_exit(cx));
                    this.stage = Stage::Settling;
                }
                Stage::Settling => {
                    ready!(this.poll_leftovers(cx));
                    this.stage = Stage::Done;
                    return Poll::Ready(this.finish());
                }
                Stage::Done => panic!("a scope was polled after completion"),
            }
        }
    }
}

impl<'r, R, M, F, T, E, P, N, X> With<'r, R, M, F, T, E, P, N, X>
where
    R: Cleanup,
    M: Manager,
    F: Body<&'r mut M::Resource, Out = Result<T, E>>,
    P: Policy<M, T, E>,
    X: ExitSlot<M, P::Inside>,
{
    /// Between the end of enter and the first poll of the body nothing can be lost: the scope owns
    /// its resource before it returns from here (CM-20).
    #[inline]
    fn poll_enter(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), M::Error>>
    where
        N: Future<Output = Entered<M>>,
    {
        let Some(enter) = &mut self.enter else {
            return Poll::Pending;
        };
        // SAFETY: pinned structurally (2).
        let enter = unsafe { Pin::new_unchecked(enter) };
        let entered = ready!(enter.poll(cx));
        self.enter = None;
        Poll::Ready(entered.map(|(manager, resource)| {
            self.held = Some(Held { manager, resource });
            self.entered_under = CollectorId::current();
            self.live = LiveEntry::enter(M::name(), self.location);
        }))
    }

    #[inline]
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Self {
            leftovers,
            function,
            held,
            body,
            ..
        } = self;
        let polled = leftovers.within(|| {
            catch(|| {
                if let (Some(function), Some(held)) = (function.take(), held.as_mut()) {
                    let resource: *mut M::Resource = &mut held.resource;
                    // SAFETY: the resource stays where it is, untouched, until the body that
                    // borrows it is gone (1). The body cannot keep the reference, as the `with`
                    // functions take only bodies that accept a reference of any lifetime.
                    *body = Some(function(unsafe { &mut *resource }));
                }
                let polled = match body {
                    // SAFETY: pinned structurally (2).
                    Some(body) => unsafe { Pin::new_unchecked(body) }.poll(cx),
                    None => Poll::Pending,
                };
                if polled.is_ready() {
                    // What this leaves is a child like any other.
                    *body = None;
                }
                polled
            })
        });
        self.ended = match polled {
            Ok(Poll::Pending) => {
                self.leftovers.start_deferred();
                return Poll::Pending;
            }
            Ok(Poll::Ready(Ok(value))) => BodyState::Value(value),
            Ok(Poll::Ready(Err(error))) => BodyState::Failed(error),
            Err(payload) => self.panicked(payload),
        };
        Poll::Ready(())
    }

    #[cold]
    fn panicked(&mut self, payload: Payload) -> BodyState<T, E, P::Kept> {
        if let Err(second) = self.drop_body() {
            report(&Report::PanicLost(self.about(), second.message()));
        }
        BodyState::Panicked(payload)
    }

    /// Drops the body in place, and collects what comes out.
    fn drop_body(&mut self) -> Result<(), Payload> {
        let body = &mut self.body;
        self.leftovers.collect(|| *body = None)
    }

    #[inline]
    fn poll_leftovers(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let (rt, location) = (self.rt, self.location);
        let about = || About {
            scope: M::name(),
            location,
            runtime: rt.id(),
        };
        let waited = self
            .leftovers
            .poll(cx, about, |timeout| rt.alarm(timeout), self.budget);
        match waited {
            Poll::Ready(Waited::Done) => Poll::Ready(()),
            Poll::Ready(Waited::OverBudget) => {
                // The exit gets the same span once more.
                self.leftovers
                    .give_up(about(), self.budget.unwrap_or_default());
                Poll::Ready(())
            }
            Poll::Pending => {
                self.hold_off_cancellation();
                Poll::Pending
            }
        }
    }

    /// From the end of the body on, a combinator of ours that polls this does not drop it (K10).
    fn hold_off_cancellation(&mut self) {
        if self.token.is_none() {
            self.token = ExitToken::register();
        }
    }

    #[inline]
    fn start_exit(&mut self) {
        if let Some(Held { manager, resource }) = self.held.take() {
            let why = self.tell_why(&manager);
            self.exit().start(manager, resource, why);
        }
    }

    /// Why the body ended, for an exit. The error of a failed one goes with it.
    #[inline]
    fn tell_why(&mut self, manager: &M) -> Why<P::Inside> {
        match core::mem::replace(&mut self.ended, BodyState::Running) {
            BodyState::Running => Why::Cancelled,
            BodyState::Failed(error) => {
                let (kept, inside) = P::pack(error, manager, self.about());
                self.ended = BodyState::Told(kept);
                Why::Failed(inside)
            }
            ended => {
                let panicked = matches!(ended, BodyState::Panicked(_));
                self.ended = ended;
                if panicked {
                    Why::Panicked
                } else {
                    Why::Completed
                }
            }
        }
    }

    /// The exit gives back what it was told.
    #[inline]
    fn take_back(&mut self, why: Why<P::Inside>) {
        let Why::Failed(inside) = why else { return };
        if let BodyState::Told(kept) = core::mem::replace(&mut self.ended, BodyState::Running) {
            if let (Some(error), suppressed) = P::unpack(kept, Some(inside)) {
                self.ended = BodyState::Error { error, suppressed };
            }
        }
    }

    #[inline]
    fn poll_exit(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: pinned structurally (2).
        let mut exit = unsafe { Pin::new_unchecked(&mut self.exit) };
        let polled = self.leftovers.within(|| catch(|| exit.as_mut().poll(cx)));
        match polled {
            Ok(Poll::Ready((result, why))) => {
                self.exited = ExitState::Done(result.map_err(ExitError::Failed));
                self.take_back(why);
                // It is an async block of ours, which has nothing left to drop.
                self.exit().clear();
                return Poll::Ready(());
            }
            Ok(Poll::Pending) => {
                self.leftovers.start_deferred();
                let rt = self.rt;
                let clock = |timeout| rt.alarm(timeout);
                if self
                    .leftovers
                    .poll_budget(cx, &clock, self.budget)
                    .is_pending()
                {
                    self.hold_off_cancellation();
                    return Poll::Pending;
                }
                self.exit_over_budget();
            }
            Err(payload) => self.exited = ExitState::Panicked(payload),
        }
        if let Err(payload) = self.drop_exit() {
            match self.exited {
                ExitState::Panicked(_) => {
                    report(&Report::ExitPanicked(self.about(), payload.message()));
                }
                _ => self.exited = ExitState::Panicked(payload),
            }
        }
        Poll::Ready(())
    }

    #[cold]
    fn exit_over_budget(&mut self) {
        let (about, budget) = (self.about(), self.budget.unwrap_or_default());
        report(&Report::OverBudget(about, budget, about));
        self.exited = ExitState::Done(Err(ExitError::OverBudget(budget)));
        let mut bequest = self.bequest();
        bequest.budget = None;
        bequest.detached = true;
        if let Err(bequest) = self.exit().hand_over(bequest) {
            self.leftovers = bequest.leftovers;
            report(&Report::Abandoned(about));
        }
    }

    fn exit(&mut self) -> Pin<&mut X> {
        // SAFETY: pinned structurally (2); a `&mut self` exists here only behind the pin of `poll`
        // or in `drop`.
        unsafe { Pin::new_unchecked(&mut self.exit) }
    }

    /// Drops the exit in place, and collects what comes out.
    fn drop_exit(&mut self) -> Result<(), Payload> {
        // SAFETY: pinned structurally (2).
        let exit = unsafe { Pin::new_unchecked(&mut self.exit) };
        self.leftovers.collect(|| exit.clear())
    }

    fn bequest(&mut self) -> Bequest<'r, R, M::Kind> {
        Bequest {
            rt: self.rt,
            about: self.about(),
            budget: self.budget,
            leftovers: self.leftovers.take(),
            live: core::mem::take(&mut self.live),
            entered_under: self.entered_under,
            detached: false,
        }
    }

    #[inline]
    fn finish(&mut self) -> P::Output {
        self.token = None;
        self.live = LiveEntry::default();
        let ended = core::mem::replace(&mut self.ended, BodyState::Running);
        let exit = match core::mem::replace(&mut self.exited, ExitState::Running) {
            ExitState::Done(exit) => exit,
            ExitState::Panicked(payload) => self.resume_exit(payload, ended),
            ExitState::Running => unreachable!("an exited scope has its result"),
        };
        let ended = match ended {
            BodyState::Value(value) => BodyEnd::Value(value),
            BodyState::Error { error, suppressed } => BodyEnd::Error { error, suppressed },
            BodyState::Panicked(payload) => self.resume_body(payload, exit),
            BodyState::Told(kept) => match P::unpack(kept, None) {
                (Some(error), suppressed) => BodyEnd::Error { error, suppressed },
                (None, _) => BodyEnd::Overdue,
            },
            BodyState::Running | BodyState::Failed(_) => {
                unreachable!("an exit knows how the body ended")
            }
        };
        P::output(ended, exit)
    }

    /// The body's panic goes on; what its exit did is told to the hook.
    #[cold]
    fn resume_body(&self, body: Payload, exit: Result<(), ExitError<M::Error>>) -> ! {
        if let Err(ExitError::Failed(error)) = exit {
            report(&Report::ExitFailed(self.about(), &error));
        }
        body.resume()
    }

    /// The exit's panic goes on, unless the body's does; the other is told to the hook.
    #[cold]
    fn resume_exit(&self, exit: Payload, ended: BodyState<T, E, P::Kept>) -> ! {
        match ended {
            BodyState::Panicked(body) => {
                report(&Report::ExitPanicked(self.about(), exit.message()));
                body.resume()
            }
            ended => {
                self.report_lost(&ended);
                exit.resume()
            }
        }
    }

    /// Tells the hook of a body's end that no caller will hear of.
    fn report_lost(&self, ended: &BodyState<T, E, P::Kept>) {
        match ended {
            BodyState::Running | BodyState::Failed(_) => {}
            BodyState::Value(_) => report(&Report::ValueLost(self.about())),
            BodyState::Told(kept) => P::lost(kept, self.about()),
            BodyState::Error { error, .. } => P::lost_error(error, self.about()),
            BodyState::Panicked(payload) => {
                report(&Report::PanicLost(self.about(), payload.message()));
            }
        }
    }

    /// The scope is dropped while it is entered: everything that must still happen is handed over.
    #[cold]
    fn hand_over(&mut self) {
        let about = self.about();
        let panic = self.drop_body().err();
        match self.held.take() {
            Some(Held { manager, resource }) => {
                let why = self.tell_why(&manager);
                manager.dropped(resource, why, self.bequest());
            }
            None if self.exit.is_running() => self.hand_over_exit(),
            // The exit has ended, and what was born in it goes on.
            None => self.bequest().hand_on(),
        }
        self.report_lost(&self.ended);
        match &self.exited {
            ExitState::Done(Err(ExitError::Failed(error))) => {
                report(&Report::ExitFailed(about, error));
            }
            ExitState::Panicked(payload) => {
                report(&Report::ExitPanicked(about, payload.message()));
            }
            ExitState::Running | ExitState::Done(_) => {}
        }
        if let Some(payload) = panic {
            if unwinding() {
                report(&Report::PanicLost(about, payload.message()));
            } else {
                payload.resume();
            }
        }
    }

    fn hand_over_exit(&mut self) {
        let bequest = self.bequest();
        let about = bequest.about;
        let Err(bequest) = self.exit().hand_over(bequest) else {
            return;
        };
        // It runs in this frame, so it ends here.
        self.leftovers = bequest.leftovers;
        report(&Report::Abandoned(about));
        if let Err(payload) = self.drop_exit() {
            report(&Report::ExitPanicked(about, payload.message()));
        }
        self.bequest().hand_on();
    }
}

impl<'r, R, M, F, T, E, P, N, X> Drop for With<'r, R, M, F, T, E, P, N, X>
where
    R: Cleanup,
    M: Manager,
    F: Body<&'r mut M::Resource, Out = Result<T, E>>,
    P: Policy<M, T, E>,
    X: ExitSlot<M, P::Inside>,
    M::Resource: 'r,
{
    #[inline]
    fn drop(&mut self) {
        // Nothing below moves a pinned field (2); the body is gone before its resource moves (1).
        if !matches!(self.stage, Stage::Entering | Stage::Done) {
            self.hand_over();
        }
    }
}

impl<'r, R, M, F, T, E, P, N, X> fmt::Debug for With<'r, R, M, F, T, E, P, N, X>
where
    R: Cleanup,
    M: Manager,
    F: Body<&'r mut M::Resource, Out = Result<T, E>>,
    P: Policy<M, T, E>,
    X: ExitSlot<M, P::Inside>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("With")
            .field("scope", &M::name())
            .field("location", &self.location)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}
