//! Which public types may move between threads, be shared by them, and be moved when polled.

#![cfg(feature = "std")]

mod common;

use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::vec::IntoIter;

use common::{Numbered, now, send};
use futures_util::stream::{Empty, Iter, empty};
use withal_core::cancel::{AwaitCleanup, Cancel, Cancellable};
use withal_core::cleanup::{
    About, CleanupTask, DrainReport, Live, LiveEvent, Report, Sendable, Subject, ThreadBound,
};
use withal_core::coroutine::{
    Close, CloseError, Closed, Coroutine, Delegate, Interrupt, Refused, Routine, State, Step,
    StepError, Stepping, Yield, Yielder,
};
use withal_core::error_group::{Handling, IntoLeaves, Leaves, Origin};
use withal_core::exit_stack::{BoxError, ExitErrors, LocalExitStack, SuppressingExitStack};
use withal_core::iter::Closing;
use withal_core::runtime::{Alarm, Cleared, NoExecutor, RuntimeId, TaskError, TaskFuture};
use withal_core::scope::{
    Abandoned, BorrowingScopeFn, Detailed, Ended, Entered, ExitError, ExitKind, Failure, Lend,
    LendMut, Lending, LendingMut, LocalBorrowingScopeFn, LocalScopeFn, Owned, ScopeFn,
};
use withal_core::{
    Abandon, ErrorGroup, ExitReason, ExitStack, HandOver, JoinError, Local, ScopeError, Shielded,
    Synchronous, enter_in, for_each, for_each_by_ref, with, with_detailed, with_unseen_error,
};

/// Answers for `T` by its inherent constants, which exist only where the bound is met, and
/// otherwise by those of [`No`].
struct Has<T: ?Sized>(PhantomData<T>);

trait No {
    const SEND: &'static str = "!Send";
    const SYNC: &'static str = "!Sync";
    const UNPIN: &'static str = "!Unpin";
}

impl<T: ?Sized> No for Has<T> {}

impl<T: ?Sized + Send> Has<T> {
    const SEND: &'static str = "Send";
}

impl<T: ?Sized + Sync> Has<T> {
    const SYNC: &'static str = "Sync";
}

impl<T: ?Sized + Unpin> Has<T> {
    const UNPIN: &'static str = "Unpin";
}

macro_rules! table {
    ($($type:ty: $expected:literal),* $(,)?) => {
        $(
            let found = [<Has<$type>>::SEND, <Has<$type>>::SYNC, <Has<$type>>::UNPIN].join(" ");
            assert_eq!(found, $expected, "{}", stringify!($type));
        )*
    };
}

/// `Send`, and not `Sync`.
type Unshared = Cell<u32>;
/// Neither.
type Bound = Rc<u32>;
// CM-15
#[test]
fn values_of_the_scope_protocol() {
    table! {
        HandOver: "Send Sync Unpin",
        Synchronous: "Send Sync Unpin",
        Abandon: "Send Sync Unpin",
        Abandoned: "Send Sync Unpin",
        Ended: "Send Sync Unpin",
        ExitKind: "Send Sync Unpin",
        ExitReason<'static>: "Send Sync Unpin",
        Failure<'static>: "Send Sync Unpin",
        ExitError<u32>: "Send Sync Unpin",
        ExitError<Unshared>: "Send !Sync Unpin",
        ExitError<Bound>: "!Send !Sync Unpin",
        ScopeError<u32, u32, u32>: "Send Sync Unpin",
        ScopeError<Unshared, u32, u32>: "Send !Sync Unpin",
        ScopeError<u32, Unshared, u32>: "Send !Sync Unpin",
        ScopeError<u32, u32, Bound>: "!Send !Sync Unpin",
        Detailed<u32, u32, u32>: "Send Sync Unpin",
        Detailed<Bound, u32, u32>: "!Send !Sync Unpin",
        Local<u32>: "Send Sync Unpin",
        Local<Bound>: "!Send !Sync Unpin",
    }
}

// ES-3, CM-15
#[test]
fn exit_stacks() {
    table! {
        ExitStack<NoExecutor>: "Send Sync Unpin",
        ExitStack<NoExecutor, Unshared>: "Send Sync Unpin",
        ExitStack<NoExecutor, Bound>: "!Send !Sync Unpin",
        SuppressingExitStack<NoExecutor>: "Send Sync Unpin",
        LocalExitStack<NoExecutor>: "!Send !Sync Unpin",
        ExitErrors<u32>: "Send Sync Unpin",
        ExitErrors<Unshared>: "Send !Sync Unpin",
        BoxError: "Send Sync Unpin",
    }
}

