//! What stands in for the world outside: a network in memory, HTTP and WebSocket over it, and a
//! database. They speak real protocols, in packets that end anywhere, and may be hung up on.

pub mod database;
pub mod http;
pub mod net;
pub mod websocket;
