//! A table, page by page; and an answer that is sent while it is read.

use std::fmt::Write as _;

use futures_util::stream::Stream;
use withal::runtime::Runtime;
use withal::{for_each, generator, with};

use crate::stand_in::database::{Database, Post};
use crate::stand_in::http::{ClientSession, Responder, request};
use crate::stand_in::net::{Host, Listener, listen};
use crate::{Error, Setting};

// Row S0.8.
/// All posts, of which `page_size` are fetched at a time.
///
/// A page is fetched when its first post is asked for. The connection is held from the first step to
/// the end, whatever that is.
pub fn paginated_results<R: Runtime>(
    on: &Setting<R>,
    db: &Database<R>,
    page_size: usize,
) -> impl Stream<Item = Result<Post, Error>> {
    generator(async move |y| {
        let read = with(&on.rt, db.connection(), async |session| {
            for page in 0.. {
                let offset = page * page_size;
                let query =
                    format!("SELECT * FROM posts ORDER BY id LIMIT {page_size} OFFSET {offset}");
                let posts = session.fetch(&query).await?;
                if posts.is_empty() {
                    break;
                }
                for post in posts {
                    y.yield_(post).await;
                }
            }
            Ok::<_, Error>(())
        });
        read.await?;
        Ok(())
    })
}

// Row S0.9.
/// Processes each post, and gives their number. The first that cannot be processed ends it: the
/// connection is closed before the error is returned.
///
/// # Cancel safety
///
/// Dropped, it closes the connection.
///
/// # Errors
///
/// Of the database, or if a post has no title.
pub async fn process_all_posts<R: Runtime>(
    on: &Setting<R>,
    db: &Database<R>,
) -> Result<usize, Error> {
    let mut processed = 0;
    for_each(paginated_results(on, db, 2), async |post| {
        let post = post?;
        on.tick().await;
        if post.title.is_empty() {
            return Err(Error::NotFound(format!("a title of post {}", post.id)));
        }
        on.print(format_args!("processed: {}", post.title));
        processed += 1;
        Ok(())
    })
    .await?;
    Ok(processed)
}

// Row S0.10: a generator over a generator.
/// All posts as one JSON array, in pieces.
///
/// Whoever closes this closes what it reads from.
pub fn stream_posts_json<R: Runtime>(
    on: &Setting<R>,
    db: &Database<R>,
) -> impl Stream<Item = Result<String, Error>> {
    generator(async move |y| {
        y.yield_("[".to_owned()).await;
        let mut first = true;
        for_each(paginated_results(on, db, 2), async |post| {
            let post = post?;
            if !first {
                y.yield_(",".to_owned()).await;
            }
            first = false;
            y.yield_(json(&post)).await;
            Ok::<_, Error>(())
        })
        .await?;
        y.yield_("]".to_owned()).await;
        Ok(())
    })
}

fn json(post: &Post) -> String {
    let mut title = String::new();
    for c in post.title.chars() {
        match c {
            '"' | '\\' => title.extend(['\\', c]),
            c if c < ' ' => drop(write!(title, "\\u{:04x}", u32::from(c))),
            c => title.push(c),
        }
    }
    format!("{{\"id\":{},\"title\":\"{title}\"}}", post.id)
}

// Row S0.10: the route.
/// Sends what [`stream_posts_json`] gives as fast as the client reads it. A client that hangs up is
/// an error of the loop's body: the generators are closed, and the connection with them.
async fn stream_all_posts<R: Runtime>(
    on: &Setting<R>,
    db: &Database<R>,
    client: Responder<'_>,
) -> Result<(), Error> {
    client.begin("200 OK", "application/json").await?;
    for_each(stream_posts_json(on, db), async |piece| {
        client.chunk(&piece?).await?;
        Ok::<_, Error>(())
    })
    .await?;
    client.end().await?;
    Ok(())
}

/// Answers whoever asks with all posts, until nobody can connect any more.
///
/// # Cancel safety
///
/// Dropped, it hangs up, and closes the database's connection.
pub async fn serve<R: Runtime>(on: &Setting<R>, db: &Database<R>, listener: Listener) {
    while let Some(mut end) = listener.accept().await {
        while let Ok(Some(_posts)) = request(&mut end).await {
            match stream_all_posts(on, db, Responder::new(&end)).await {
                Ok(()) => on.print(format_args!("served")),
                Err(error) => {
                    on.print(format_args!("not served: {error}"));
                    break;
                }
            }
        }
    }
}

/// Asks the host for all posts, and hangs up after `pieces`.
///
/// # Cancel safety
///
/// Dropped, it hangs up.
///
/// # Errors
///
/// If the host hangs up first.
pub async fn read_posts<R: Runtime>(
    on: &Setting<R>,
    app: &Host<R>,
    pieces: usize,
) -> Result<String, Error> {
    let mut text = String::new();
    with(&on.rt, ClientSession::new(app), async |client| {
        with(&on.rt, client.get("/posts/stream"), async |response| {
            for _ in 0..pieces {
                let Some(piece) = response.ok()?.body.chunk().await? else {
                    break;
                };
                text.push_str(&piece);
            }
            Ok::<_, Error>(())
        })
        .await?;
        Ok::<_, Error>(())
    })
    .await?;
    Ok(text)
}

/// Processes all posts; then reads them as JSON, once to the end, and once not.
///
/// # Cancel safety
///
/// Dropped, it closes the connections.
///
/// # Errors
///
/// Of the database and the network; there are none.
pub async fn run<R: Runtime>(on: &Setting<R>) -> Result<usize, Error> {
    let db = Database::new(on, ["one", "\"two\"", "three", "four", "five"]);
    let processed = process_all_posts(on, &db).await?;
    on.print(format_args!("{processed} posts"));
    let (app, listener) = listen(on);
    let server = on.rt.spawn({
        let on = on.clone();
        async move { serve(&on, &db, listener).await }
    });
    for pieces in [usize::MAX, 4] {
        let text = read_posts(on, &app, pieces).await?;
        on.print(format_args!("read: {text}"));
    }
    drop(app); // Nobody can connect any more.
    server.await.unwrap_or_else(|error| error.resume());
    Ok(processed)
}
