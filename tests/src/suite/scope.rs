//! The scope protocol: enter, body, exit.

use std::convert::Infallible;
use std::future::pending;
use std::ops::ControlFlow;
use std::time::Duration;

use withal::runtime::Runtime;
use withal::{ExitReason, HandOver, Scope, ScopeError, either, timeout, with};

use crate::poll::{caught, poll_now, yields};
use crate::probe::{Failed, ProbeError};
use crate::{Log, Probe};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! scope_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of scope:
            exits_once_after_the_body,
            our_timeout_waits,
            the_resource_is_of_a_type_of_its_own_and_lent_mutably,
            the_body_borrows_what_surrounds_it,
            the_exit_tells_the_four_ends_apart,
            an_error_that_was_looked_at_arrives_untouched,
            a_scope_that_is_to_be_entered_again_is_cloned,
            a_body_ends_early_by_return_and_question_mark,
            a_body_tells_the_loop_around_it_to_break,
            an_exit_may_do_whatever_a_body_may,
        }
    };
}

// CM-5, CM-15
pub async fn exits_once_after_the_body(rt: &impl Runtime) {
    let log = Log::new();
    let value = with(rt, Probe::new(&log, "a").reasons(), async |name| {
        yields(1).await;
        Ok::<_, String>(name.clone())
    })
    .await;
    assert_eq!(value.as_deref(), Ok("a"));
    log.assert("+a -a:completed");
}

// K1, CM-21
pub async fn our_timeout_waits(rt: &impl Runtime) {
    let log = Log::new();
    with(rt, Probe::new(&log, "a"), async |_| {
        let inner = with(rt, Probe::new(&log, "b"), async |_| {
            pending::<Result<(), String>>().await
        });
        let elapsed = timeout(rt, Duration::from_millis(5), inner).await;
        assert!(elapsed.is_err());
        log.assert("+a +b -b");
        Ok::<_, String>(())
    })
    .await
    .unwrap();
    log.assert("+a +b -b -a");
}

/// Lends a list, and has nothing but the two hooks.
struct Lender(Log);

impl Scope for Lender {
    type Resource = Vec<u32>;
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Vec<u32>, Infallible> {
        Ok(vec![1])
    }

    async fn exit(self, list: Vec<u32>, _: ExitReason<'_>) -> Result<(), Infallible> {
        self.0.push(format_args!("{list:?}"));
        Ok(())
    }
}

// CM-1, CM-2, CM-27
pub async fn the_resource_is_of_a_type_of_its_own_and_lent_mutably(rt: &impl Runtime) {
    let log = Log::new();
    let length = with(rt, Lender(log.clone()), async |list| {
        list.push(2);
        yields(1).await;
        list.push(3);
        Ok::<_, Failed>(list.len())
    })
    .await;
    assert_eq!(length, Ok(3));
    log.assert("[1, 2, 3]");
}

// CM-2, CM-15
pub async fn the_body_borrows_what_surrounds_it(rt: &impl Runtime) {
    let log = Log::new();
    let mut seen = Vec::new();
    let text = String::from("borrowed");
    let borrowed: &str = with(rt, Probe::new(&log, "a"), async |_| {
        seen.push(1);
        yields(1).await;
        seen.push(2);
        Ok::<_, Failed>(text.as_str())
    })
    .await
    .unwrap();
    assert_eq!((borrowed, seen), ("borrowed", vec![1, 2]));
}

// A-1, CM-6
pub async fn the_exit_tells_the_four_ends_apart(rt: &impl Runtime) {
    let log = Log::new();
    let scope = |name| Probe::new(&log, name).shows_errors();
    let fails = async |_: &mut String| Err::<(), _>(Failed("refused"));
    let panics = async |_: &mut String| -> Result<(), Failed> { panic!("on purpose") };
    with(rt, scope("a"), async |_| Ok::<_, Failed>(()))
        .await
        .unwrap();
    with(rt, scope("b"), fails).await.unwrap_err();
    let endless = with(rt, scope("c"), async |_| {
        pending::<Result<(), Failed>>().await
    });
    timeout(rt, Duration::ZERO, endless).await.unwrap_err();
    caught(with(rt, scope("d"), panics)).await.unwrap_err();
    log.assert("+a -a:completed +b -b:failed(refused) +c -c:cancelled +d -d:panicked");
}

