use std::time::Duration;

use super::DEFAULT_BUDGET;

/// How [`run_with`](super::run_with) ends a program.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "smol")] {
/// use std::time::Duration;
/// use withal::smol::SmolRuntime;
/// use withal::{RunOptions, run_with};
///
/// let options = RunOptions::new().budget(Duration::from_secs(30));
/// let ended = run_with(&SmolRuntime::global(), options, async |_rt| 42);
/// assert!(ended.is_clean());
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "options do nothing unless something is run with them"]
pub struct RunOptions {
    pub(super) budget: Duration,
}

impl RunOptions {
    /// Those of [`run`](super::run()).
    pub const fn new() -> Self {
        Self {
            budget: DEFAULT_BUDGET,
        }
    }

    /// How long what is left is waited for when `main` has ended; [`DEFAULT_BUDGET`] unless said.
    pub const fn budget(mut self, budget: Duration) -> Self {
        self.budget = budget;
        self
    }
}

impl Default for RunOptions {
    fn default() -> Self {
        Self::new()
    }
}
