//! What comprehensions do, with the adapters of `futures_util`.

use futures_util::future::ready;
use futures_util::stream::{self, Stream, StreamExt as _};
use withal::runtime::Runtime;
use withal::{for_each, generator};

use crate::Setting;
use crate::counting::range;

/// Asks for something, which takes a tick.
async fn fetch<R: Runtime>(on: &Setting<R>, url: &str) -> String {
    on.tick().await;
    format!("data from {url}")
}

// Row S1.7: `[x async for x in async_range(n)]`.
/// The numbers up to `stop`.
///
/// # Cancel safety
///
/// Dropped, it drops what was collected. So do the others.
pub async fn all<R: Runtime>(on: &Setting<R>, stop: u32) -> Vec<u32> {
    range(on, 0..stop).collect().await
}

// Row S1.8: `[x async for x in async_range(n) if x % 2 == 0]`.
/// The even numbers up to `stop`.
///
/// # Cancel safety
///
/// As [`all`].
pub async fn even<R: Runtime>(on: &Setting<R>, stop: u32) -> Vec<u32> {
    let even = range(on, 0..stop).filter(|number| ready(number % 2 == 0));
    even.collect().await
}

// Row S1.9: `(x * 2 async for x in async_range(n))`.
/// The doubles of the numbers up to `stop`. Nothing runs before the first is asked for.
pub fn doubled<R: Runtime>(on: &Setting<R>, stop: u32) -> impl Stream<Item = u32> {
    range(on, 0..stop).map(|number| number * 2)
}

// Row S1.10: `[await fetch(url) for url in urls]`.
/// What `urls` give, fetched one after the other.
///
/// # Cancel safety
///
/// As [`all`].
pub async fn fetched<R: Runtime>(on: &Setting<R>, urls: &[&str]) -> Vec<String> {
    stream::iter(urls)
        .then(async |url| fetch(on, url).await)
        .collect()
        .await
}

/// The same, `at_once` at the same time and in the order of `urls`: that has another name, and is
/// never what happens by itself.
///
/// # Cancel safety
///
/// As [`all`].
pub async fn fetched_at_once<R: Runtime>(
    on: &Setting<R>,
    urls: &[&str],
    at_once: usize,
) -> Vec<String> {
    stream::iter(urls)
        .map(|url| fetch(on, url))
        .buffered(at_once)
        .collect()
        .await
}

/// Gives `urls`, each after a tick.
fn url_generator<R: Runtime>(on: &Setting<R>, urls: &[&str]) -> impl Stream<Item = String> {
    generator(async move |y| {
        for url in urls {
            on.tick().await;
            y.yield_((*url).to_owned()).await;
        }
    })
}

// Row S1.11: `[await fetch(url) async for url in url_generator()]`.
/// What comes of each url that a generator gives: one is pulled, fetched, and then the next pulled.
///
/// # Cancel safety
///
/// As [`all`].
pub async fn fetched_as_they_come<R: Runtime>(on: &Setting<R>, urls: &[&str]) -> Vec<String> {
    url_generator(on, urls)
        .then(async |url| fetch(on, &url).await)
        .collect()
        .await
}

/// Prints what they give.
///
/// # Cancel safety
///
/// As [`all`].
pub async fn run<R: Runtime>(on: &Setting<R>) {
    on.print(format_args!("all: {:?}", all(on, 5).await));
    on.print(format_args!("even: {:?}", even(on, 10).await));
    for_each(doubled(on, 5), async |number| {
        on.print(format_args!("doubled: {number}"));
    })
    .await;
    let urls = ["url1", "url2", "url3"];
    on.print(format_args!("{}", fetched(on, &urls).await.join(", ")));
    let at_once = fetched_at_once(on, &urls, 3).await;
    on.print(format_args!("at once: {}", at_once.join(", ")));
    let as_they_come = fetched_as_they_come(on, &urls).await;
    on.print(format_args!("as they come: {}", as_they_come.join(", ")));
}
