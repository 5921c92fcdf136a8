//! Coroutines, of which the consumer asks one item after the other.

use std::future::ready;
use std::pin::Pin;

use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::StreamExt;
use withal::coroutine::{Coroutine, Interrupt, State, Step, Yielder, coroutine};
use withal::runtime::Runtime;
use withal_tests::StreamUnderTest;
use withal_tests::probe::Failed;
use withal_tests::streams::{Feed, Item};

/// A coroutine that is asked without a word.
type Asked<S> = Coroutine<Item, (), Failed, (), S>;

/// Without the type of the body.
trait Steps: Send {
    /// Begins the next step, or goes on with the one that was begun.
    fn next(&mut self) -> BoxFuture<'_, Option<Item>>;

    fn close(&mut self) -> BoxFuture<'_, ()>;
}

impl<S: Send + 'static> Steps for Pin<Box<Asked<S>>> {
    fn next(&mut self) -> BoxFuture<'_, Option<Item>> {
        let step = match self.state() {
            State::Created => self.as_mut().start(),
            State::Suspended => self.as_mut().resume(()),
            State::Running => self.as_mut().proceed(),
            _ => return ready(None).boxed(),
        };
        let yielded = |step: Result<Step<_, _>, _>| step.expect("nothing fails").yielded();
        step.map(yielded).boxed()
    }

    fn close(&mut self) -> BoxFuture<'_, ()> {
        let close = self.as_mut().close();
        close.map(|closed| assert_eq!(closed, Ok(None))).boxed()
    }
}

async fn pass_on(
    y: &Yielder<'_, Item, (), Failed>,
    mut feed: Feed,
) -> Result<(), Interrupt<Failed>> {
    while let Some(item) = feed.next().await {
        y.yield_(item).await?;
    }
    Ok(())
}

macro_rules! conforming {
    ($($module:ident: |$feed:ident| $make:expr;)*) => {
        $(
            mod $module {
                use super::*;

                struct Made(Box<dyn Steps>);

                impl StreamUnderTest for Made {
                    fn over<R: Runtime>(_: &R, $feed: Feed) -> Self {
                        Self(Box::new(Box::pin($make)))
                    }

                    async fn next(&mut self) -> Option<Item> {
                        self.0.next().await
                    }

                    async fn close(mut self) {
                        self.0.close().await;
                    }
                }

                mod simulated {
                    use super::*;
                    withal_tests::stream_conformance!(crate::Simulated, Made);
                }

                #[cfg(feature = "tokio")]
                mod on_threads {
                    use super::*;
                    withal_tests::stream_conformance!(crate::Threads, Made);
                }
            }
        )*
    };
}

conforming! {
    plain: |feed| coroutine(async move |y| pass_on(&y, feed).await);

    delegating: |feed| coroutine(async move |y: Yielder<'_, Item, (), Failed>| {
        let inner = coroutine(async move |y| pass_on(&y, feed).await);
        y.delegate(inner).await
    });
}
