use core::fmt::{self, Debug};
use core::future::{Future, Ready};
use core::ops::{Deref, DerefMut};
use core::panic::Location;

use super::exit::{ExitSlot, Why, slot};
use super::manager::{Managed, Manager};
use super::policy::Plain;
use super::reason::ExitKind;
use super::with::{EnteredParts, With};
use crate::cleanup::leftovers::Leftovers;
use crate::cleanup::live::LiveEntry;
use crate::cleanup::scope_link::Bequest;
use crate::cleanup::{About, CollectorId, Subject};
use crate::mutants::mutant;
use crate::runtime::Cleanup;

/// Enters `scope` and gives a guard: the body is the rest of the function.
///
/// End the guard by [`exit`](Entered::exit), with the body's result. Dropping it is a
/// cancellation. Prefer [`with`](super::with()) where a closure will do: it cannot be forgotten,
/// it catches panics, and cleanups born in its body are waited for. A guard sees none of its body,
/// so guards dropped by foreign code are exited one after the other, last one first, only inside
/// an enclosing scope of [`with`](super::with()); outside of every scope they are unordered.
///
/// # Cancel safety
///
/// As [`with`](super::with()): dropped while it enters, nothing is exited. A leaked guard is never
/// exited.
///
/// # Errors
///
/// That of the scope's `enter`.
///
/// # Examples
///
/// ```
/// # use core::convert::Infallible;
/// # use withal_core::{enter_in, runtime::NoExecutor, ExitReason, HandOver, Scope};
/// # struct Buffer;
/// # impl Scope for Buffer {
/// #     type Resource = Vec<u8>;
/// #     type Error = Infallible;
/// #     type OnDrop = HandOver;
/// #     async fn enter(&mut self) -> Result<Vec<u8>, Infallible> { Ok(Vec::new()) }
/// #     async fn exit(self, _: Vec<u8>, _: ExitReason<'_>) -> Result<(), Infallible> { Ok(()) }
/// # }
/// # futures_util::FutureExt::now_or_never(async {
/// let rt = NoExecutor::new();
/// let mut buffer = enter_in(&rt, Buffer).await?;
/// buffer.push(1);
/// let length = buffer.len();
/// let length = buffer.exit(Ok::<_, std::fmt::Error>(length)).await?;
/// # assert_eq!(length, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap().unwrap();
/// ```
#[track_caller]
pub fn enter_in<R: Cleanup, M: Manager>(
    rt: &R,
    scope: M,
) -> impl Future<Output = Result<Entered<'_, R, M>, M::Error>> {
    let location = Location::caller();
    let entering = scope.enter(rt);
    async move {
        let (manager, resource) = entering.await?;
        Ok(Entered {
            rt,
            location,
            entered_under: CollectorId::current(),
            live: LiveEntry::enter(|| about::<M>(rt, location)),
            inner: Some((manager, resource)),
        })
    }
}

/// A scope that is entered: what [`enter_in`] gives. Dereferences to the resource.
#[must_use = "a guard that is dropped cancels its scope: end it by `exit`"]
pub struct Entered<'r, R: Cleanup, M: Manager> {
    rt: &'r R,
    location: &'static Location<'static>,
    entered_under: CollectorId,
    live: LiveEntry,
    // `None` only while `exit` or `drop` takes it apart.
    inner: Option<(M, M::Resource)>,
}

fn about<M: Manager>(rt: &impl Cleanup, location: &'static Location<'static>) -> About {
    About {
        subject: Subject::Scope,
        name: M::name(),
        location,
        runtime: rt.id(),
    }
}

/// The body of a guard is not the scope's to run: this one never is.
pub(crate) type NoBody<M, T, E> =
    for<'a> fn(&'a mut <M as Managed>::Resource) -> Ready<Result<T, E>>;

impl<'r, R: Cleanup, M: Manager> Entered<'r, R, M> {
    /// Exits the scope with the reason that `result` stands for, and gives `result` on.
    ///
    /// # Cancel safety
    ///
    /// Dropped at any moment, also before the first poll, the exit is handed over.
    ///
    /// # Errors
    ///
    /// [`ScopeError`](super::ScopeError), as [`with`](super::with()).
    #[expect(
        clippy::type_complexity,
        reason = "the struct of `with`, without a body; nobody writes its type"
    )]
    pub fn exit<T, E>(
        mut self,
        result: Result<T, E>,
    ) -> With<
        'r,
        R,
        M,
        NoBody<M, T, E>,
        Ready<Result<T, E>>,
        T,
        E,
        Plain,
        Ready<Result<(M, M::Resource), M::Error>>,
        impl ExitSlot<M>,
    >
    where
        E: Debug + Send + Sync + 'static,
        M::Resource: 'r,
    {
        match self.inner.take() {
            Some((manager, resource)) => With::exiting(
                EnteredParts {
                    rt: self.rt,
                    location: self.location,
                    entered_under: self.entered_under,
                    live: core::mem::take(&mut self.live),
                    manager,
                    resource,
                },
                result,
                slot(M::exit),
            ),
            None => unreachable!("only `exit` and `drop` take the scope, and both end the guard"),
        }
    }
}

impl<R: Cleanup, M: Manager> Drop for Entered<'_, R, M> {
    fn drop(&mut self) {
        let Some((manager, resource)) = self.inner.take() else {
            return;
        };
        if mutant("guard_forgets") {
            return;
        }
        self.live.dropped(ExitKind::Cancelled);
        let bequest = Bequest {
            rt: self.rt,
            about: about::<M>(self.rt, self.location),
            budget: None,
            leftovers: Leftovers::new(),
            live: core::mem::take(&mut self.live),
            entered_under: self.entered_under,
            detached: false,
        };
        manager.dropped(resource, Why::Cancelled, bequest);
    }
}

impl<R: Cleanup, M: Manager> Deref for Entered<'_, R, M> {
    type Target = M::Resource;

    fn deref(&self) -> &M::Resource {
        match &self.inner {
            Some((_, resource)) => resource,
            None => unreachable!("only `exit` and `drop` take the scope, and both end the guard"),
        }
    }
}

impl<R: Cleanup, M: Manager> DerefMut for Entered<'_, R, M> {
    fn deref_mut(&mut self) -> &mut M::Resource {
        match &mut self.inner {
            Some((_, resource)) => resource,
            None => unreachable!("only `exit` and `drop` take the scope, and both end the guard"),
        }
    }
}

impl<R: Cleanup, M: Manager> fmt::Debug for Entered<'_, R, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entered")
            .field("scope", &M::name())
            .field("location", &self.location)
            .finish_non_exhaustive()
    }
}