// CM-6, CM-9, CM-30
pub async fn an_error_that_was_looked_at_arrives_untouched(rt: &impl Runtime) {
    let log = Log::new();
    let error = Box::new(Failed("refused"));
    let address = &raw const *error;
    let scope = Probe::new(&log, "a").exit_yields(2);
    match with(rt, scope, async |_| Err::<(), _>(error)).await {
        Err(ScopeError::Body(error)) => assert_eq!(&raw const *error, address),
        other => panic!("{other:?}"),
    }
}

// CM-26
pub async fn a_scope_that_is_to_be_entered_again_is_cloned(rt: &impl Runtime) {
    let log = Log::new();
    let scope = Probe::new(&log, "a");
    for _ in 0..2 {
        with(rt, scope.clone(), async |_| Ok::<_, Failed>(()))
            .await
            .unwrap();
    }
    // Also inside of itself.
    with(rt, scope.clone(), async |_| {
        with(rt, scope, async |_| Ok::<_, Failed>(()))
            .await
            .unwrap();
        Ok::<_, Failed>(())
    })
    .await
    .unwrap();
    log.assert("+a -a +a -a +a +a -a -a");
}

// A-2, CM-5, CM-6
pub async fn a_body_ends_early_by_return_and_question_mark(rt: &impl Runtime) {
    let log = Log::new();
    let fallible = |ok: bool| if ok { Ok(1) } else { Err(Failed("refused")) };
    for (name, early, ok, expected) in [
        ("a", true, true, Ok(0)),
        ("b", false, true, Ok(2)),
        ("c", false, false, Err(ScopeError::Body(Failed("refused")))),
    ] {
        let ended = with(rt, Probe::new(&log, name).reasons(), async |_| {
            if early {
                return Ok(0);
            }
            Ok(fallible(ok)? + 1)
        })
        .await;
        assert_eq!(ended, expected);
    }
    log.assert("+a -a:completed +b -b:completed +c -c:failed");
}

//
pub async fn a_body_tells_the_loop_around_it_to_break(rt: &impl Runtime) {
    let log = Log::new();
    let mut rounds = 0;
    loop {
        rounds += 1;
        let flow = with(rt, Probe::new(&log, "a").reasons(), async |_| {
            if rounds == 2 {
                return Ok::<_, Failed>(ControlFlow::Break(()));
            }
            Ok(ControlFlow::Continue(()))
        });
        if flow.await.unwrap().is_break() {
            break;
        }
    }
    log.assert("+a -a:completed +a -a:completed");
}

/// Has a busy exit.
struct Busy<R> {
    rt: R,
    log: Log,
}

impl<R: Runtime> Scope for Busy<R> {
    type Resource = ();
    type Error = ProbeError;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), ProbeError> {
        self.log.push("+busy");
        Ok(())
    }

    async fn exit(self, (): (), _: ExitReason<'_>) -> Result<(), ProbeError> {
        let Self { rt, log } = self;
        let endless = |name| {
            with(&rt, Probe::new(&log, name), async |_| {
                pending::<Result<(), ProbeError>>().await
            })
        };
        let scoped = with(
            &rt,
            Probe::new(&log, "a"),
            async |_| Ok::<_, ProbeError>(()),
        );
        scoped
            .await
            .map_err(|error| ProbeError(error.to_string()))?;
        let _elapsed = timeout(&rt, Duration::ZERO, endless("b")).await;
        either(endless("c"), yields(2)).await;
        log.push("-busy");
        Ok(())
    }
}

// CM-31, CM-22
pub async fn an_exit_may_do_whatever_a_body_may<R: Runtime>(rt: &R) {
    let log = Log::new();
    let busy = || Busy {
        rt: rt.clone(),
        log: log.clone(),
    };
    let trace = "+busy +a -a +b -b +c -c -busy";
    with(rt, busy(), async |_| Ok::<_, Failed>(()))
        .await
        .unwrap();
    log.assert(trace);
    // The same when it is cancelled, and runs elsewhere.
    let mut scoped = Box::pin(with(rt, busy(), async |_| {
        pending::<Result<(), Failed>>().await
    }));
    assert!(poll_now(scoped.as_mut()).is_pending());
    drop(scoped);
    log.until(rt, |events| events.len() == 16).await;
    log.assert(&format!("{trace} {trace}"));
}
