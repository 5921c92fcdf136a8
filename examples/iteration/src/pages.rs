//! Pages of an API, of which each has a session and a response of its own.

use futures_util::stream::Stream;
use withal::runtime::Runtime;
use withal::{for_each, generator, with};

use crate::stand_in::http::{ClientSession, host};
use crate::stand_in::net::Host;
use crate::{Error, Setting};

// Row S1.3.
/// The pages that `host` has, `max_pages` at most; an empty one is the end.
///
/// A page is given out while its session and its response are open, and both are closed before the
/// next one is asked for.
pub fn fetch_pages<R: Runtime>(
    on: &Setting<R>,
    host: &Host<R>,
    max_pages: u32,
) -> impl Stream<Item = Result<Vec<String>, Error>> {
    generator(async move |y| {
        for page in 1..=max_pages {
            let fetched = with(&on.rt, ClientSession::new(host), async |client| {
                let get = client.get(&format!("/items?page={page}"));
                let fetched = with(&on.rt, get, async |response| {
                    let body = &mut response.ok()?.body;
                    let mut results = Vec::new();
                    while let Some(line) = body.line().await? {
                        results.push(line);
                    }
                    let more = !results.is_empty();
                    if more {
                        y.yield_(results).await;
                    }
                    Ok::<_, Error>(more)
                });
                Ok::<_, Error>(fetched.await?)
            });
            if !fetched.await? {
                return Ok(()); // the exits have run
            }
        }
        Ok(())
    })
}

/// A host with three items on each of two pages.
pub fn items<R: Runtime>(on: &Setting<R>) -> Host<R> {
    host(on, |request| {
        let page: u32 = request.query.get("page")?.parse().ok()?;
        let count = if page <= 2 { 3 } else { 0 };
        Some((1..=count).map(|id| format!("item {page}.{id}")).collect())
    })
}

/// Prints all items.
///
/// # Cancel safety
///
/// Dropped, it closes what is open.
///
/// # Errors
///
/// Of the network; there are none.
pub async fn run<R: Runtime>(on: &Setting<R>) -> Result<(), Error> {
    for_each(fetch_pages(on, &items(on), 10), async |page| {
        on.print(format_args!("{}", page?.join(", ")));
        Ok(())
    })
    .await
}
