use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::mem;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::vec::Vec;

use futures_util::FutureExt;

use super::super::{CloseError, Interrupt, State, Yielder, coroutine};
use super::{Bad, End, drop_after, is_pending, now};
use crate::runtime::NoExecutor;
use crate::{ExitReason, HandOver, Scope, with};

type Talks<'g> = Yielder<'g, u32, (), Bad>;

/// A scope whose exit takes a poll more.
struct Slow(Arc<Mutex<Vec<&'static str>>>, &'static str);

impl Scope for Slow {
    type Resource = ();
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    async fn exit(self, (): (), reason: ExitReason<'_>) -> Result<(), Infallible> {
        let mut polled = false;
        poll_fn(|cx| {
            if mem::replace(&mut polled, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        assert!(matches!(reason, ExitReason::Cancelled));
        self.0.lock().unwrap().push(self.1);
        Ok(())
    }
}

// AG-10, AG-26, K1
#[test]
fn a_body_in_the_middle_of_a_step_is_dropped_and_its_scopes_are_waited_for() {
    let rt = NoExecutor::new();
    let exits = Arc::new(Mutex::new(Vec::new()));
    let mut body = pin!(coroutine(async |y: Talks<'_>| {
        y.yield_(1).await?;
        let ended = with(&rt, Slow(exits.clone(), "outer"), async |()| {
            with(&rt, Slow(exits.clone(), "inner"), async |()| {
                pending::<Result<(), Interrupt<Bad>>>().await
            })
            .await
        })
        .await;
        End::Ok(ended.is_ok())
    }));
    now(body.as_mut().start()).unwrap();
    drop_after(body.as_mut().resume(()), 1);
    {
        let mut close = pin!(body.as_mut().close());
        assert!(is_pending(close.as_mut()));
        assert!(exits.lock().unwrap().is_empty());
        while is_pending(close.as_mut()) {}
    }
    assert_eq!(*exits.lock().unwrap(), ["inner", "outer"]);
    assert_eq!(body.state(), State::Closed);
}

// AG-13, K1
#[test]
fn a_body_that_is_dropped_for_yielding_is_waited_for() {
    let rt = NoExecutor::new();
    let exits = Arc::new(Mutex::new(Vec::new()));
    let mut body = pin!(coroutine(async |y: Talks<'_>| {
        let _ = with(&rt, Slow(exits.clone(), "scope"), async |()| {
            while y.yield_(1).await.is_ok() {}
            let _ = y.yield_(2).await;
            Ok::<_, Bad>(())
        })
        .await;
        End::Ok(())
    }));
    now(body.as_mut().start()).unwrap();
    {
        let mut close = pin!(body.as_mut().close());
        assert!(is_pending(close.as_mut()));
        let error = loop {
            if let Some(closed) = close.as_mut().now_or_never() {
                break closed.unwrap_err();
            }
        };
        assert!(matches!(error, CloseError::YieldedDuringClose(2)));
    }
    assert_eq!(*exits.lock().unwrap(), ["scope"]);
    assert!(now(body.as_mut().resume(())).is_err());
}
