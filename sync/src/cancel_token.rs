//! Asking others to stop: a flag that stays up, and reaches everything below it.

mod guard;
mod link;
mod node;
mod reason;
mod run;
#[cfg(all(test, not(loom)))]
mod tests;
#[cfg(all(test, loom))]
#[path = "cancel_token/tests/loom.rs"]
mod tests;
mod wait;

use alloc::sync::Arc;
use core::fmt;
use core::future::Future;

pub use self::guard::CancelOnDrop;
use self::node::Node;
pub use self::reason::{CancelKind, CancelReason, Cancelled};
pub use self::run::RunUntilCancelled;
pub use self::wait::{Wait, WaitOwned};
use crate::flavour::Spin;

/// Asks whoever watches it to stop. Clones are the same token; children follow their parent.
///
/// Cancelling reaches the token and all of its descendants, before [`cancel`](Self::cancel) returns;
/// never its ancestors and siblings. It cannot be taken back, nor used up by who sees it: each later
/// look finds the token cancelled. The first reason stays; a descendant tells the one that it
/// inherited.
///
/// A token only asks. What is asked decides when to end; a cancel scope or a group with a token
/// drops what does not, and waits for its cleanup.
///
/// A child belongs to its parent's tree for as long as it lives. If the parent's last clone is
/// dropped before, the child follows the parent's parent. Children that are dropped leave nothing
/// behind: a token may have millions of them, one after the other.
///
/// # Shields
///
/// A [shielded](Self::set_shielded) token, and what is below it, is not reached by what happens above.
/// Its own cancellation works. When the shield is lifted, what it has held back arrives.
///
/// # Order
///
/// Those that wait on one token are woken in the order in which they came; those on a parent before
/// those on its children.
///
/// # Complexity
///
/// Making a child and dropping one take constant time; each token is one allocation. Looking at a
/// token is a load. Waiting allocates nothing. Cancelling visits each descendant once, without
/// recursion. All tokens of a tree share a short lock, which neither
/// [`is_cancelled`](Self::is_cancelled) nor a wait takes.
///
/// # Examples
///
/// ```
/// use withal_sync::CancelToken;
/// use withal_sync::cancel_token::CancelKind;
///
/// # futures_util::FutureExt::now_or_never(async {
/// let server = CancelToken::new();
/// let connection = server.child();
/// assert!(server.cancel_with("going down"), "the first to ask");
/// connection.cancelled().await;
/// let reason = connection.reason().unwrap();
/// assert_eq!(reason.kind(), CancelKind::Requested);
/// assert_eq!(reason.text(), Some("going down"));
/// # }).unwrap();
/// ```
///
/// Source: tokio-util's `CancellationToken`, .NET's `CancellationToken`; shields and reasons are
/// Trio's.
pub struct CancelToken {
    node: Arc<Node<Spin>>,
}

impl CancelToken {
    /// A token that follows nobody.
    pub fn new() -> Self {
        Self { node: Node::root() }
    }

    /// A token that is cancelled when this one is: at once, if it is already.
    pub fn child(&self) -> Self {
        Self {
            node: self.node.child(false),
        }
    }

    /// A [`child`](Self::child) with its shield up: not even what has happened already reaches it.
    pub fn shielded_child(&self) -> Self {
        Self {
            node: self.node.child(true),
        }
    }

    /// Cancels the token and its descendants. Whether it was the first to do so.
    ///
    /// When it returns, all of them are cancelled, whoever was the first.
    #[track_caller]
    pub fn cancel(&self) -> bool {
        self.cancel_with(CancelKind::Requested)
    }

    /// [`cancel`](Self::cancel), with a reason: a text, a kind or both. It names the place where it
    /// was made: of a text or a kind alone, the place of this call.
    #[track_caller]
    pub fn cancel_with(&self, reason: impl Into<CancelReason>) -> bool {
        self.node.cancel(reason.into())
    }

    /// Whether it is cancelled. Once it is, it stays so.
    #[inline]
    pub fn is_cancelled(&self) -> bool {
        self.node.is_cancelled()
    }

    /// Why it was cancelled, if it was.
    pub fn reason(&self) -> Option<CancelReason> {
        self.node.reason()
    }