// CM-15, CM-28
#[test]
fn guards() {
    table! {
        Entered<'static, NoExecutor, Numbered>: "Send Sync Unpin",
        Entered<'static, NoExecutor, Local<LocalScopeFn<Bound, Infallible>>>:
            "!Send !Sync Unpin",
    }
}

// CM-15, K8
#[test]
fn closure_scopes() {
    table! {
        Lend<u32>: "Send Sync Unpin",
        Lend<Unshared>: "Send Sync Unpin",
        Lend<Bound>: "!Send !Sync Unpin",
        Lending<u32>: "Send Sync Unpin",
        Lending<Unshared>: "Send !Sync Unpin",
        Lending<Bound>: "!Send !Sync Unpin",
        ScopeFn<u32, Infallible>: "Send !Sync Unpin",
        ScopeFn<Bound, Infallible>: "!Send !Sync Unpin",
        LocalScopeFn<u32, Infallible>: "!Send !Sync Unpin",
        LendMut<'static, Owned<u32>>: "Send Sync Unpin",
        LendMut<'static, Owned<Bound>>: "Send Sync Unpin",
        LendingMut<'static, 'static, Unshared>: "Send Sync Unpin",
        LendingMut<'static, 'static, Bound>: "!Send Sync Unpin",
        BorrowingScopeFn<Owned<Bound>, Infallible>: "Send !Sync Unpin",
        BorrowingScopeFn<Owned<u32>, Bound>: "!Send !Sync Unpin",
        LocalBorrowingScopeFn<Owned<u32>, Infallible>: "!Send !Sync Unpin",
    }
}

// CM-15, K1, K8
#[test]
fn combinators() {
    table! {
        Cancellable<Ready<u32>>: "Send !Sync !Unpin",
        Cancellable<Ready<Bound>>: "!Send !Sync !Unpin",
        Cancellable<Ready<u32>, ThreadBound>: "!Send !Sync !Unpin",
        AwaitCleanup<Ready<u32>>: "Send !Sync !Unpin",
        AwaitCleanup<Ready<u32>, ThreadBound>: "!Send !Sync !Unpin",
        Cancel<Ready<u32>>: "Send !Sync !Unpin",
        Cancel<Ready<u32>, ThreadBound>: "!Send !Sync !Unpin",
        Shielded<'static, NoExecutor, u32>: "Send !Sync Unpin",
        Shielded<'static, NoExecutor, Bound>: "Send !Sync Unpin",
        Sendable: "Send Sync Unpin",
        ThreadBound: "Send Sync Unpin",
    }
}

/// The body of `closing`.
type Body<T> = fn(Pin<&mut Empty<u32>>) -> Ready<T>;

// CM-15, K8: those of a loop have types without a name; see `spawned_loops.rs`.
#[test]
fn closings() {
    table! {
        Closing<'static, Empty<u32>, Body<()>, Ready<()>, ()>: "Send !Sync !Unpin",
        Closing<'static, Empty<u32>, Body<()>, Ready<()>, (), ThreadBound>: "!Send !Sync !Unpin",
        Closing<'static, Empty<u32>, Body<Bound>, Ready<Bound>, Bound>: "!Send !Sync !Unpin",
        Closing<'static, Iter<IntoIter<Bound>>, Body<()>, Ready<()>, ()>: "!Send !Sync !Unpin",
    }
}

// EG-1
#[test]
fn errors_of_groups() {
    table! {
        ErrorGroup<u32>: "Send Sync Unpin",
        ErrorGroup<Unshared>: "Send !Sync Unpin",
        ErrorGroup<Bound>: "!Send !Sync Unpin",
        Leaves<'static, u32>: "Send Sync Unpin",
        IntoLeaves<Unshared>: "Send !Sync Unpin",
        Handling<u32>: "Send Sync Unpin",
        Origin: "Send Sync Unpin",
        JoinError: "Send Sync Unpin",
    }
}

// K6, K8
#[test]
fn values_of_the_kernel() {
    table! {
        About: "Send Sync Unpin",
        Subject: "Send Sync Unpin",
        Report<'static>: "!Send !Sync Unpin",
        CleanupTask: "Send Sync Unpin",
        DrainReport: "Send Sync Unpin",
        Live: "Send Sync Unpin",
        LiveEvent: "Send Sync Unpin",
    }
}

