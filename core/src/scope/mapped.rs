//! The exit of a scope whose error another one passes on.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::exit::{ExitFuture, Told};
use crate::cleanup::About;
use crate::cleanup::kind::Kind;
use crate::cleanup::scope_link::Bequest;
use crate::pin;
use crate::runtime::Cleanup;

/// An exit with its error changed.
pub(crate) struct Mapped<F, X, Y> {
    pub(crate) exit: F,
    pub(crate) map: fn(X) -> Y,
}

impl<F, X, Y> Future for Mapped<F, X, Y>
where
    F: Future<Output = (Result<(), X>, Option<Told>)>,
{
    type Output = (Result<(), Y>, Option<Told>);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let map = self.map;
        let ended = pin::mapped(self).poll(cx);
        ended.map(|(result, told)| (result.map_err(map), told))
    }
}

impl<K, F, X, Y> ExitFuture<K> for Mapped<F, X, Y>
where
    K: Kind,
    F: ExitFuture<K, Output = (Result<(), X>, Option<Told>)>,
{
    fn place(&mut self, about: impl FnOnce() -> About) {
        self.exit.place(about);
    }

    fn hand_over<'r, R: Cleanup>(
        self: Pin<&mut Self>,
        bequest: Bequest<'r, R, K>,
    ) -> Result<(), Bequest<'r, R, K>> {
        pin::mapped(self).hand_over(bequest)
    }
}
