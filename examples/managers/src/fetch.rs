//! Requests: scopes in a scope, and values that outlive both.

use bytes::Bytes;
use futures_util::stream::Stream;
use serde_json::Value;
use withal::runtime::Runtime;
use withal::{for_each, generator, with};

use crate::session::{Answer, session};
use crate::stand_in::host::Connect;
use crate::{Error, Setting};

// Row S0.1.
/// A user. The value is returned from inside of both scopes, and so is an error: both are exited.
///
/// # Cancel safety
///
/// Dropped, it ends request and session. So do the others.
///
/// # Errors
///
/// If there is no such user, or no host.
pub async fn fetch_user<R: Runtime>(
    on: &Setting<R>,
    host: &impl Connect,
    id: u32,
) -> Result<Value, Error> {
    let user = with(&on.rt, session(on, host), async |session| {
        let path = format!("/users/{id}");
        let user = with(&on.rt, session.get(&path), async |answer| {
            answer.json().await
        });
        Ok::<_, Error>(user.await?)
    });
    Ok(user.await?)
}

// Rows S1.15 and S2.3: two scopes, one in the other.
/// Prints what the host has to say.
///
/// # Errors
///
/// Of the network.
async fn print_data<R: Runtime>(on: &Setting<R>, host: &impl Connect) -> Result<(), Error> {
    with(&on.rt, session(on, host), async |session| {
        with(&on.rt, session.get("/"), async |answer| {
            let data = answer.json().await?;
            on.print(format_args!("{data}"));
            Ok::<_, Error>(())
        })
        .await?;
        Ok::<_, Error>(())
    })
    .await?;
    Ok(())
}

// Row S3.1: what is read inside is used outside.
/// Prints the status, and the first keys.
///
/// # Errors
///
/// Of the network.
async fn print_keys<R: Runtime>(on: &Setting<R>, host: &impl Connect) -> Result<(), Error> {
    let (status, data) = with(&on.rt, session(on, host), async |session| {
        let read = with(&on.rt, session.get("/"), async |answer| {
            Ok::<_, Error>((answer.status(), answer.json().await?))
        });
        Ok::<_, Error>(read.await?)
    })
    .await?;
    let keys = data.as_object().into_iter().flat_map(|data| data.keys());
    on.print(format_args!(
        "{status}; keys: {:?}",
        keys.take(2).collect::<Vec<_>>()
    ));
    Ok(())
}

/// The pieces of an answer that is borrowed from its scope.
fn chunks(answer: &mut Answer) -> impl Stream<Item = Result<Bytes, Error>> {
    generator(async move |y| {
        while let Some(chunk) = answer.chunk().await? {
            y.yield_(chunk).await;
        }
        Ok(())
    })
}

// Row S2.8: a loop in a scope. An error ends both, the loop first.
/// Processes an answer piece by piece, and gives their length.
///
/// # Errors
///
/// Of the network, or if there is an empty line.
async fn process<R: Runtime>(
    on: &Setting<R>,
    host: &impl Connect,
    path: &str,
) -> Result<usize, Error> {
    let length = with(&on.rt, session(on, host), async |session| {
        let read = with(&on.rt, session.get(path), async |answer| {
            let mut length = 0;
            for_each(chunks(answer), async |chunk| {
                let chunk = chunk?;
                if chunk == "\n" {
                    return Err(Error::NotFound("words in a line".to_owned()));
                }
                length += chunk.len();
                Ok(())
            })
            .await?;
            Ok::<_, Error>(length)
        });
        Ok::<_, Error>(read.await?)
    });
    Ok(length.await?)
}

/// Prints a user, and that there is none; all there is; its keys; the length of a poem.
///
/// # Errors
///
/// Of the network.
pub async fn run<R: Runtime>(on: &Setting<R>, host: &impl Connect) -> Result<(), Error> {
    let user = fetch_user(on, host, 7).await?;
    on.print(format_args!("{}", user["name"]));
    if let Err(error) = fetch_user(on, host, 8).await {
        on.print(format_args!("{error}"));
    }
    print_data(on, host).await?;
    print_keys(on, host).await?;
    on.print(format_args!("{} bytes", process(on, host, "/poem").await?));
    if let Err(error) = process(on, host, "/broken").await {
        on.print(format_args!("{error}"));
    }
    Ok(())
}
