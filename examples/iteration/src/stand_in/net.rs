//! Connections in memory: bytes go through them in packets, and either end may hang up.

use std::io;

use withal::runtime::Runtime;
use withal::sync::Channel;
use withal::sync::channel::{Receiver, Sender};

use crate::Setting;

/// How many bytes a packet has at most: few, so that nothing ends where a packet does.
const PACKET: usize = 16;

/// How many packets may be on their way; whoever writes more waits.
const WINDOW: usize = 4;

/// One end of a connection. Dropped, it has hung up.
#[derive(Debug)]
pub struct End {
    incoming: Receiver<Vec<u8>>,
    outgoing: Sender<Vec<u8>>,
    /// What came in and was not read.
    unread: Vec<u8>,
}

/// A connection, by its ends.
pub fn connection() -> (End, End) {
    let (to_right, from_left) = Channel::bounded(WINDOW);
    let (to_left, from_right) = Channel::bounded(WINDOW);
    let end = |incoming, outgoing| End {
        incoming,
        outgoing,
        unread: Vec::new(),
    };
    (end(from_right, to_right), end(from_left, to_left))
}

impl End {
    /// Writes all of `bytes`.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has written some of them.
    ///
    /// # Errors
    ///
    /// `BrokenPipe`, if the other end has hung up.
    pub async fn write(&self, bytes: &[u8]) -> io::Result<()> {
        for packet in bytes.chunks(PACKET) {
            let sent = self.outgoing.send(packet.to_vec()).await;
            sent.map_err(|_| io::ErrorKind::BrokenPipe)?;
        }
        Ok(())
    }

    /// Reads a line, without its end; `None` if the other end has hung up.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it loses nothing: what has come in is kept.
    ///
    /// # Errors
    ///
    /// `InvalidData`, if it is no UTF-8; `UnexpectedEof`, if the other end hung up within the line.
    pub async fn read_line(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(end) = self.unread.iter().position(|&byte| byte == b'\n') {
                let mut line: Vec<u8> = self.unread.drain(..=end).collect();
                line.truncate(line.len() - 1);
                if line.ends_with(b"\r") {
                    line.truncate(line.len() - 1);
                }
                let line = String::from_utf8(line);
                return line
                    .map(Some)
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error));
            }
            if !self.receive().await {
                let clean = self.unread.is_empty();
                return if clean {
                    Ok(None)
                } else {
                    Err(io::ErrorKind::UnexpectedEof.into())
                };
            }
        }
    }

    /// Waits until `count` bytes are there, and shows them without reading them.
    ///
    /// # Cancel safety
    ///
    /// As [`read_line`](Self::read_line).
    ///
    /// # Errors
    ///
    /// `UnexpectedEof`, if the other end hung up before.
    pub async fn peek(&mut self, count: usize) -> io::Result<&[u8]> {
        while self.unread.len() < count {
            if !self.receive().await {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(&self.unread[..count])
    }

    /// Reads `count` bytes.
    ///
    /// # Cancel safety
    ///
    /// As [`read_line`](Self::read_line).
    ///
    /// # Errors
    ///
    /// As [`peek`](Self::peek).
    pub async fn read(&mut self, count: usize) -> io::Result<Vec<u8>> {
        self.peek(count).await?;
        Ok(self.unread.drain(..count).collect())
    }

    /// Waits for a packet; whether there was one.
    async fn receive(&mut self) -> bool {
        let packet = self.incoming.recv().await;
        let came = packet.is_some();
        self.unread.extend(packet.unwrap_or_default());
        came
    }
}

/// What can be connected to. With the last clone gone, its [`Listener`] ends.
#[derive(Clone, Debug)]
pub struct Host<R> {
    on: Setting<R>,
    connections: Sender<End>,
}

/// Where the connections of a [`Host`] arrive.
#[derive(Debug)]
pub struct Listener {
    connections: Receiver<End>,
}

/// Opens a host.
pub fn listen<R: Runtime>(on: &Setting<R>) -> (Host<R>, Listener) {
    let (sender, receiver) = Channel::unbounded();
    let host = Host {
        on: on.clone(),
        connections: sender,
    };
    let listener = Listener {
        connections: receiver,
    };
    (host, listener)
}

impl<R: Runtime> Host<R> {
    /// Connects to it.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it has not connected.
    ///
    /// # Errors
    ///
    /// `ConnectionRefused`, if nobody listens.
    pub async fn connect(&self) -> io::Result<End> {
        self.on.tick().await;
        let (here, there) = connection();
        let sent = self.connections.send(there).await;
        sent.map_err(|_| io::ErrorKind::ConnectionRefused)?;
        Ok(here)
    }

    /// What it runs on.
    pub fn setting(&self) -> &Setting<R> {
        &self.on
    }
}

impl Listener {
    /// The next connection; `None` when nobody can connect any more.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it loses no connection.
    pub async fn accept(&self) -> Option<End> {
        self.connections.recv().await
    }
}
