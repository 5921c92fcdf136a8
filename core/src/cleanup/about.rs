use core::fmt;
use core::panic::Location;

use crate::runtime::RuntimeId;

/// Which scope a report is about: its type, where it was entered, and on which runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct About {
    /// The type of the scope.
    pub scope: &'static str,
    /// Where the program entered it.
    pub location: &'static Location<'static>,
    /// The runtime value it was entered with.
    pub runtime: RuntimeId,
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            scope,
            location,
            runtime,
        } = self;
        write!(f, "{scope} (entered at {location}, {runtime})")
    }
}
