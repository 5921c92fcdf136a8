//! Stacks as people write them: spawned, with bodies that borrow, and on one thread.

#![cfg(feature = "std")]

mod common;

use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::rc::Rc;
use std::thread;

use common::{Numbered, Slow, Trace, drive, now, send, yield_now};
use futures_util::join;
use withal_core::exit_stack::{BoxError, LocalExitStack, exit_stack_local, exit_stack_suppressing};
use withal_core::runtime::NoExecutor;
use withal_core::scope::Failure;
use withal_core::scope::Suppress;
use withal_core::{
    ExitReason, ExitStack, HandOver, Local, LocalScope, Scope, ScopeError, exit_stack, with,
};

/// As a runtime with several threads does: the future moves to another one.
fn spawn<F: Future<Output: Send> + Send + 'static>(future: F) -> F::Output {
    thread::spawn(|| drive(future)).join().unwrap()
}

/// Scopes that lend what they are given, and log `-name`. Not one type for all: that a scope's own
/// type has a lifetime is more than the compiler sees through, also in `with`.
macro_rules! lends {
    ($($Lends:ident: $Lent:ty,)+) => {$(
        struct $Lends(&'static str, $Lent, Trace);

        impl Scope for $Lends {
            type Resource = $Lent;
            type Error = Infallible;
            type OnDrop = HandOver;

            async fn enter(&mut self) -> Result<$Lent, Infallible> {
                yield_now().await;
                Ok(self.1.clone())
            }

            async fn exit(self, _: $Lent, _: ExitReason<'_>) -> Result<(), Infallible> {
                yield_now().await;
                self.2.push(format!("-{}", self.0));
                Ok(())
            }
        }
    )+};
}

lends! {
    Text: String,
    Name: &'static str,
    Label: Cow<'static, str>,
}

#[derive(Debug, PartialEq)]
struct DbError(&'static str);

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for DbError {}

impl From<Infallible> for DbError {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

// ES-1, ES-2, CM-15
#[test]
fn a_spawned_body_borrows_resources_and_surroundings() {
    let trace = Trace::default();
    let log = trace.clone();
    let length = spawn(async move {
        let rt = NoExecutor::new();
        let (name, mut words) = (String::from("b c"), Vec::<&str>::new());
        let length = exit_stack(&rt, async |stack| {
            let text = stack
                .enter(Text("text", String::from("a"), log.clone()))
                .await?;
            yield_now().await;
            let split: &mut &str = stack.enter(Name("split", "x y", log.clone())).await?;
            text.push_str(&name);
            words.extend(name.split(' '));
            words.extend(split.split(' '));
            yield_now().await;
            let first = words[0];
            yield_now().await;
            text.push_str(first);
            Ok::<_, BoxError>(text.len())
        });
        let length = length.await.unwrap();
        assert_eq!(words, ["b", "c", "x", "y"]);
        length
    });
    assert_eq!(length, 5);
    assert_eq!(trace.take(), "-split -text");
}

// ES-4, ES-5, ES-6, ES-25, CM-15
#[test]
fn spawned_callbacks_hold_what_they_were_given() {
    let trace = Trace::default();
    let log = trace.clone();
    spawn(async move {
        let rt = NoExecutor::new();
        let held = exit_stack(&rt, async |stack| {
            let (a, b, c, d) = (log.clone(), log.clone(), log.clone(), log.clone());
            stack.push(async move |reason: ExitReason<'_>| {
                yield_now().await;
                a.push(format!("push:{}", reason.kind()));
                Ok(())
            });
            stack.push_sync(move |reason| {
                b.push(format!("push_sync:{}", reason.kind()));
                Ok(())
            });
            stack.defer(async move {
                yield_now().await;
                c.push("defer".to_owned());
            });
            stack.defer_sync(move || d.push("defer_sync".to_owned()));
            yield_now().await;
            Err::<(), _>(DbError("body"))
        });
        assert_eq!(
            held.await.unwrap_err().into_body().unwrap(),
            DbError("body")
        );
    });
    assert_eq!(
        trace.take(),
        "defer_sync defer push_sync:failed push:failed"
    );
}

// ES-14, ES-15, ES-23
#[test]
fn a_stack_is_spawned_and_sent_on() {
    let trace = Trace::default();
    let log = trace.clone();
    let stack = spawn(async move {
        let mut stack = <ExitStack<_, DbError>>::new(&NoExecutor::new());
        stack.enter(Name("a", "text", log.clone())).await.unwrap();
        stack.close().await.unwrap();
        let (b, c) = join!(
            stack.enter(Label("b", Cow::Borrowed("text"), log.clone())),
            stack.enter(Text("c", String::from("a"), log.clone())),
        );
        c.unwrap().push_str(b.unwrap());
        stack.take()
    });
    assert_eq!(stack.len(), 2);
    let ended = spawn(stack.exit(Err::<(), _>(DbError("late"))));
    assert!(matches!(ended, Err(ScopeError::Body(DbError("late")))));
    assert_eq!(trace.take(), "-a -c -b");
}

struct Shared(Rc<u32>);

impl LocalScope for Shared {
    type Resource = Rc<u32>;
    type Error = DbError;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Rc<u32>, DbError> {
        Ok(self.0.clone())
    }

    async fn exit(self, shared: Rc<u32>, _: ExitReason<'_>) -> Result<(), DbError> {
        yield_now().await;
        drop((self, shared));
        Ok(())
    }
}

// ES-6, K8
#[test]
fn a_local_stack_takes_all_sorts() {
    let (shared, trace) = (Rc::new(3), Trace::default());
    let rt = NoExecutor::new();
    let ended = exit_stack_local(&rt, async |stack| {
        let number = stack.enter(Local(Shared(shared.clone()))).await?;
        let more = stack.enter(Numbered::traced(4, &trace)).await?;
        let kept = shared.clone();
        stack.defer(async move {
            yield_now().await;
            drop(kept);
        });
        let kept = shared.clone();
        stack.push(async move |_: ExitReason<'_>| {
            drop(kept);
            Err("not clean".into())
        });
        assert_eq!(Rc::strong_count(&shared), 5);
        Ok::<_, BoxError>(**number + *more)
    });
    let ended = drive(ended).unwrap_err();
    assert_eq!(ended.to_string(), "scope was not exited cleanly");
    assert_eq!(ended.into_value().unwrap(), 7);
    assert_eq!(Rc::strong_count(&shared), 1);
    assert_eq!(trace.take(), "+4 -4!");

    let stack = <LocalExitStack<_>>::new(&rt);
    drive(stack.enter(Local(Shared(shared.clone())))).unwrap();
    drive(stack.exit(Ok::<_, Infallible>(()))).unwrap();
    assert_eq!(Rc::strong_count(&shared), 1);
}

struct Forgives(Slow);

impl Scope for Forgives {
    type Resource = ();
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), Infallible> {
        self.0.enter().await
    }

    async fn exit(self, (): (), reason: ExitReason<'_>) -> Result<(), Infallible> {
        self.0.exit((), reason).await
    }
}

