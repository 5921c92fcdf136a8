//! Cases that need an executor and a clock which move only when they are told to: the order of what
//! happens is then known to the event.

mod budgets;
mod drivers;
mod places;
mod unblock;
mod values;
mod yields;
