//! Runtimes that are broken, as [`Wrap`](crate::wrapped::Wrap)s around a sound one.

mod blocking;
mod cleanup;
mod spawn;
mod timer;

pub use self::blocking::{DiscardsJobs, LazyJobs, LosesJobPanics};
pub use self::cleanup::{
    ForgetsAtItsEnd, LooksAround, Loses, LosesInPanic, NewNames, OutOfContext, PollsOnce,
};
pub use self::spawn::{
    AbortsOnDrop, HangsAtItsEnd, LazyTasks, LosesPanics, PollsAgain, PollsInPlace, SpawnsAround,
};
pub use self::timer::{Backwards, Early, EarlyAlarm, Misses, Never, Overflows, WithoutAlarm};
