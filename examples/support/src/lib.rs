//! What the example programs share and are not about: how they are chosen on the command line, what
//! they run on and print to, and how their tests read what they print.

#![forbid(unsafe_code)]

mod choose;
mod setting;
pub mod testing;

pub use self::choose::{Chosen, choose};
pub use self::setting::Setting;
