//! The sweep as a tool: what it covers, and what it notices.

mod cancel_scope;
mod channel_scope;
mod combinators;
mod future_set;
mod interleave;
mod interval;
mod kernel;
mod local_group;
mod primitives;
mod several;
mod task_group;
mod teeth;
mod timeout;
mod unblock;
