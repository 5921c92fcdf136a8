use core::fmt;
use core::panic::Location;

use crate::runtime::RuntimeId;

/// What a report or an entry of the live list is about: its type, its place in the source, and its
/// runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct About {
    /// What it is.
    pub subject: Subject,
    /// The type of the scope, of the generator's body, or of the work; or the combinator.
    pub name: &'static str,
    /// Where the program entered the scope, made the generator, called the combinator, or asked for
    /// the work.
    pub location: &'static Location<'static>,
    /// The runtime value that the scope was entered with; for a generator, that of the scope in which
    /// it began. [`RuntimeId::ANY`] where there is none.
    pub runtime: RuntimeId,
}

/// What an [`About`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subject {
    /// A scope.
    Scope,
    /// A combinator that waits for the scopes in what it polls or drops.
    Combinator,
    /// A generator.
    Generator,
    /// A coroutine. What is said of generators here holds for it as well.
    Coroutine,
    /// A task.
    Task,
    /// Work on a thread that may block.
    Work,
}

impl About {
    /// Says what a report of your own is about.
    pub const fn new(
        subject: Subject,
        name: &'static str,
        location: &'static Location<'static>,
        runtime: RuntimeId,
    ) -> Self {
        Self {
            subject,
            name,
            location,
            runtime,
        }
    }

    /// The same, of something else that is called `name`.
    #[cfg(feature = "alloc")]
    pub(crate) const fn of(self, name: &'static str) -> Self {
        Self { name, ..self }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scope => "scope",
            Self::Combinator => "combinator",
            Self::Generator => "generator",
            Self::Coroutine => "coroutine",
            Self::Task => "task",
            Self::Work => "blocking work",
        })
    }
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            subject,
            name,
            location,
            runtime,
        } = self;
        let happened = match subject {
            Subject::Scope => "entered",
            Subject::Combinator | Subject::Work => "called",
            Subject::Generator | Subject::Coroutine => "made",
            Subject::Task => "spawned",
        };
        write!(f, "{name} ({happened} at {location}")?;
        if *runtime != RuntimeId::ANY {
            write!(f, ", {runtime}")?;
        }
        f.write_str(")")
    }
}
