//! The sweep as a tool: what it covers, and what it notices.

mod channel_scope;
mod combinators;
mod interleave;
mod interval;
mod kernel;
mod local_group;
mod primitives;
mod teeth;
