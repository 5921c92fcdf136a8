use std::io;
use std::mem;
use std::str::from_utf8;
use std::sync::{Arc, Mutex, PoisonError};

use withal::runtime::Runtime;
use withal::{ExitReason, HandOver, Scope};

use crate::stand_in::net::{End, Host};
use crate::{Error, Setting};

/// A session with a host, as a scope: it is connected in `enter`, and hangs up in `exit`.
#[derive(Debug)]
pub struct ClientSession<R> {
    host: Host<R>,
}

impl<R: Runtime> ClientSession<R> {
    /// A session with `host`, to be entered.
    pub fn new(host: &Host<R>) -> Self {
        Self { host: host.clone() }
    }
}

impl<R: Runtime> Scope for ClientSession<R> {
    type Resource = Client<R>;
    type Error = Error;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Client<R>, Error> {
        let end = self.host.connect().await?;
        let on = self.host.setting().clone();
        on.print(format_args!("+session"));
        Ok(Client {
            on,
            idle: Arc::new(Mutex::new(Some(end))),
        })
    }

    async fn exit(self, client: Client<R>, _: ExitReason<'_>) -> Result<(), Error> {
        client.on.tick().await; // says goodbye
        client.on.print(format_args!("-session"));
        Ok(())
    }
}

/// What a [`ClientSession`] lends.
#[derive(Debug)]
pub struct Client<R> {
    on: Setting<R>,
    /// The connection, unless a response has it.
    idle: Arc<Mutex<Option<End>>>,
}

impl<R: Runtime> Client<R> {
    /// A request, as a scope: it is sent in `enter`; `exit` gives the connection back.
    pub fn get(&self, target: &str) -> Get<R> {
        Get {
            on: self.on.clone(),
            idle: Arc::clone(&self.idle),
            target: target.to_owned(),
        }
    }
}

/// The scope that [`Client::get`] makes.
#[derive(Debug)]
pub struct Get<R> {
    on: Setting<R>,
    idle: Arc<Mutex<Option<End>>>,
    target: String,
}

impl<R: Runtime> Scope for Get<R> {
    type Resource = Response;
    type Error = Error;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Response, Error> {
        // Dropped before it has entered, this hangs up: an answer may be on its way.
        let taken = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let mut end = taken.ok_or(io::ErrorKind::NotConnected)?;
        let request = format!("GET {} HTTP/1.1\r\nHost: here\r\n\r\n", self.target);
        end.write(request.as_bytes()).await?;
        let status = end.read_line().await?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let status = status.strip_prefix("HTTP/1.1 ");
        let status = status.ok_or(Error::Protocol("no status"))?.to_owned();
        while end.read_line().await?.is_some_and(|line| !line.is_empty()) {}
        self.on.print(format_args!("+response"));
        Ok(Response {
            status,
            body: Body::new(Some(end)),
        })
    }

    async fn exit(self, response: Response, _: ExitReason<'_>) -> Result<(), Error> {
        self.on.tick().await;
        // An answer that was not read to its end would be taken for the next one: hung up then.
        if response.body.is_complete {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            *idle = response.body.from;
        }
        self.on.print(format_args!("-response"));
        Ok(())
    }
}

/// What a [`Get`] lends.
#[derive(Debug)]
#[non_exhaustive]
pub struct Response {
    /// Such as `200 OK`.
    pub status: String,
    /// The body, to be read.
    pub body: Body,
}

impl Response {
    /// The response itself.
    ///
    /// # Errors
    ///
    /// If its status is not 200.
    pub fn ok(&mut self) -> Result<&mut Self, Error> {
        if self.status.starts_with("200 ") {
            Ok(self)
        } else {
            Err(Error::NotFound(self.status.clone()))
        }
    }
}

/// The body of a response, as the host sent it, piece by piece.
#[derive(Debug)]
pub struct Body {
    from: Option<End>,
    /// What has come and was not given out: less than a line.
    text: String,
    is_complete: bool,
}

impl Body {
    fn new(from: Option<End>) -> Self {
        Self {
            from,
            text: String::new(),
            is_complete: false,
        }
    }

    /// Takes the body out, to be put back.
    pub fn take(&mut self) -> Self {
        mem::replace(self, Self::new(None))
    }

    /// The next piece; `None` at the end.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it loses nothing.
    ///
    /// # Errors
    ///
    /// If the host hung up, or sent what is no chunk.
    pub async fn chunk(&mut self) -> Result<Option<String>, Error> {
        if self.text.is_empty() {
            self.receive().await
        } else {
            Ok(Some(mem::take(&mut self.text)))
        }
    }

    /// The next line; `None` at the end.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it loses nothing.
    ///
    /// # Errors
    ///
    /// As [`chunk`](Self::chunk).
    pub async fn line(&mut self) -> Result<Option<String>, Error> {
        loop {
            if let Some((line, rest)) = self.text.split_once('\n') {
                let (line, rest) = (line.to_owned(), rest.to_owned());
                self.text = rest;
                return Ok(Some(line));
            }
            match self.receive().await? {
                Some(text) => self.text.push_str(&text),
                None => return Ok((!self.text.is_empty()).then(|| mem::take(&mut self.text))),
            }
        }
    }

    /// The next chunk. Nothing of it is read before all of it is there, so that a drop loses none.
    async fn receive(&mut self) -> Result<Option<String>, Error> {
        if self.is_complete {
            return Ok(None);
        }
        let end = self.from.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        let mut head = 3;
        while !end.peek(head).await?.ends_with(b"\r\n") {
            head += 1;
        }
        let digits = from_utf8(&end.peek(head).await?[..head - 2]).ok();
        let size = digits.and_then(|digits| usize::from_str_radix(digits, 16).ok());
        let size = size.ok_or(Error::Protocol("no size of a chunk"))?;
        let chunk = end.read(head + size + 2).await?;
        self.is_complete = size == 0;
        let text = from_utf8(&chunk[head..head + size]);
        let text = text.map_err(|_| Error::Protocol("no text"))?;
        Ok((size > 0).then(|| text.to_owned()))
    }
}
