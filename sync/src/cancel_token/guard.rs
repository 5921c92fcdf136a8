use core::mem;

use super::{CancelKind, CancelReason, CancelToken};

/// Cancels a token when it is dropped: made by [`CancelToken::cancel_on_drop`].
///
/// The kind of the reason is [`CancelKind::Dropped`], and its place the one where the guard was made.
///
/// # Cancel safety
///
/// Leaked, it never cancels.
#[derive(Debug)]
#[must_use = "it cancels when it is dropped, which is at once if it is not kept"]
pub struct CancelOnDrop {
    token: CancelToken,
    reason: Option<CancelReason>,
}

impl CancelOnDrop {
    #[track_caller]
    pub(super) fn new(token: CancelToken) -> Self {
        Self {
            token,
            reason: Some(CancelKind::Dropped.into()),
        }
    }

    /// The token.
    pub fn token(&self) -> &CancelToken {
        &self.token
    }

    /// Gives the token back, not cancelled by this.
    pub fn disarm(mut self) -> CancelToken {
        self.reason = None;
        mem::take(&mut self.token)
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some(reason) = self.reason.take() {
            self.token.node.cancel(reason);
        }
    }
}