// A-11, K5
#[test]
fn values_of_the_runtime() {
    table! {
        NoExecutor: "Send Sync Unpin",
        RuntimeId: "Send Sync Unpin",
        TaskError: "Send Sync Unpin",
        Alarm: "Send !Sync Unpin",
        Cleared<Ready<u32>>: "Send Sync Unpin",
        Cleared<Ready<Bound>>: "!Send !Sync Unpin",
        TaskFuture<Ready<u32>>: "Send Sync Unpin",
        TaskFuture<Ready<Bound>>: "!Send !Sync Unpin",
    }
}

/// A body whose future could be moved, with answers of type `R`.
type Asks<R> = fn(Yielder<'static, u32, R, u32>) -> Ready<Result<u32, Interrupt<u32>>>;
type Ran<R> = Routine<Asks<R>, Ready<Result<u32, Interrupt<u32>>>>;
type Talk<R> = Coroutine<u32, R, u32, u32, Ran<R>>;

// AG-20
#[test]
fn coroutines() {
    table! {
        Talk<u32>: "Send !Sync !Unpin",
        Talk<Unshared>: "Send !Sync !Unpin",
        Talk<Bound>: "!Send !Sync !Unpin",
        Yielder<'static, u32, Unshared, u32>: "Send Sync Unpin",
        Yielder<'static, Bound, u32, u32>: "!Send !Sync Unpin",
        Yielder<'static, u32, Bound, u32>: "!Send !Sync Unpin",
        Yielder<'static, u32, u32, Bound>: "!Send !Sync Unpin",
        Yield<'static, u32, Unshared, u32>: "Send Sync Unpin",
        Yield<'static, u32, Bound, u32>: "!Send !Sync Unpin",
        Delegate<'static, u32, u32, u32, u32, Ran<u32>>: "Send !Sync !Unpin",
        Delegate<'static, u32, Bound, u32, u32, Ran<Bound>>: "!Send !Sync !Unpin",
        Stepping<'static, u32, u32, u32, u32, Ran<u32>, u32>: "Send !Sync Unpin",
        Stepping<'static, u32, Bound, u32, u32, Ran<Bound>, Bound>: "!Send !Sync Unpin",
        Close<'static, u32, u32, u32, u32, Ran<u32>>: "Send !Sync !Unpin",
        Close<'static, u32, u32, u32, u32, Ran<u32>, ThreadBound>: "!Send !Sync !Unpin",
        Interrupt<u32>: "Send Sync Unpin",
        Closed: "Send Sync Unpin",
        State: "Send Sync Unpin",
        Step<u32, u32>: "Send Sync Unpin",
        Refused<Bound>: "!Send !Sync Unpin",
        StepError<u32, Unshared>: "Send !Sync Unpin",
        CloseError<Unshared, u32>: "Send !Sync Unpin",
    }
}

/// Has two impls for types that are `Unpin`, so that `_` stands for neither.
trait AmbiguousIfUnpin<A> {
    fn is_not_unpin(&self) {}
}

struct Any;

impl<T> AmbiguousIfUnpin<Any> for T {}

impl<T: Unpin> AmbiguousIfUnpin<()> for T {}

/// A body whose future could be moved: the scope around it cannot, since it borrows from itself.
fn movable(_: &mut u32) -> Ready<Result<(), String>> {
    ready(Ok(()))
}

// CM-15
#[test]
fn a_scope_is_send_and_stays_where_it_is() {
    let rt = NoExecutor::new();
    let plain = send(with(&rt, Numbered::new(1), movable));
    AmbiguousIfUnpin::<_>::is_not_unpin(&plain);
    let detailed = send(with_detailed(&rt, Numbered::new(1), movable));
    AmbiguousIfUnpin::<_>::is_not_unpin(&detailed);
    let unseen = send(with_unseen_error(&rt, Numbered::new(1), movable));
    AmbiguousIfUnpin::<_>::is_not_unpin(&unseen);
    let guard = now(enter_in(&rt, Numbered::new(1))).unwrap();
    let exit = send(guard.exit(Ok::<_, String>(())));
    AmbiguousIfUnpin::<_>::is_not_unpin(&exit);
    now(plain).unwrap();
    now(detailed).unwrap();
    now(unseen).unwrap();
    now(exit).unwrap();
}

// CM-15: it borrows its body from itself, even where all its parts could be moved.
#[test]
fn a_loop_is_send_and_stays_where_it_is() {
    let looped = send(for_each(empty::<u32>(), |_| ready(())));
    AmbiguousIfUnpin::<_>::is_not_unpin(&looped);
    let mut items = empty::<u32>();
    let by_ref = send(for_each_by_ref(&mut items, |_| ready(())));
    AmbiguousIfUnpin::<_>::is_not_unpin(&by_ref);
    now(looped);
    now(by_ref);
}
