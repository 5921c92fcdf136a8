use std::time::Duration;

use super::DEFAULT_BUDGET;
use crate::sync::CancelToken;
use crate::sync::cancel_token::CancelReason;

/// How [`run_with`](super::run_with) asks a program to end, and ends it.
///
/// # Examples
///
/// A program that is asked to end first, and then made to, as by a second Ctrl-C:
///
/// ```
/// # #[cfg(feature = "smol")] {
/// use std::time::Duration;
/// use withal::smol::SmolRuntime;
/// use withal::sync::CancelToken;
/// use withal::{RunOptions, run_with};
///
/// let (ask, force) = (CancelToken::new(), CancelToken::new());
/// # let on_ctrl_c = |_: Box<dyn FnMut()>| ();
/// let (first, second) = (ask.clone(), force.clone());
/// on_ctrl_c(Box::new(move || {
///     if !first.cancel_with("Ctrl-C") {
///         second.cancel_with("Ctrl-C, again");
///     }
/// }));
/// # ask.cancel_with("Ctrl-C");
/// let options = RunOptions::new()
///     .token(&ask)
///     .grace(Duration::from_secs(30))
///     .force(&force)
///     .budget(Duration::from_secs(5));
/// let ended = run_with(&SmolRuntime::global(), options, async |_rt| {
///     ask.cancelled().await;
///     "went in peace"
/// });
/// assert_eq!(ended.output, Some("went in peace"));
/// assert_eq!(ended.reason.unwrap().text(), Some("Ctrl-C"));
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "options do nothing unless something is run with them"]
pub struct RunOptions {
    pub(super) token: Option<CancelToken>,
    pub(super) grace: Option<Duration>,
    pub(super) force: Option<CancelToken>,
    pub(super) budget: Duration,
}

impl RunOptions {
    /// Those of [`run`](super::run()): `main` runs to its end.
    pub const fn new() -> Self {
        Self {
            token: None,
            grace: None,
            force: None,
            budget: DEFAULT_BUDGET,
        }
    }

    /// `token` asks `main` to end. It is for `main` to watch it.
    pub fn token(mut self, token: &CancelToken) -> Self {
        self.token = Some(token.clone());
        self
    }

    /// How long `main` may go on once it was asked; then it is dropped. For ever unless said.
    pub const fn grace(mut self, grace: Duration) -> Self {
        self.grace = Some(grace);
        self
    }

    /// `token` has `main` dropped at once.
    pub fn force(mut self, token: &CancelToken) -> Self {
        self.force = Some(token.clone());
        self
    }

    /// How long what is left is waited for when `main` has ended; [`DEFAULT_BUDGET`] unless said.
    pub const fn budget(mut self, budget: Duration) -> Self {
        self.budget = budget;
        self
    }

    /// Why it was asked to end, or dropped.
    pub(super) fn reason(&self) -> Option<CancelReason> {
        let (token, force) = (self.token.as_ref(), self.force.as_ref());
        token
            .and_then(CancelToken::reason)
            .or_else(|| force.and_then(CancelToken::reason))
    }
}

impl Default for RunOptions {
    fn default() -> Self {
        Self::new()
    }
}
