//! HTTP/1.1, as far as streams need it: `GET`, chunked bodies, connections that are used again.

mod client;
mod server;

pub use self::client::{Body, Client, ClientSession, Get, Response};
pub use self::server::{Request, Responder, host, request};
