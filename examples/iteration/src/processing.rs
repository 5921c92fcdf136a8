//! A loop that closes its source and counts; and steps by hand.

use futures_util::stream::{Stream, StreamExt as _};
use withal::runtime::Runtime;
use withal::{closing, for_each};

use crate::cursor::fetch_rows;
use crate::stand_in::database::{Database, Post};
use crate::{Error, Setting};

/// Processes a row, which takes a tick.
async fn process_item<R: Runtime>(on: &Setting<R>, post: &Post) -> Result<(), Error> {
    on.tick().await;
    if post.title.is_empty() {
        return Err(Error::NotFound(format!("a title of post {}", post.id)));
    }
    on.print(format_args!("processed: {}", post.title));
    Ok(())
}

// Row S4.14.
/// Processes what a stream gives, and counts it. The stream is closed when this returns: also if
/// something could not be processed, and also if this is dropped.
///
/// # Cancel safety
///
/// Dropped, it closes the stream.
///
/// # Errors
///
/// Of the stream, and of the processing.
pub async fn process_stream<R: Runtime>(
    on: &Setting<R>,
    stream: impl Stream<Item = Result<Post, Error>>,
) -> Result<usize, Error> {
    let mut count = 0;
    for_each(stream, async |post| {
        process_item(on, &post?).await?;
        count += 1;
        Ok::<_, Error>(())
    })
    .await?;
    Ok(count)
}

// Row S4.18.
/// Steps by hand. A step that is not awaited is a warning of the compiler; the end is a `None` that
/// has to be looked at, and comes again and again: there is no signal to be caught, or missed.
///
/// # Cancel safety
///
/// Dropped, it closes the stream.
///
/// # Errors
///
/// Of the stream.
pub async fn first_two<R: Runtime>(
    on: &Setting<R>,
    stream: impl Stream<Item = Result<Post, Error>>,
) -> Result<Option<(Post, Post)>, Error> {
    closing(stream, async |mut stream| {
        let mut first_two = [None, None];
        for place in &mut first_two {
            *place = stream.next().await.transpose()?;
            let came = if place.is_some() { "a row" } else { "the end" };
            on.print(format_args!("{came}"));
        }
        let [first, second] = first_two;
        Ok(first.zip(second))
    })
    .await
}

const QUERY: &str = "SELECT * FROM posts";

/// Processes the rows of a table with these titles, and prints what comes of it.
async fn processed<R: Runtime>(on: &Setting<R>, titles: &[&str]) -> Result<usize, Error> {
    let db = Database::new(on, titles.iter().copied());
    let processed = process_stream(on, fetch_rows(on, &db, QUERY, 10)).await;
    match &processed {
        Ok(count) => on.print(format_args!("{count} rows")),
        Err(error) => on.print(format_args!("{error}")),
    }
    processed
}

/// Processes rows; then some of which one cannot be; then takes two, where there is one and where
/// there are more.
///
/// # Cancel safety
///
/// Dropped, it closes what is open.
pub async fn run<R: Runtime>(on: &Setting<R>) -> [Result<usize, Error>; 2] {
    let all = processed(on, &["one", "two", "three"]).await;
    let some = processed(on, &["one", "", "three"]).await;
    for titles in [&["one"][..], &["one", "two", "three"]] {
        let db = Database::new(on, titles.iter().copied());
        let two = first_two(on, fetch_rows(on, &db, QUERY, 10)).await;
        on.print(format_args!("two rows: {}", matches!(two, Ok(Some(_)))));
    }
    [all, some]
}
