//! What `async for` needs besides `StreamExt`.
//!
//! Every source of this library is a [`Stream`](futures_core::Stream), so what `futures-util` has in
//! [`StreamExt`] and [`TryStreamExt`] works on all of them, and is not here again. Only what it lacks
//! is, and of that, only what involves a clock takes a runtime. The loop itself is
//! [`for_each`](crate::for_each()), or [`closing`](crate::closing()) around a `while let`.
//!
//! | I need … | use … |
//! |---|---|
//! | the next item, or a default at the end | [`next_or`] |
//! | to notice that items stay away, and go on | [`idle_timeout`] |
//! | all items up to an error, and the source closed | [`try_collect`] |
//! | a tick each second | [`interval`], [`interval_at`] |
//! | the items of a source that comes in pages | [`pages`] |
//! | the next items made while the loop body runs | [`prefetch`](prefetch()) |
//! | jobs side by side while the loop body runs | [`buffered`] |
//! | a stream that runs in a task of its own, while a scope is open | [`channel_scope`] |
//!
//! # Comprehensions
//!
//! Python's comprehensions, and what they are here:
//!
//! | Python | with [`StreamExt`] |
//! |---|---|
//! | `[x async for x in s]` | `s.collect::<Vec<_>>().await` |
//! | `{x async for x in s}` | `s.collect::<HashSet<_>>().await` |
//! | `{k(x): v(x) async for x in s}` | `s.map(\|x\| (k(x), v(x))).collect::<HashMap<_, _>>().await`: a later key wins |
//! | `[f(x) async for x in s if p(x)]` | `s.filter(\|x\| ready(p(x))).map(f).collect::<Vec<_>>().await` |
//! | `[await f(x) async for x in s]` | `s.then(f).collect::<Vec<_>>().await`: one after the other |
//! | `[y async for x in s async for y in g(x)]` | `s.flat_map(g).collect::<Vec<_>>().await` |
//! | `(f(x) async for x in s)` | `s.map(f)`: lazy, nothing runs before the first item is asked for |
//! | `[x for x in xs]`, in the middle of these | [`stream::iter(xs)`](https://docs.rs/futures-util/latest/futures_util/stream/fn.iter.html) |
//! | `await anext(s)`, `await anext(s, d)` | `s.next().await`, [`next_or`]`(&mut s, d).await` |
//!
//! ```
//! use std::collections::{HashMap, HashSet};
//! use std::future::ready;
//! use futures_util::{StreamExt, stream};
//!
//! # futures_util::FutureExt::now_or_never(async {
//! let words = || stream::iter(["with", "all", "async"]);
//! async fn fetch(word: &str) -> usize {
//!     word.len()
//! }
//!
//! // {len(w) async for w in words()}
//! let lengths: HashSet<_> = words().map(str::len).collect().await;
//! assert_eq!(lengths, HashSet::from([3, 4, 5]));
//!
//! // {w[0]: w async for w in words()}
//! let by_initial: HashMap<_, _> = words().map(|w| (w.as_bytes()[0], w)).collect().await;
//! assert_eq!(by_initial[&b'a'], "async");
//!
//! // [await fetch(w) async for w in words() if "a" in w]
//! let fetched: Vec<_> = words()
//!     .filter(|w| ready(w.contains('a')))
//!     .then(fetch)
//!     .collect()
//!     .await;
//! assert_eq!(fetched, [3, 5]);
//!
//! // [c async for w in words() for c in w if c != "a"]
//! let letters: String = words()
//!     .flat_map(|w| stream::iter(w.chars()))
//!     .filter(|c| ready(*c != 'a'))
//!     .collect()
//!     .await;
//! assert_eq!(letters, "withllsync");
//! # }).unwrap();
//! ```
//!
//! Elements never overlap, whatever is awaited in them, unless an adapter says that they do:
//! `StreamExt::buffered`, or [`buffered`], which works on while the loop body runs. Collecting takes
//! the stream and drops it; where scopes are open in there whose end is to be waited for, use
//! [`try_collect`], or put [`await_cleanup`](crate::await_cleanup()) around it. Adapters own their
//! sources, ours as those of `StreamExt`, so [`close`](crate::close()) closes them all.
//!
//! [`StreamExt`]: https://docs.rs/futures-util/latest/futures_util/stream/trait.StreamExt.html
//! [`TryStreamExt`]: https://docs.rs/futures-util/latest/futures_util/stream/trait.TryStreamExt.html

mod channel_scope;
mod closing;
mod idle_timeout;
mod interval;
mod next_or;
mod pages;
pub mod prefetch;
#[cfg(test)]
mod tests;
mod try_collect;

pub use self::channel_scope::{ChannelScope, Items, channel_scope, try_channel_scope};
pub use self::idle_timeout::{Idle, IdleTimeout, idle_timeout};
pub use self::interval::{Interval, MissedTicks, interval, interval_at};
pub use self::next_or::{NextOr, next_or};
pub use self::pages::{Pages, pages};
pub use self::prefetch::{buffered, prefetch};
pub use self::try_collect::{Partial, TryCollect, TryCollectPartial, try_collect};
