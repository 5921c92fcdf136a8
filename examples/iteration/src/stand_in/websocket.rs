//! Frames of RFC 6455, from a server to its client; without the handshake.

use std::io;

use crate::Error;
use crate::stand_in::net::End;

const FIN: u8 = 0x80;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;

/// A length of 126 or more stands in two bytes of its own.
const LONG: u8 = 126;

/// A message, as far as it is none of the protocol's own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Message {
    /// Text.
    Text(String),
    /// Anything else.
    Binary(Vec<u8>),
}

/// The server's end.
#[derive(Debug)]
pub struct Server {
    end: End,
}

/// The client's end.
#[derive(Debug)]
pub struct Client {
    end: End,
}

impl Server {
    /// Speaks over `end`.
    pub fn new(end: End) -> Self {
        Self { end }
    }

    /// Sends a message.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it leaves a frame that is cut off: the connection is of no more use.
    ///
    /// # Errors
    ///
    /// If the client has hung up, or the message is longer than 65,535 byte.
    pub async fn send(&self, message: &Message) -> io::Result<()> {
        match message {
            Message::Text(text) => self.frame(TEXT, text.as_bytes()).await,
            Message::Binary(bytes) => self.frame(BINARY, bytes).await,
        }
    }

    /// Says that nothing more comes.
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// If the client has hung up.
    pub async fn close(&self) -> io::Result<()> {
        self.frame(CLOSE, &[]).await
    }

    /// Sends what is no message, as a broken server does.
    ///
    /// # Cancel safety
    ///
    /// As [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// If the client has hung up.
    pub async fn send_rubbish(&self) -> io::Result<()> {
        self.frame(0x0F, b"?").await
    }

    async fn frame(&self, opcode: u8, payload: &[u8]) -> io::Result<()> {
        let long = u16::try_from(payload.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut frame = vec![FIN | opcode];
        match u8::try_from(long) {
            Ok(short) if short < LONG => frame.push(short),
            _ => {
                frame.push(LONG);
                frame.extend(long.to_be_bytes());
            }
        }
        frame.extend(payload);
        self.end.write(&frame).await
    }
}

impl Client {
    /// Speaks over `end`.
    pub fn new(end: End) -> Self {
        Self { end }
    }

    /// Receives a message; `None` when the server has closed.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it loses nothing: a frame is read as a whole, or not at all.
    ///
    /// # Errors
    ///
    /// If the server hung up without a word, or sent what is no frame.
    pub async fn receive(&mut self) -> Result<Option<Message>, Error> {
        let end = &mut self.end;
        let (head, size) = match end.peek(2).await?[1] {
            LONG => {
                let long = end.peek(4).await?;
                (4, usize::from(u16::from_be_bytes([long[2], long[3]])))
            }
            short if short < LONG => (2, usize::from(short)),
            _ => return Err(Error::Protocol("a frame too long, or masked")),
        };
        let mut frame = end.read(head + size).await?;
        let payload = frame.split_off(head);
        match frame[0] ^ FIN {
            TEXT => match String::from_utf8(payload) {
                Ok(text) => Ok(Some(Message::Text(text))),
                Err(_) => Err(Error::Protocol("text that is no UTF-8")),
            },
            BINARY => Ok(Some(Message::Binary(payload))),
            CLOSE => Ok(None),
            _ => Err(Error::Protocol("an unknown frame")),
        }
    }
}