impl Suppress for Forgives {
    fn suppresses(&self, failure: Failure<'_>) -> bool {
        failure.is::<DbError>()
    }
}

// ES-8, ES-12, CM-15
#[test]
fn a_spawned_stack_suppresses() {
    let trace = Trace::default();
    let log = trace.clone();
    let ended = spawn(async move {
        let rt = NoExecutor::new();
        let text = String::from("text");
        let ended = exit_stack_suppressing(&rt, async |stack| {
            stack.enter(Slow::new("a", &log)).await.unwrap();
            stack
                .enter_suppressing(Forgives(Slow::new("b", &log)))
                .await
                .unwrap();
            let text = &text;
            yield_now().await;
            Err::<usize, _>(DbError(if text.is_empty() { "no" } else { "yes" }))
        });
        ended.await.unwrap()
    });
    assert_eq!(ended, None);
    assert_eq!(trace.take(), "+a +b -b -a");
}

/// A caller that knows nothing of its scopes and of its errors.
async fn open_all<S>(rt: &NoExecutor, scopes: Vec<S>) -> Result<usize, BoxError>
where
    S: Scope<Error: Error + Send + Sync + 'static> + 'static,
    S::Resource: 'static,
{
    let entered = exit_stack(rt, async |stack| {
        for scope in scopes {
            stack.enter(scope).await?;
        }
        Ok::<_, BoxError>(stack.len())
    });
    Ok(entered.await?)
}

// ES-2, A-14
#[test]
fn a_generic_caller_enters_what_it_is_given() {
    let rt = NoExecutor::new();
    let trace = Trace::default();
    let scopes = (1..=3).map(|number| Numbered::traced(number, &trace));
    assert_eq!(now(send(open_all(&rt, scopes.collect()))).unwrap(), 3);
    assert_eq!(trace.take(), "+1 +2 +3 -3 -2 -1");
}

