//! Scopes in functions that call themselves.

#![cfg(feature = "std")]

mod common;

use std::future::Future;
use std::pin::Pin;

use common::{Numbered, Trace, now, send};
use withal_core::runtime::{Cleanup, NoExecutor};
use withal_core::with;

async fn descend(rt: &NoExecutor, trace: &Trace, depth: u32) -> Result<u32, String> {
    if depth == 0 {
        return Ok(0);
    }
    with(rt, Numbered::traced(depth, trace), async |number| {
        let below = Box::pin(descend(rt, trace, depth - 1)).await?;
        Ok::<_, String>(*number + below)
    })
    .await
    .map_err(|error| error.to_string())
}

// CM-15
#[test]
fn an_async_function_boxes_its_call() {
    let trace = Trace::default();
    let sum = now(descend(&NoExecutor::new(), &trace, 4));
    assert_eq!(sum, Ok(10));
    assert_eq!(trace.take(), "+4 +3 +2 +1 -1 -2 -3 -4");
}

fn descend_send<'a>(
    rt: &'a impl Cleanup,
    trace: &'a Trace,
    depth: u32,
) -> Pin<Box<dyn Future<Output = Result<u32, String>> + Send + 'a>> {
    Box::pin(async move {
        if depth == 0 {
            return Err("the bottom".to_owned());
        }
        with(rt, Numbered::traced(depth, trace), async |number| {
            let below = descend_send(rt, trace, depth - 1).await?;
            Ok::<_, String>(*number + below)
        })
        .await
        .map_err(|error| error.to_string())
    })
}

// CM-15, A-2
#[test]
fn a_function_returns_a_boxed_send_future() {
    let trace = Trace::default();
    let rt = NoExecutor::new();
    let error = now(send(descend_send(&rt, &trace, 3)));
    assert_eq!(error, Err("the bottom".to_owned()));
    assert_eq!(trace.take(), "+3 +2 +1 -1! -2! -3!");
}
