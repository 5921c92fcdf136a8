//! Loops over streams that close what they loop over.
//!
//! [`for_each`] is Python's `async for`, [`closing`] its `aclosing`. A stream is left in four ways
//! besides its end: by a break, an error, a panic, or a cancellation. However it is left, both drop
//! it and wait for the exits of the scopes that it holds open, inner ones first. What is to be used
//! again afterwards is looped over by [`for_each_by_ref`], which leaves it open.
//!
//! Without std, they find those exits by the ambient slots that `cleanup::install_slots` places.

mod by_ref;
#[cfg(feature = "alloc")]
mod closing;
mod flow;
#[cfg(feature = "alloc")]
mod for_each;
mod source;
mod turns;

pub use self::by_ref::{ForEachByRef, for_each_by_ref};
#[cfg(feature = "alloc")]
pub use self::closing::{Closing, closing};
pub use self::flow::Flow;
#[cfg(feature = "alloc")]
pub use self::for_each::{ForEach, for_each};
pub use self::source::Source;
pub use self::turns::LoopBody;
