use std::fmt;

use super::handle::CancelScope;
use crate::runtime::Timer;
use crate::sync::CancelToken;

/// Whom a cancel scope follows: another scope, or a token.
///
/// A scope passes its deadline on as well, for those that
/// [ask for it](CancelScope::effective_deadline).
pub struct Parent<R: Timer> {
    pub(super) token: CancelToken,
    pub(super) scope: Option<CancelScope<R>>,
}

impl<R: Timer> From<&CancelScope<R>> for Parent<R> {
    fn from(scope: &CancelScope<R>) -> Self {
        scope.clone().into()
    }
}

impl<R: Timer> From<CancelScope<R>> for Parent<R> {
    fn from(scope: CancelScope<R>) -> Self {
        Self {
            token: scope.token().clone(),
            scope: Some(scope),
        }
    }
}

impl<R: Timer> From<&CancelToken> for Parent<R> {
    fn from(token: &CancelToken) -> Self {
        token.clone().into()
    }
}

impl<R: Timer> From<CancelToken> for Parent<R> {
    fn from(token: CancelToken) -> Self {
        Self { token, scope: None }
    }
}

impl<R: Timer> fmt::Debug for Parent<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parent")
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}
