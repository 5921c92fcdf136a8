//! Random compositions of the combinators, nested three deep, held against laws.
//!
//! A `plan` is a small tree: work at its leaves, scopes and combinators above. `random` draws one from
//! a seed, `play` does what it says on the deterministic runtime, in random order, and cancels it from
//! outside at a random moment. Every part of the tree tells the `ledger` when it begins and how it ends,
//! and the laws are held there and where a combinator gives its output:
//!
//! - a scope is exited once, and after the scopes inside of it;
//! - when a combinator of ours has ended, every scope that was entered in it has been exited;
//! - what a combinator gives is what its parts came to, and the first of them, where it says so;
//! - the whole ends, and leaves no task, no timer, no scope and no report behind.
//!
//! What fails is made small by `shrink`.

mod combine;
mod foreign;
mod ledger;
mod plan;
mod play;
mod random;
mod run;
mod shrink;

pub use self::run::{Compositions, Failure, Summary};
