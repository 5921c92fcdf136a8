//! Which small scopes can be spawned, and which may stay on their thread: programs as people write
//! them, demanded to be `Send` or not. That they compile is half of the test.

#![cfg(feature = "std")]

mod common;

use std::cell::Cell;
use std::convert::Infallible;
use std::future::{Future, Pending, pending, ready};
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use common::{Numbered, Slow, Trace, drive, now, yield_now};
use withal_core::cleanup::{CleanupTask, drain};
use withal_core::exit_stack::{BoxError, exit_stack_suppressing};
use withal_core::runtime::{Cleanup, NoExecutor, RuntimeId, Timer};
use withal_core::scope::{
    Lend, Limited, LimitedError, Local, Retry, RetryError, defer, defer_local, defer_told,
    defer_told_local, from_guard, limited, null_scope, retry, scope_fn_local, suppress,
};
use withal_core::{Abandon, ExitReason, Scope, ScopeError, exit_stack, with, with_suppressing};

/// A clock on which every span is over at once.
#[derive(Clone, Copy, Debug)]
struct Hurried;

impl Timer for Hurried {
    type Instant = Duration;
    type Sleep = std::future::Ready<()>;

    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn deadline(&self, timeout: Duration) -> Duration {
        timeout
    }

    fn elapsed(&self, earlier: Duration, later: Duration) -> Duration {
        later.saturating_sub(earlier)
    }

    fn sleep_until(&self, _: Duration) -> Self::Sleep {
        ready(())
    }
}

impl Cleanup for Hurried {
    fn id(&self) -> RuntimeId {
        RuntimeId::new("hurried", 0)
    }

    fn spawn_cleanup(&self, task: CleanupTask) {
        drop(task);
    }
}

const SECOND: Duration = Duration::from_secs(1);

/// As a runtime with several threads does: the future moves to another one.
fn spawn<F: Future<Output: Send> + Send + 'static>(future: F) -> F::Output {
    thread::spawn(|| drive(future)).join().unwrap()
}

/// A scope that borrows, and lends what borrows.
struct Words<'t> {
    text: &'t str,
    refuses: u32,
}

impl<'t> Scope for Words<'t> {
    type Resource = Vec<&'t str>;
    type Error = &'t str;
    type OnDrop = Abandon;

    async fn enter(&mut self) -> Result<Vec<&'t str>, &'t str> {
        yield_now().await;
        if self.refuses > 0 {
            return Err(self.text);
        }
        Ok(self.text.split(' ').collect())
    }

    async fn exit(self, words: Vec<&'t str>, _: ExitReason<'_>) -> Result<(), &'t str> {
        yield_now().await;
        words.first().map_or(Ok(()), |word| Err(*word))
    }
}

// SM-6, CM-15
#[test]
fn null_and_optional_scopes_that_borrow_are_spawned() {
    let length = spawn(async {
        let (rt, text) = (NoExecutor::new(), String::from("with all"));
        let mut length = 0;
        let lent = with(&rt, null_scope(text.as_str()), async |text| {
            yield_now().await;
            length += text.len();
            Ok::<_, Infallible>(*text)
        });
        let borrowed: &str = lent.await.unwrap();
        let words = Some(Words {
            text: borrowed,
            refuses: 0,
        });
        let ended = with(&rt, words, async |words| {
            yield_now().await;
            let words = words.as_mut().unwrap();
            length += words.pop().unwrap().len();
            words.clear();
            Ok::<_, Infallible>(())
        });
        ended.await.unwrap();
        let none = with(&rt, None::<Words<'_>>, async |words| {
            length += usize::from(words.is_some());
            Ok::<_, Infallible>(())
        });
        none.await.unwrap();
        length
    });
    assert_eq!(length, 11);
}

// CM-15: the attempts borrow what surrounds them, and so do predicate and hook.
#[test]
fn retries_that_borrow_are_spawned() {
    let tried = spawn(async {
        let (rt, text) = (Hurried, String::from("with all"));
        let (mut made, mut told) = (0, Vec::new());
        let words = retry(&rt, [SECOND, Duration::ZERO], || {
            made += 1;
            let refuses = 3 - made;
            Words {
                text: &text,
                refuses,
            }
        });
        let words = words
            .when(|error| *error == text)
            .on_retry(|failed| told.push((failed.attempt, *failed.error)));
        let ended = with(&rt, words, async |words| {
            yield_now().await;
            words.pop();
            Ok::<_, Infallible>(())
        });
        let ended = ended.await.unwrap_err();
        assert!(
            matches!(
                ended.exit(),
                Some(withal_core::scope::ExitError::Failed(RetryError::Exit(
                    "with"
                )))
            ),
            "{ended:?}"
        );
        assert_eq!(told, [(1, "with all"), (2, "with all")]);
        made
    });
    assert_eq!(tried, 3);
}

