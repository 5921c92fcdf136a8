//! Sources and adapters held against the rules: generators of every form, what `StreamExt` and
//! `withal::stream` make of them, loops and coroutines.

mod adapters;
mod coroutines;
mod facade;
mod generators;
#[cfg(any(feature = "tokio", feature = "async-std", feature = "smol"))]
mod lines;
mod loops;
mod wakers;

use futures_util::stream::{BoxStream, Stream, StreamExt};
use withal_tests::Harness;
use withal_tests::deterministic::Deterministic;
use withal_tests::streams::Item;

struct Simulated;

impl Harness for Simulated {
    type Runtime = Deterministic;

    fn run<T>(case: impl AsyncFnOnce(&Deterministic) -> T) -> T {
        let rt = Deterministic::new();
        rt.block_on(case(&rt))
    }
}

/// Several threads take part.
#[cfg(feature = "tokio")]
struct Threads;

#[cfg(feature = "tokio")]
impl Harness for Threads {
    type Runtime = withal::tokio::TokioRuntime;

    fn run<T>(case: impl AsyncFnOnce(&Self::Runtime) -> T) -> T {
        let main = withal::tokio::TokioMain::multi_thread().unwrap();
        let rt = main.runtime();
        main.block_on(case(&rt))
    }
}

/// Names streams by what makes them of a feed, and holds each against the rules.
macro_rules! conforming {
    ($($module:ident $(reads $ahead:literal ahead)?: |$rt:ident, $feed:ident| $make:expr;)*) => {
        $(
            mod $module {
                use super::*;

                struct Made(crate::Items);

                impl withal_tests::StreamUnderTest for Made {
                    $(const AHEAD: usize = $ahead;)?

                    fn over<R: withal::runtime::Runtime>(
                        $rt: &R,
                        $feed: withal_tests::streams::Feed,
                    ) -> Self {
                        Self(crate::items($make))
                    }

                    async fn next(&mut self) -> Option<withal_tests::streams::Item> {
                        futures_util::StreamExt::next(&mut self.0).await
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
use conforming;

type Items = BoxStream<'static, Item>;

fn items(stream: impl Stream<Item = Item> + Send + 'static) -> Items {
    stream.boxed()
}
