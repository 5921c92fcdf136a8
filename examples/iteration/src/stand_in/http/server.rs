use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use withal::runtime::Runtime;

use crate::Setting;
use crate::stand_in::net::{End, Host, listen};

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// Without the query.
    pub path: String,
    /// The parameters of the query.
    pub query: BTreeMap<String, String>,
}

impl Request {
    fn parse(line: &str) -> Option<Self> {
        let target = line.strip_prefix("GET ")?.strip_suffix(" HTTP/1.1")?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let query = query.split('&').filter_map(|pair| pair.split_once('='));
        Some(Self {
            path: path.to_owned(),
            query: query.map(|(k, v)| (k.to_owned(), v.to_owned())).collect(),
        })
    }
}

/// Where a handler answers.
#[derive(Debug)]
pub struct Responder<'a> {
    to: &'a End,
}

impl<'a> Responder<'a> {
    /// Answers over `to`.
    pub fn new(to: &'a End) -> Self {
        Self { to }
    }

    /// Begins the answer.
    ///
    /// # Cancel safety
    ///
    /// Dropped, this leaves an answer that is cut off: the connection is of no more use. So do the
    /// others.
    ///
    /// # Errors
    ///
    /// If the client has hung up. So do the others.
    pub async fn begin(&self, status: &str, media_type: &str) -> io::Result<()> {
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nTransfer-Encoding: chunked\r\n\r\n"
        );
        self.to.write(head.as_bytes()).await
    }

    /// Sends a piece of the body.
    ///
    /// # Cancel safety
    ///
    /// As [`begin`](Self::begin).
    ///
    /// # Errors
    ///
    /// As [`begin`](Self::begin).
    pub async fn chunk(&self, text: &str) -> io::Result<()> {
        if text.is_empty() {
            return Ok(()); // It would be the end.
        }
        let chunk = format!("{:x}\r\n{text}\r\n", text.len());
        self.to.write(chunk.as_bytes()).await
    }

    /// Ends the body.
    ///
    /// # Cancel safety
    ///
    /// As [`begin`](Self::begin).
    ///
    /// # Errors
    ///
    /// As [`begin`](Self::begin).
    pub async fn end(&self) -> io::Result<()> {
        self.to.write(b"0\r\n\r\n").await
    }
}

/// Reads a request; `None` at the end of the connection.
///
/// # Cancel safety
///
/// Dropped, it may have read a part of the request: the connection is of no more use.
///
/// # Errors
///
/// If the client hung up within a request, or sent what is none.
pub async fn request(end: &mut End) -> io::Result<Option<Request>> {
    let Some(line) = end.read_line().await? else {
        return Ok(None);
    };
    while end.read_line().await?.is_some_and(|line| !line.is_empty()) {}
    let request = Request::parse(&line).ok_or(io::ErrorKind::InvalidData)?;
    Ok(Some(request))
}

/// A host whose `pages` answer with the lines of a text, or with `None`: not found. Each connection is
/// served by a task of its own.
pub fn host<R: Runtime>(
    on: &Setting<R>,
    pages: impl Fn(&Request) -> Option<Vec<String>> + Send + Sync + 'static,
) -> Host<R> {
    let (host, listener) = listen(on);
    let rt = on.rt.clone();
    let pages = Arc::new(pages);
    drop(on.rt.spawn(async move {
        while let Some(mut end) = listener.accept().await {
            let pages = Arc::clone(&pages);
            drop(rt.spawn(async move {
                // A client that hangs up is no error of the host.
                let _hung_up = answer_all(&mut end, &*pages).await;
            }));
        }
    }));
    host
}

async fn answer_all(
    end: &mut End,
    pages: &(impl Fn(&Request) -> Option<Vec<String>> + Send + Sync),
) -> io::Result<()> {
    while let Some(request) = request(end).await? {
        let responder = Responder::new(end);
        match pages(&request) {
            Some(lines) => {
                responder.begin("200 OK", "text/plain").await?;
                for line in lines {
                    responder.chunk(&format!("{line}\n")).await?;
                }
            }
            None => responder.begin("404 Not Found", "text/plain").await?,
        }
        responder.end().await?;
    }
    Ok(())
}
