//! A session with a host, and its responses: scopes around the client of `hyper`.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, Response, StatusCode, header};
use serde_json::Value;
use withal::runtime::Runtime;
use withal::scope::{Lend, scope_fn};
use withal::sync::Mutex;
use withal::sync::mutex::Guard;
use withal::{ExitReason, HandOver, Scope, Synchronous, spawn};

use crate::stand_in::host::Connect;
use crate::{Error, Setting};

type Sender = Mutex<SendRequest<Empty<Bytes>>>;

/// A connection, over which one request goes at a time; the next one waits.
pub struct Session<R> {
    on: Setting<R>,
    sender: Arc<Sender>,
}

/// A session, from the handshake to the end of the connection.
///
/// What drives the connection runs beside the body, in a task that this owns.
pub fn session<R: Runtime, C: Connect>(
    on: &Setting<R>,
    host: &C,
) -> impl Scope<Resource = Session<R>, Error = Error, OnDrop = HandOver> + use<R, C> {
    let (on, host) = (on.clone(), host.clone());
    scope_fn(async move |lend: Lend<Session<R>>| {
        let (sender, connection) = handshake(host.connect().await?).await?;
        let driver = spawn(&on.rt, connection);
        on.print(format_args!("+session"));
        let session = Session {
            on: on.clone(),
            sender: Arc::new(Mutex::new(sender)),
        };
        let (session, ended) = lend.lend(session).await;
        drop(session); // the connection ends when nobody can send any more
        driver.await??;
        on.print(format_args!("-session"));
        Ok(ended)
    })
}

impl<R: Runtime> Session<R> {
    /// A request, as a scope: sent in `enter`; `exit` leaves the connection to the next one, which
    /// waits until it is free.
    pub fn get(&self, path: &str) -> Get<R> {
        Get {
            on: self.on.clone(),
            sender: Arc::clone(&self.sender),
            path: path.to_owned(),
        }
    }
}

impl<R> fmt::Debug for Session<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

/// The scope that [`Session::get`] makes.
#[derive(Debug)]
pub struct Get<R> {
    on: Setting<R>,
    sender: Arc<Sender>,
    path: String,
}

impl<R: Runtime> Scope for Get<R> {
    type Resource = Answer;
    type Error = Error;
    type OnDrop = Synchronous; // its exit does not wait

    async fn enter(&mut self) -> Result<Answer, Error> {
        let mut sender = self.sender.lock_owned().await;
        sender.ready().await?;
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = self
            .path
            .parse()
            .map_err(|_| Error::NotFound(self.path.clone()))?;
        let host = header::HeaderValue::from_static("localhost");
        request.headers_mut().insert(header::HOST, host);
        let response = sender.send_request(request).await?;
        self.on.print(format_args!("+response"));
        Ok(Answer {
            response,
            _sender: sender,
        })
    }

    async fn exit(self, answer: Answer, _: ExitReason<'_>) -> Result<(), Error> {
        // One that was not read to its end would be taken for the next one: the client hangs up then.
        drop(answer);
        self.on.print(format_args!("-response"));
        Ok(())
    }
}

/// What a [`Get`] lends.
#[derive(Debug)]
pub struct Answer {
    response: Response<Incoming>,
    /// Nobody else sends meanwhile.
    _sender: Guard<Arc<Sender>, SendRequest<Empty<Bytes>>>,
}

impl Answer {
    /// What the host thinks of the request.
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it loses nothing.
    ///
    /// # Errors
    ///
    /// If the host hung up.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        while let Some(frame) = self.response.frame().await {
            if let Ok(data) = frame?.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// The rest of the body.
    ///
    /// # Cancel safety
    ///
    /// Dropped, what was read is lost.
    ///
    /// # Errors
    ///
    /// If the host hung up.
    pub async fn bytes(&mut self) -> Result<Bytes, Error> {
        Ok(self.response.body_mut().collect().await?.to_bytes())
    }

    /// The body, as JSON.
    ///
    /// # Cancel safety
    ///
    /// As [`bytes`](Self::bytes).
    ///
    /// # Errors
    ///
    /// If the host hung up, has no such thing, or sent something else.
    pub async fn json(&mut self) -> Result<Value, Error> {
        if self.status() != StatusCode::OK {
            return Err(Error::NotFound(self.status().to_string()));
        }
        Ok(serde_json::from_slice(&self.bytes().await?)?)
    }
}
