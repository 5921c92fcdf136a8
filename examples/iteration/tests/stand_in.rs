//! The stand-ins keep to their protocols, so that the programs prove something.

use std::convert::Infallible;
use std::io;

use example_support::testing::{Lines, SECOND};
use futures_util::future::join;
use iteration::stand_in::database::Database;
use iteration::stand_in::http::{self, ClientSession};
use iteration::stand_in::net::connection;
use iteration::stand_in::websocket::{Client, Message, Server};
use iteration::{Error, Setting};
use withal::with;
use withal_tests::Deterministic;

/// A clock of its own.
fn setting() -> (Deterministic, Setting<Deterministic>) {
    let rt = Deterministic::new();
    let on = Lines::default().setting(&rt, SECOND);
    (rt, on)
}

#[test]
fn a_database_understands_its_queries_and_no_others() {
    let (rt, on) = setting();
    let db = Database::new(&on, ["one", "two", "three"]);
    let ids = async |query: &str| {
        let asked = with(&rt, db.connection(), async |session| {
            let posts = session.fetch(query).await?;
            Ok::<_, Error>(posts.iter().map(|post| post.id).collect::<Vec<_>>())
        });
        asked.await.map_err(Error::from)
    };
    rt.block_on(async {
        let all = "SELECT * FROM posts";
        for (query, expected) in [
            (all.to_owned(), &[1, 2, 3][..]),
            (format!("{all} ORDER BY id"), &[1, 2, 3]),
            (format!("{all} LIMIT 2"), &[1, 2]),
            (format!("{all} ORDER BY id LIMIT 2 OFFSET 2"), &[3]),
            (format!("{all} OFFSET 9"), &[]),
        ] {
            assert_eq!(ids(&query).await.expect("a query"), expected, "{query}");
        }
        for wrong in [
            "",
            "SELECT * FROM users",
            "SELECT * FROM posts LIMIT",
            "SELECT * FROM posts LIMIT few",
            "SELECT * FROM posts OFFSET 1 LIMIT 1",
        ] {
            assert!(matches!(ids(wrong).await, Err(Error::Query(_))), "{wrong}");
        }
    });
}

#[test]
fn frames_of_every_length_arrive_as_they_were() {
    Deterministic::new().block_on(async {
        let (here, there) = connection();
        let (server, mut client) = (Server::new(there), Client::new(here));
        // Around where a length takes two more bytes.
        let sizes = [0, 1, 125, 126, 127, 65_535];
        let send = async {
            for size in sizes {
                server.send(&Message::Binary(vec![7; size])).await?;
                server.send(&Message::Text("ä".repeat(size / 2))).await?;
            }
            let too_long = server.send(&Message::Binary(vec![7; 65_536])).await;
            assert_eq!(
                too_long.map_err(|error| error.kind()),
                Err(io::ErrorKind::InvalidInput)
            );
            server.close().await
        };
        let receive = async {
            for size in sizes {
                let (bytes, text) = (client.receive().await?, client.receive().await?);
                assert_eq!(bytes, Some(Message::Binary(vec![7; size])));
                assert_eq!(text, Some(Message::Text("ä".repeat(size / 2))));
            }
            assert_eq!(client.receive().await?, None);
            Ok::<_, Error>(())
        };
        let (sent, received) = join(send, receive).await;
        sent.expect("the client listens");
        received.expect("what was sent");
    });
}

#[test]
fn a_connection_is_used_again_unless_an_answer_was_left_half_read() {
    let (rt, on) = setting();
    let host = http::host(&on, |request| {
        let lines = request.query.get("lines")?.parse().ok()?;
        Some(vec!["text".to_owned(); lines])
    });
    rt.block_on(async {
        let asked = with(&rt, ClientSession::new(&host), async |client| {
            let read = async |target: &str, lines: usize| {
                let read = with(&rt, client.get(target), async |response| {
                    let mut count = 0;
                    while count < lines && response.ok()?.body.line().await?.is_some() {
                        count += 1;
                    }
                    Ok::<_, Error>(count)
                });
                read.await.map_err(Error::from)
            };
            assert_eq!(read("/?lines=3", 9).await.expect("an answer"), 3);
            assert_eq!(read("/?lines=0", 9).await.expect("an answer"), 0);
            assert_eq!(read("/?lines=30", 2).await.expect("an answer"), 2);
            let again = read("/?lines=3", 9).await;
            assert!(
                matches!(&again, Err(Error::Io(error)) if error.kind() == io::ErrorKind::NotConnected),
                "{again:?}"
            );
            Ok::<_, Infallible>(())
        });
        asked.await.expect("a clean exit");

        let missing = with(&rt, ClientSession::new(&host), async |client| {
            let missing = with(&rt, client.get("/"), async |response| response.ok().map(drop));
            Ok::<_, Error>(missing.await?)
        });
        assert!(matches!(missing.await.map_err(Error::from), Err(Error::NotFound(_))));
    });
}

#[test]
fn whoever_writes_to_one_that_has_hung_up_is_told() {
    Deterministic::new().block_on(async {
        let (mut here, there) = connection();
        there
            .write(b"the last\nwords")
            .await
            .expect("there is room");
        drop(there);
        let refused = here.write(b"hello?").await;
        assert_eq!(
            refused.map_err(|error| error.kind()),
            Err(io::ErrorKind::BrokenPipe)
        );
        assert_eq!(
            here.read_line().await.ok().flatten().as_deref(),
            Some("the last")
        );
        let cut_off = here.read_line().await;
        assert_eq!(
            cut_off.map_err(|error| error.kind()),
            Err(io::ErrorKind::UnexpectedEof)
        );
    });
}