    /// Fails if it is cancelled: for loops that wait for nothing.
    ///
    /// # Errors
    ///
    /// [`Cancelled`], with the reason.
    ///
    /// # Examples
    ///
    /// ```
    /// use withal_sync::CancelToken;
    /// use withal_sync::cancel_token::Cancelled;
    ///
    /// fn sum(numbers: &[u64], token: &CancelToken) -> Result<u64, Cancelled> {
    ///     let mut sum = 0;
    ///     for number in numbers {
    ///         token.check()?;
    ///         sum += number;
    ///     }
    ///     Ok(sum)
    /// }
    ///
    /// let token = CancelToken::new();
    /// assert_eq!(sum(&[1, 2], &token).unwrap(), 3);
    /// token.cancel();
    /// assert!(sum(&[1, 2], &token).is_err());
    /// ```
    #[inline]
    pub fn check(&self) -> Result<(), Cancelled> {
        match self.is_cancelled() {
            true => Err(self.cancelled_error()),
            false => Ok(()),
        }
    }

    /// Waits until it is cancelled: not at all, if it is.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it leaves the queue. Leaked, it keeps its place until the token is cancelled.
    pub fn cancelled(&self) -> Wait<'_> {
        Wait::new(&self.node)
    }

    /// [`cancelled`](Self::cancelled), with a future that owns its share of the token.
    pub fn cancelled_owned(&self) -> WaitOwned {
        WaitOwned::new(self.node.clone())
    }

    /// Runs `future`; once the token is cancelled, cancels it and waits for its cleanup.
    ///
    /// `future` is polled first, and wins a tie; so it is polled once in any case. A scope in it that
    /// is being exited when the token is cancelled ends first, and if `future` ends by that, its
    /// output counts.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it hands the cleanup to whoever drops it. Leaked, it leaks `future`, and keeps its
    /// place until the token is cancelled.
    ///
    /// # Errors
    ///
    /// [`Cancelled`], after the cleanup.
    ///
    /// # Panics
    ///
    /// A panic of `future` goes on after the cleanup (std only). If polled again after completion.
    ///
    /// # Complexity
    ///
    /// No allocation, unless there is a cleanup to wait for.
    ///
    /// # Examples
    ///
    /// ```
    /// use withal_sync::CancelToken;
    ///
    /// # futures_util::FutureExt::now_or_never(async {
    /// let token = CancelToken::new();
    /// assert_eq!(token.run_until_cancelled(async { 1 }).await, Ok(1));
    /// token.cancel();
    /// let stuck = token.run_until_cancelled(core::future::pending::<u32>());
    /// assert!(stuck.await.is_err());
    /// # }).unwrap();
    /// ```
    #[track_caller]
    pub fn run_until_cancelled<F: Future>(&self, future: F) -> RunUntilCancelled<'_, F, F::Output> {
        RunUntilCancelled::new(self, future)
    }

    /// A guard that cancels the token when it is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use withal_sync::CancelToken;
    ///
    /// let token = CancelToken::new();
    /// let guard = token.clone().cancel_on_drop();
    /// drop(guard);
    /// assert!(token.is_cancelled());
    /// ```
    #[track_caller]
    pub fn cancel_on_drop(self) -> CancelOnDrop {
        CancelOnDrop::new(self)
    }

    /// Puts its shield up, or lifts it. Whether it was up before.
    ///
    /// With the shield up, the token and what is below it is not reached when a token above is
    /// cancelled. Lifting it lets in what it has held back, before this returns. A token that was
    /// cancelled stays so.
    ///
    /// # Examples
    ///
    /// ```
    /// use withal_sync::CancelToken;
    ///
    /// let parent = CancelToken::new();
    /// let saving = parent.shielded_child();
    /// parent.cancel();
    /// assert!(!saving.is_cancelled());
    /// saving.set_shielded(false);
    /// assert!(saving.is_cancelled());
    /// ```
    pub fn set_shielded(&self, shielded: bool) -> bool {
        self.node.set_shielded(shielded)
    }

    /// Whether its shield is up.
    pub fn is_shielded(&self) -> bool {
        self.node.is_shielded()
    }

    /// What those get whom its cancellation has stopped.
    fn cancelled_error(&self) -> Cancelled {
        let reason = self.reason();
        Cancelled {
            reason: reason.unwrap_or_else(|| CancelKind::Requested.into()),
        }
    }
}

impl Clone for CancelToken {
    /// The same token once more: no child.
    fn clone(&self) -> Self {
        Self {
            node: self.node.clone(),
        }
    }
}

impl Default for CancelToken {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken")
            .field("cancelled", &self.is_cancelled())
            .field("reason", &self.reason())
            .finish_non_exhaustive()
    }
}

const _: () = {
    const fn send_sync_unpin<T: Send + Sync + Unpin>() {}
    const fn send<T: Send>() {}
    send_sync_unpin::<CancelToken>();
    send_sync_unpin::<CancelReason>();
    send::<Wait<'_>>();
    send::<WaitOwned>();
};