// CM-15
#[test]
fn limited_scopes_that_borrow_are_spawned() {
    spawn(async {
        let (rt, text) = (Hurried, String::from("with all"));
        let words = |refuses| Words {
            text: &text,
            refuses,
        };
        let scope = limited(&rt, words(0)).exit_timeout(Duration::MAX);
        let ended = with(&rt, scope, async |words| {
            yield_now().await;
            words.clear();
            Ok::<_, Infallible>(())
        });
        // It waits once, and on this clock a second is over by then.
        let ended = ended.await.unwrap_err();
        let elapsed = ended.exit().unwrap();
        assert_eq!(
            *elapsed,
            withal_core::scope::ExitError::Failed(LimitedError::ExitElapsed(Duration::MAX))
        );
        let scope = retry(&rt, [], || limited(&rt, words(1)).enter_timeout(SECOND));
        let ended = with(&rt, scope, async |_| Ok::<_, Infallible>(()));
        let Err(ScopeError::Enter(RetryError::Enter(attempts))) = ended.await else {
            panic!("it is entered by a second attempt only");
        };
        assert_eq!(
            attempts.into_last(),
            LimitedError::EnterElapsed(SECOND),
            "its enter waits"
        );
    });
}

// CM-15, SM-20: its closures are `Send`, and no more.
#[test]
fn retries_whose_closures_are_not_sync_are_spawned() {
    let entered = spawn(async {
        let (rt, made, asked) = (Hurried, Cell::new(0), Cell::new(0));
        let words = retry(&rt, [SECOND, Duration::ZERO], move || {
            made.set(made.get() + 1);
            Words {
                text: "with all",
                refuses: 3 - made.get(),
            }
        });
        let words = words.when(move |_| asked.replace(asked.get() + 1) < 2);
        let ended = with(&rt, words, async |words| {
            words.clear();
            Ok::<_, Infallible>(())
        });
        ended.await.is_ok()
    });
    assert!(entered);
}

/// A generic caller, whose future is spawned.
async fn tried<S: Scope>(rt: &Hurried, make: impl Fn() -> S) -> bool {
    let scope = retry(rt, [SECOND], || {
        limited(rt, Some(make())).exit_timeout(SECOND)
    });
    let ended = with(rt, scope, async |_| {
        yield_now().await;
        Ok::<_, Infallible>(())
    });
    ended.await.is_ok()
}

// CM-15
#[test]
fn generic_callers_are_spawned() {
    let ended = spawn(async {
        let text = String::new();
        let nothing = tried(&Hurried, || null_scope(text.as_str())).await;
        nothing && tried(&Hurried, || Numbered::new(1)).await
    });
    assert!(ended);
}

// CM-15, K8: from one definition.
#[test]
fn what_stays_on_its_thread_is_no_less_of_a_scope() {
    let (rt, seen) = (Hurried, Rc::new(Cell::new(0)));
    let shared = || {
        let seen = seen.clone();
        Local(scope_fn_local(async move |lend: Lend<Rc<Cell<u32>>>| {
            let (seen, ended) = lend.lend(seen).await;
            seen.set(seen.get() + 1);
            Ok::<_, Infallible>(ended)
        }))
    };
    let body = async |shared: &mut Rc<Cell<u32>>| {
        shared.set(shared.get() + 10);
        Ok::<_, Infallible>(())
    };
    now(with(&rt, limited(&rt, shared()).exit_timeout(SECOND), body)).unwrap();
    now(with(&rt, retry(&rt, [SECOND], shared), body)).unwrap();
    let optional = with(&rt, Some(shared()), async |shared| {
        body(shared.as_mut().unwrap()).await
    });
    now(optional).unwrap();
    assert_eq!(seen.get(), 33);

    let lent = null_scope(seen.clone());
    now(with(&rt, Local(lent), body)).unwrap();
    let kept = seen.clone();
    let guard = from_guard(async move { Ok::<_, Infallible>(kept) });
    now(with(&rt, Local(guard), body)).unwrap();
    let kept = seen.clone();
    let later = defer_local(async move || kept.set(kept.get() + 100));
    now(with(&rt, later, async |()| Ok::<_, Infallible>(()))).unwrap();
    let kept = seen.clone();
    let told = defer_told_local(async move |kind| {
        kept.set(kept.get() + u32::from(kind == withal_core::scope::ExitKind::Failed));
        Ok::<_, Infallible>(())
    });
    now(with(&rt, told, async |()| Err::<(), _>("refused"))).unwrap_err();
    assert_eq!(seen.get(), 154);
    let limit = Rc::new(7);
    let at_most = suppress(move |number: &u32| *number <= *limit);
    let ended = with_suppressing(&rt, Local(at_most.clone()), async |()| Err::<(), _>(7_u32));
    assert_eq!(now(ended), Ok(None));
    let ended = with_suppressing(&rt, Local(at_most), async |()| Err::<(), _>(8_u32));
    assert_eq!(now(ended), Err(ScopeError::Body(8)));
}

