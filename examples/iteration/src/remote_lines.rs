//! A stream behind a scope that is made of scopes.

use std::ops::ControlFlow;

use futures_util::stream::Stream;
use withal::runtime::Runtime;
use withal::scope::{Lend, Scope, scope_fn};
use withal::{for_each, generator, with};

use crate::stand_in::http::{Body, ClientSession, host};
use crate::stand_in::net::Host;
use crate::{Error, Setting};

// Row S1.24: the manager.
/// The body of what `target` answers, while session and response are open.
pub fn open_stream<R: Runtime>(
    on: &Setting<R>,
    host: &Host<R>,
    target: &'static str,
) -> impl Scope<Resource = Body, Error = Error, OnDrop = withal::HandOver> + use<R> {
    let (on, host) = (on.clone(), host.clone());
    scope_fn(async move |lend: Lend<Body>| {
        let lent = with(&on.rt, ClientSession::new(&host), async |client| {
            let lent = with(&on.rt, client.get(target), async |response| {
                let body = response.ok()?.body.take();
                on.print(format_args!("+stream"));
                let (body, ended) = lend.lend(body).await;
                on.print(format_args!("-stream"));
                response.body = body;
                Ok::<_, Error>(ended)
            });
            Ok::<_, Error>(lent.await?)
        });
        Ok(lent.await?)
    })
}

// Row S1.24: the generator.
/// The lines of what `target` answers. Three scopes are open at each yield.
pub fn stream_lines<R: Runtime>(
    on: &Setting<R>,
    host: &Host<R>,
    target: &'static str,
) -> impl Stream<Item = Result<String, Error>> {
    generator(async move |y| {
        let read = with(&on.rt, open_stream(on, host, target), async |body| {
            while let Some(line) = body.line().await? {
                y.yield_(line).await;
            }
            Ok::<_, Error>(())
        });
        read.await?;
        Ok(())
    })
}

/// The pieces of a body that is borrowed from its scope.
fn chunks(body: &mut Body) -> impl Stream<Item = Result<String, Error>> {
    generator(async move |y| {
        while let Some(chunk) = body.chunk().await? {
            y.yield_(chunk).await;
        }
        Ok(())
    })
}

// Row S2.8.
/// Processes what comes piece by piece, and gives its length. A piece that cannot be processed ends
/// the loop, and closes what is open.
///
/// # Cancel safety
///
/// Dropped, it closes what is open.
///
/// # Errors
///
/// Of the network, or if there is an empty line.
pub async fn process_chunks<R: Runtime>(
    on: &Setting<R>,
    host: &Host<R>,
    target: &'static str,
) -> Result<usize, Error> {
    let mut length = 0;
    with(&on.rt, open_stream(on, host, target), async |body| {
        for_each(chunks(body), async |chunk| {
            let chunk = chunk?;
            if chunk == "\n" {
                return Err(Error::Protocol("an empty line"));
            }
            on.print(format_args!("chunk: {}", chunk.trim_end()));
            length += chunk.len();
            Ok(())
        })
        .await
    })
    .await?;
    Ok(length)
}

/// A host with a poem, and one with an empty line.
pub fn poems<R: Runtime>(on: &Setting<R>) -> Host<R> {
    host(on, |request| {
        let lines: &[&str] = match request.path.as_str() {
            "/poem" => &[
                "who has seen the wind",
                "neither you nor I",
                "but when",
                "the trees",
            ],
            "/broken" => &["who has", "", "seen the wind"],
            _ => return None,
        };
        Some(lines.iter().map(|&line| line.to_owned()).collect())
    })
}

/// Prints all lines, then two, then the pieces.
///
/// # Cancel safety
///
/// Dropped, it closes what is open.
///
/// # Errors
///
/// Of the network; there are none.
pub async fn run<R: Runtime>(on: &Setting<R>) -> Result<usize, Error> {
    let host = poems(on);
    for limit in [usize::MAX, 2] {
        let mut left = limit;
        let ended = for_each(stream_lines(on, &host, "/poem"), async |line| {
            on.print(format_args!("{}", line?));
            left -= 1;
            Ok::<_, Error>(if left == 0 {
                ControlFlow::Break("enough")
            } else {
                ControlFlow::Continue(())
            })
        });
        match ended.await? {
            ControlFlow::Break(why) => on.print(format_args!("left the loop: {why}")),
            ControlFlow::Continue(()) => on.print(format_args!("no more lines")),
        }
    }
    process_chunks(on, &host, "/poem").await
}
