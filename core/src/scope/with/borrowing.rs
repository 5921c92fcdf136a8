//! Scopes whose frame lends what borrows from it.

use core::fmt::Debug;
use core::future::Future;
use core::panic::Location;

use super::stage::{Stage, put};
use super::{Entered, Maker, With};
use crate::body::Body;
use crate::cleanup::{About, Subject};
use crate::runtime::Cleanup;
use crate::scope::closure::{BodyFailure, Ended, ForLt, Frame, Hosted, Hosting, Visitor};
use crate::scope::exit::{ExitSlot, slot};
use crate::scope::manager::{Managed, Manager};

/// [`with`](super::with()) for a scope whose closure lends a reference to something of its own frame:
/// [`scope_fn_borrowing`](crate::scope_fn_borrowing).
///
/// The body runs inside of the frame's lending, in the same task.
///
/// # Errors
///
/// Those of [`with`](super::with()), and [`ScopeError::Withdrawn`](crate::ScopeError::Withdrawn) where
/// the frame took back what it had lent.
///
/// # Cancel safety, panics
///
/// As [`with`](super::with()); see [`scope_fn_borrowing`](crate::scope_fn_borrowing) for the frame.
///
/// # Complexity
///
/// An allocation for the body's future.
///
/// # Examples
///
/// ```
/// use withal_core::scope::{LendMut, Owned, scope_fn_borrowing};
/// use withal_core::{runtime::NoExecutor, with_borrowing};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let counter = scope_fn_borrowing(async |lend: LendMut<'_, Owned<u32>>| {
///     let mut frame = [0, 1, 2];
///     let ended = lend.lend(&mut frame[1]).await;
///     println!("{frame:?}, {}", ended.kind());
///     Ok::<_, std::io::Error>(ended)
/// });
/// let rt = NoExecutor::new();
/// with_borrowing(&rt, counter, async |number| {
///     *number += 40;
///     Ok::<_, std::fmt::Error>(())
/// })
/// .await?; // prints «[0, 41, 2], completed»
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap().unwrap();
/// ```
#[track_caller]
#[expect(
    clippy::type_complexity,
    reason = "the struct of `with`, around a body of another type; nobody writes it"
)]
pub fn with_borrowing<'r, R, M, L, Q, X, F, T, E>(
    rt: &'r R,
    scope: M,
    body: F,
) -> With<
    'r,
    R,
    M,
    Visitor<'r, R, F>,
    Hosted<
        'r,
        R,
        Frame<L, Q, X>,
        F,
        <F as Body<&'r mut <L as ForLt>::Of<'r>>>::Fut,
        Result<T, E>,
        M::Kind,
    >,
    T,
    BodyFailure<E>,
    Hosting,
    impl Future<Output = Entered<M>>,
    impl ExitSlot<M>,
>
where
    R: Cleanup,
    M: Manager + Managed<Resource = Frame<L, Q, X>>,
    L: ForLt,
    Q: Future<Output = Result<Ended, X>> + Unpin,
    F: for<'a, 'c> Body<&'a mut <L as ForLt>::Of<'c>, Out = Result<T, E>>
        + for<'a, 'c> AsyncFnOnce(&'a mut <L as ForLt>::Of<'c>) -> Result<T, E>,
    E: Debug + Send + Sync + 'static,
{
    let make = Maker {
        body: Visitor {
            rt,
            body,
            about: About {
                subject: Subject::Scope,
                name: M::name(),
                location: Location::caller(),
                runtime: rt.id(),
            },
        },
        begin: |visitor, frame, stage| put(stage, Stage::Body(Hosted::new::<L>(visitor, frame))),
    };
    With::new(rt, scope.enter(rt), make, slot(M::exit))
}
