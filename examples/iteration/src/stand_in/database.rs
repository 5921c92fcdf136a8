//! A database: tables of posts, asked by a little SQL over connections that take their time.

mod query;

use std::fmt;
use std::sync::Arc;

use withal::runtime::Runtime;
use withal::{ExitReason, HandOver, Scope};

use self::query::Query;
use crate::{Error, Setting};

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Post {
    /// Its number, from 1.
    pub id: usize,
    /// What it is about.
    pub title: String,
}

/// A database with one table, `posts`.
#[derive(Clone)]
pub struct Database<R> {
    on: Setting<R>,
    posts: Arc<[Post]>,
}

impl<R: Runtime> Database<R> {
    /// A database that holds posts with these titles.
    pub fn new(on: &Setting<R>, titles: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let posts = (1..).zip(titles).map(|(id, title)| Post {
            id,
            title: title.into(),
        });
        Self {
            on: on.clone(),
            posts: posts.collect(),
        }
    }

    /// A connection, as a scope.
    pub fn connection(&self) -> Connection<R> {
        Connection { db: self.clone() }
    }
}

impl<R> fmt::Debug for Database<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("posts", &self.posts.len())
            .finish_non_exhaustive()
    }
}

/// The scope that [`Database::connection`] makes: connected in `enter`, logged off in `exit`.
#[derive(Debug)]
pub struct Connection<R> {
    db: Database<R>,
}

impl<R: Runtime> Scope for Connection<R> {
    type Resource = Session<R>;
    type Error = Error;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Session<R>, Error> {
        let db = self.db.clone();
        db.on.tick().await;
        db.on.print(format_args!("+connection"));
        Ok(Session { db })
    }

    async fn exit(self, session: Session<R>, _: ExitReason<'_>) -> Result<(), Error> {
        session.db.on.tick().await;
        session.db.on.print(format_args!("-connection"));
        Ok(())
    }
}

/// What a [`Connection`] lends.
#[derive(Debug)]
pub struct Session<R> {
    db: Database<R>,
}

impl<R: Runtime> Session<R> {
    /// Asks for all rows of a query at once.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the answer is dropped; it can be asked for again.
    ///
    /// # Errors
    ///
    /// [`Error::Query`], if the database does not understand it.
    pub async fn fetch(&self, query: &str) -> Result<Vec<Post>, Error> {
        let query = Query::parse(query)?;
        self.db.on.tick().await;
        Ok(query.run(&self.db.posts).to_vec())
    }

    /// A cursor on what a query gives, as a scope: opened in `enter`, closed in `exit`.
    pub fn cursor(&self, query: &str) -> OpenCursor<R> {
        OpenCursor {
            db: self.db.clone(),
            query: query.to_owned(),
        }
    }
}

/// The scope that [`Session::cursor`] makes.
#[derive(Debug)]
pub struct OpenCursor<R> {
    db: Database<R>,
    query: String,
}

impl<R: Runtime> Scope for OpenCursor<R> {
    type Resource = Cursor<R>;
    type Error = Error;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Cursor<R>, Error> {
        let query = Query::parse(&self.query)?;
        self.db.on.tick().await;
        self.db.on.print(format_args!("+cursor"));
        Ok(Cursor {
            db: self.db.clone(),
            query,
            at: 0,
        })
    }

    async fn exit(self, _: Cursor<R>, _: ExitReason<'_>) -> Result<(), Error> {
        self.db.on.tick().await;
        self.db.on.print(format_args!("-cursor"));
        Ok(())
    }
}

/// What an [`OpenCursor`] lends: a place in the rows of a query.
#[derive(Debug)]
pub struct Cursor<R> {
    db: Database<R>,
    query: Query,
    at: usize,
}

impl<R: Runtime> Cursor<R> {
    /// The next rows, `count` at most; none at the end.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the cursor stays where it is.
    pub async fn fetch_many(&mut self, count: usize) -> Vec<Post> {
        self.db.on.tick().await;
        let rows = self.query.run(&self.db.posts);
        let rows: Vec<_> = rows.iter().skip(self.at).take(count).cloned().collect();
        self.at += rows.len();
        rows
    }
}
