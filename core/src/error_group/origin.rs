use alloc::borrow::Cow;
use core::fmt;
use core::panic::Location;

/// Where an entry of an [`ErrorGroup`](super::ErrorGroup) comes from.
///
/// # Examples
///
/// ```
/// use withal_core::error_group::{Origin, Phase};
///
/// let origin = Origin::new(Phase::Cleanup).named("fetch");
/// assert!(origin.to_string().starts_with("cleanup of `fetch` at "));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    name: Option<Cow<'static, str>>,
    location: &'static Location<'static>,
    phase: Phase,
}

/// What has failed there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// A task, or one of several futures that ran side by side.
    Task,
    /// The body around them.
    Body,
    /// The cleanup of either.
    Cleanup,
    /// A handler of errors.
    Handler,
    /// The enter of a scope.
    Enter,
    /// The exit of a scope.
    Exit,
}

impl Origin {
    /// The caller's place, without a name.
    #[track_caller]
    pub const fn new(phase: Phase) -> Self {
        Self {
            name: None,
            location: Location::caller(),
            phase,
        }
    }

    /// The same, with the name of the task.
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The same, at another place.
    #[must_use]
    pub const fn at(mut self, location: &'static Location<'static>) -> Self {
        self.location = location;
        self
    }

    /// The name of the task, if it has one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Where the task was spawned, or the body passed.
    pub const fn location(&self) -> &'static Location<'static> {
        self.location
    }

    /// What has failed.
    pub const fn phase(&self) -> Phase {
        self.phase
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.phase, &self.name) {
            (phase, None) => write!(f, "{phase}")?,
            (Phase::Cleanup | Phase::Enter | Phase::Exit, Some(name)) => {
                write!(f, "{} of `{name}`", self.phase)?;
            }
            (phase, Some(name)) => write!(f, "{phase} `{name}`")?,
        }
        write!(f, " at {}", self.location)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Task => "task",
            Self::Body => "body",
            Self::Cleanup => "cleanup",
            Self::Handler => "handler",
            Self::Enter => "enter",
            Self::Exit => "exit",
        })
    }
}