// SM-7, CM-15: errors and captures have lifetimes that the compiler forgets.
#[test]
fn suppressing_scopes_that_borrow_are_spawned() {
    let ended = spawn(async {
        let (rt, text) = (NoExecutor::new(), String::from("gone"));
        let gone = suppress(|error: &&'static str| *error == text);
        let ended = with_suppressing(&rt, gone, async |()| {
            yield_now().await;
            Err::<(), &'static str>("gone")
        });
        ended.await
    });
    assert_eq!(ended, Ok(None));
}

// CM-15
#[test]
fn deferred_cleanups_are_spawned() {
    let seen = spawn(async {
        let (rt, seen) = (NoExecutor::new(), Trace::default());
        let text = String::from("gone");
        let (deferred, told) = (seen.clone(), seen.clone());
        let name: &'static str = "deferred";
        let deferred = defer(async move || {
            yield_now().await;
            deferred.push(name.to_owned());
        });
        let told = defer_told(async move |kind| {
            yield_now().await;
            told.push(kind.to_string());
            Err::<(), String>(name.to_owned())
        });
        let ended = with(&rt, deferred, async |()| {
            let text = text.as_str();
            let told = with(&rt, told, async |()| {
                yield_now().await;
                Ok::<_, Infallible>(text.len())
            });
            told.await.map_err(|error| error.into_value().unwrap())
        });
        assert_eq!(ended.await, Err(ScopeError::Body(4)));
        seen.take()
    });
    assert_eq!(seen, "completed deferred");
}

// SM-13, CM-15
#[test]
fn guards_are_spawned() {
    spawn(async {
        let (rt, text) = (NoExecutor::new(), String::from("gone"));
        let name: &'static str = "guard";
        let guard = from_guard(async move { Ok::<_, Infallible>(name.to_owned()) });
        let ended = with(&rt, guard, async |name| {
            yield_now().await;
            Ok::<_, Infallible>((name.len(), text.as_str()))
        });
        assert_eq!(ended.await, Ok((5, "gone")));
    });
}

// SM-6, SM-7, SM-19, SM-20, CM-10, ES-8: several at once, and in a stack.
#[test]
fn small_scopes_stand_in_rows_and_stacks() {
    let trace = spawn(async {
        let (rt, trace) = (Hurried, Trace::default());
        let numbered = |number| Numbered::traced(number, &trace);
        let row = (
            Some(numbered(1)),
            retry(&rt, [SECOND], || numbered(2)),
            limited(&rt, numbered(3)).exit_timeout(SECOND),
            null_scope(4),
        );
        let sum = with(&rt, row, async |(one, two, three, four)| {
            yield_now().await;
            Ok::<_, Infallible>(one.as_ref().unwrap() + *two + *three + *four)
        });
        assert_eq!(sum.await.unwrap(), 10);
        // A stack owns its entries.
        let (deferred, kept) = (trace.clone(), trace.clone());
        let make = move || limited(&rt, Some(Numbered::traced(5, &kept)));
        let ended = exit_stack_suppressing(&rt, async |stack| {
            stack.enter(retry(&rt, [SECOND], make)).await?;
            stack
                .enter_suppressing(suppress(|error: &BoxError| error.to_string() == "refused"))
                .await?;
            let later = defer(async move || deferred.push("deferred".to_owned()));
            stack.enter(later).await?;
            yield_now().await;
            Err::<(), BoxError>("refused".into())
        });
        assert!(ended.await.unwrap().is_none());
        trace.take()
    });
    assert_eq!(trace, "+1 +2 +3 -3 -2 -1 +5 deferred -5");
}

// SM-19, ES-9: in a stack, too, a late exit goes on by itself, and those below it run.
#[test]
fn a_late_exit_in_a_stack_holds_nobody_up() {
    let (rt, trace) = (Hurried, Trace::default());
    let ended = exit_stack(&rt, async |stack| {
        stack.enter(Numbered::traced(1, &trace)).await?;
        let slow = Slow::new("slow", &trace);
        stack.enter(limited(&rt, slow).exit_timeout(SECOND)).await?;
        stack.enter(Numbered::traced(2, &trace)).await?;
        Ok::<_, BoxError>(7)
    });
    let ended = drive(ended).unwrap_err();
    assert_eq!(ended.into_value().unwrap(), 7);
    assert_eq!(trace.take(), "+1 +slow +2 -2 -1!");
    drive(drain(&rt, SECOND));
    assert!(trace.take().contains("-slow"));
}

// leaked, nothing of it happens.
#[test]
fn a_leaked_one_does_no_harm() {
    let (rt, trace) = (Hurried, Trace::default());
    let scope = || limited(&rt, Some(Numbered::traced(1, &trace))).exit_timeout(SECOND);
    let mut leaked = Box::pin(with(&rt, retry(&rt, [], scope), async |_| {
        pending::<Result<(), Infallible>>().await
    }));
    assert!(futures_util::FutureExt::now_or_never(leaked.as_mut()).is_none());
    std::mem::forget(leaked);
    assert_eq!(trace.take(), "+1");
}

const _: () = {
    const fn send<T: Send>() {}
    send::<Limited<Hurried, Numbered>>();
    send::<Retry<Hurried, std::iter::Empty<Duration>, fn() -> Numbered, Numbered>>();
    send::<withal_core::scope::GuardScope<Pending<()>, Rc<()>, Rc<()>>>();
};
