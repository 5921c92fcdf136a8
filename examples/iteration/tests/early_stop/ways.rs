//! The ways in which a consumer stops.

use std::convert::Infallible;
use std::future::pending;
use std::ops::ControlFlow;

use futures_util::stream::{Stream, StreamExt as _};
use iteration::{Error, Setting};
use withal::runtime::Runtime;
use withal::scope::{Lend, scope_fn};
use withal::sync::Latch;
use withal::{Either, await_cleanup, close, either, for_each, with};

/// How a consumer stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// It breaks out of the loop.
    Break,
    /// The loop's body fails.
    Error,
    /// It closes a stream that it has stepped through by hand.
    Close,
    /// It loses a race.
    Race,
    /// It drops the stream, and somebody around it waits.
    Dropped,
    /// It drops the stream in a scope of its own, which waits before it is exited.
    DroppedInAScope,
}

/// Those in which the stream is closed.
pub(crate) const CLOSING: [Way; 4] = [Way::Break, Way::Error, Way::Close, Way::Race];

/// Those in which it is dropped, and somebody else waits.
pub(crate) const DROPPING: [Way; 2] = [Way::Dropped, Way::DroppedInAScope];

/// Takes `count` items.
async fn take<R: Runtime, T>(
    on: &Setting<R>,
    stream: &mut (impl Stream<Item = Result<T, Error>> + Unpin),
    count: usize,
) {
    for _ in 0..count {
        let item = stream.next().await;
        item.expect("there are so many").expect("no error");
        on.print(format_args!("item"));
    }
}

/// Takes `count` items, and stops in that way.
pub(crate) async fn stop<R: Runtime, T>(
    on: &Setting<R>,
    stream: impl Stream<Item = Result<T, Error>>,
    count: usize,
    way: Way,
) {
    let mut taken = 0;
    match way {
        Way::Break => {
            let left = for_each(stream, async |item| {
                item?;
                taken += 1;
                on.print(format_args!("item"));
                Ok::<_, Error>(if taken == count {
                    ControlFlow::Break(taken)
                } else {
                    ControlFlow::Continue(())
                })
            });
            assert_eq!(left.await.expect("no error"), ControlFlow::Break(count));
        }
        Way::Error => {
            let failed = for_each(stream, async |item| {
                item?;
                taken += 1;
                on.print(format_args!("item"));
                if taken == count {
                    Err(Error::Protocol("too much"))
                } else {
                    Ok(())
                }
            });
            assert!(matches!(failed.await, Err(Error::Protocol(_))));
        }
        Way::Close => {
            let mut stream = Box::pin(stream);
            take(on, &mut stream, count).await;
            close(stream).await;
        }
        Way::Race => {
            let enough = Latch::new();
            let consumer = async {
                let mut stream = Box::pin(stream);
                take(on, &mut stream, count).await;
                enough.open();
                pending::<()>().await;
            };
            assert_eq!(either(enough.wait(), consumer).await, Either::Left(()));
        }
        Way::Dropped => {
            await_cleanup(async {
                let mut stream = Box::pin(stream);
                take(on, &mut stream, count).await;
            })
            .await;
        }
        Way::DroppedInAScope => {
            let prints = on.clone();
            let own = scope_fn(async move |lend: Lend<()>| {
                prints.print(format_args!("+own"));
                let ((), ended) = lend.lend(()).await;
                prints.print(format_args!("-own"));
                Ok::<_, Infallible>(ended)
            });
            let consumed = with(&on.rt, own, async |()| {
                let mut stream = Box::pin(stream);
                take(on, &mut stream, count).await;
                Ok::<_, Infallible>(())
            });
            consumed.await.expect("nothing can fail");
        }
    }
    on.print(format_args!("stopped"));
}

/// What is to be printed.
pub(crate) fn expected(open: &str, items: usize, closed: &str, way: Way) -> String {
    let own = way == Way::DroppedInAScope;
    let parts = [
        if own { "+own" } else { "" },
        open,
        &["item"].repeat(items).join(" "),
        closed,
        if own { "-own" } else { "" },
        "stopped",
    ];
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(" ")
}