// ES-17, CM-31
#[test]
fn stacks_stand_in_each_other() {
    let rt = NoExecutor::new();
    let trace = Trace::default();
    let ended = with(&rt, Numbered::traced(1, &trace), async |_| {
        let ended = exit_stack(&rt, async |outer| {
            outer.enter(Slow::new("a", &trace)).await.unwrap();
            let inner = exit_stack(&rt, async |inner| {
                inner.enter(Slow::new("b", &trace)).await.unwrap();
                outer.enter(Slow::new("c", &trace)).await.unwrap();
                Ok::<_, DbError>(())
            });
            inner.await
        });
        ended.await
    });
    drive(send(ended)).unwrap();
    assert_eq!(trace.take(), "+1 +a +b +c -b -c -a -1");
}

// ES-2, ES-6: threads that share a stack, which has an order all the same.
#[test]
fn threads_enter_on_one_stack() {
    let rt = NoExecutor::new();
    let trace = Trace::default();
    let stack = <ExitStack<_>>::new(&rt);
    thread::scope(|threads| {
        for first in [0, 100, 200] {
            let (stack, trace) = (&stack, &trace);
            threads.spawn(move || {
                let mut lent = Vec::new();
                for number in first..first + 50 {
                    lent.push(now(stack.enter(Numbered::traced(number, trace))).unwrap());
                    assert!(format!("{stack:?}").contains("Numbered"));
                }
                for (number, lent) in (first..).zip(lent) {
                    assert_eq!(*lent, number);
                    *lent += 1;
                }
            });
        }
    });
    assert_eq!(stack.len(), 150);
    trace.take();
    now(stack.exit(Ok::<_, Infallible>(()))).unwrap();
    let exited = trace.take();
    let exited = exited.split(' ').map(|exit| exit[1..].parse().unwrap());
    let exited: Vec<u32> = exited.collect();
    assert_eq!(exited.len(), 150);
    for first in [0, 100, 200] {
        let own = exited
            .iter()
            .copied()
            .filter(|n| (first..first + 50).contains(n));
        assert!(own.eq((first..first + 50).rev()), "{exited:?}");
    }
}

// CM-15: a body of one thread, on a stack that is not.
#[test]
fn a_body_of_one_thread_uses_any_stack() {
    let (rt, seen) = (NoExecutor::new(), Rc::new(()));
    let trace = Trace::default();
    let ended = exit_stack(&rt, async |stack| {
        let number = stack.enter(Numbered::traced(1, &trace)).await?;
        let kept = seen.clone();
        yield_now().await;
        Ok::<_, BoxError>(*number as usize + Rc::strong_count(&kept))
    });
    assert_eq!(drive(ended).unwrap(), 3);
}

/// Panics when it is dropped, unless the thread does already.
struct Bomb(u32);

impl Drop for Bomb {
    fn drop(&mut self) {
        if !thread::panicking() {
            std::panic::panic_any(format!("bomb {}", self.0));
        }
    }
}

// ES-9, ES-20, K11: what an entry holds panics when it is dropped, behind its exit.
#[test]
fn a_destructor_that_panics_keeps_none_from_running() {
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    let ended = exit_stack(&rt, async |stack| {
        stack.enter(Slow::new("a", &trace)).await?;
        for number in [1, 2] {
            let bomb = Bomb(number);
            stack.defer_sync(move || drop(bomb));
        }
        stack.enter(Slow::new("b", &trace)).await?;
        Ok::<_, BoxError>(())
    });
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drive(ended)));
    let payload = ended.unwrap_err();
    assert_eq!(payload.downcast_ref::<String>().unwrap(), "bomb 2");
    assert_eq!(trace.take(), "+a +b -b -a");
}

// ES-1, ES-15, CM-15: with errors that are trait objects, whose lifetime the compiler forgets.
#[test]
fn a_stack_of_boxed_errors_is_closed_and_ended_in_a_task() {
    let trace = Trace::default();
    let log = trace.clone();
    spawn(async move {
        let rt = NoExecutor::new();
        let mut stack = <ExitStack<_>>::new(&rt);
        let text = String::from("text");
        let lent: &str = &text;
        stack.enter(Text("a", text.clone(), log.clone())).await?;
        stack.close().await?;
        stack.enter(Name("b", "text", log.clone())).await?;
        let pushed = log.clone();
        stack.push(async move |reason: ExitReason<'_>| {
            yield_now().await;
            pushed.push(reason.kind().to_string());
            Ok(())
        });
        yield_now().await;
        let length = stack.take().exit(Ok::<_, BoxError>(lent.len())).await?;
        assert_eq!(length, 4);
        Ok::<_, BoxError>(())
    })
    .unwrap();
    assert_eq!(trace.take(), "-a completed -b");
}
