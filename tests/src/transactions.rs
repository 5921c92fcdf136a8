//! Transactions under test: programs of savepoints in savepoints, what they must come to, and a store
//! to play them on.
//!
//! A client of yours is proven by playing [programs](Program) on it: after each, its store must hold
//! what [`Program::outcome`] says.

mod program;
mod store;

pub use self::program::{End, Program, Step, TransactionUnderTest};
pub use self::store::{Call, Fault, Session, Store};
