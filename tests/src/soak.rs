//! The soak: random scripts of scopes that end in every way there is, against a sequential model.
//!
//! A `script` is a small tree of steps. `random` writes one from a seed, `settle` makes its course
//! certain, `model` says what must come of it, `play` does what it says on a real runtime, and
//! `check` holds the one against the other. What fails is made small by `shrink`.
//!
//! A scope is dropped when what it holds has *stalled*, never after so many polls or milliseconds:
//! that is what lets a model without polls and without time say what must happen.

mod cast;
mod check;
mod clock;
mod event;
mod local;
mod model;
mod random;
mod reports;
mod run;
mod script;
mod sendable;
mod settle;
mod shrink;
mod stage;
mod watchdog;

pub use self::cast::{Abort, Broken, Start, Task};
pub use self::run::{Failure, Soak, Summary};
pub use self::stage::Late;
