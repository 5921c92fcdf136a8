//! The sweep as a tool: what it covers, and what it notices.

mod cancel_scope;
mod channel_scope;
mod closures;
mod combinators;
mod exit_stack;
mod future_set;
mod interleave;
mod interval;
mod kernel;
mod local_group;
mod pool;
mod primitives;
mod retry;
mod several;
mod task_group;
mod teeth;
mod timeout;
mod transaction;
mod unblock;
