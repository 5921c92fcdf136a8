//! Runtimes that are broken, as [`Wrap`](crate::wrapped::Wrap)s around a sound one.

mod blocking;
mod cleanup;
mod spawn;
mod timer;

pub use self::blocking::{LazyJobs, LosesJobPanics};
pub use self::cleanup::{
    ForgetsAtItsEnd, LooksAround, Loses, NewNames, OutOfContext, PollsOnce, WithoutAlarm,
};
pub use self::spawn::{
    AbortsOnDrop, HangsAtItsEnd, LazyTasks, LosesPanics, PollsAgain, PollsInPlace,
};
pub use self::timer::{Backwards, Early, EarlyAlarm, Never, Overflows};
