use core::ops::ControlFlow;

use crate::never::Never;

/// How one turn of a loop may end, and what the loop then gives. Sealed.
///
/// | the body returns | to go on | to leave | the loop gives |
/// |---|---|---|---|
/// | `()`, or never | `()` | | `()` |
/// | `ControlFlow<B>` | `Continue(())` | `Break(b)` | `Continue(())` when it ran out, `Break(b)` when it was left |
/// | `Result<(), E>` | `Ok(())` | `Err(e)`, or `?` | `Ok(())` when it ran out, `Err(e)` when it was left |
/// | `Result<ControlFlow<B>, E>` | `Ok(Continue(()))` | `Ok(Break(b))`, `Err(e)`, or `?` | the same, both ways |
///
/// A loop that is left always by a break never gives `Continue`: its items ran out first then, which
/// is what Python's `else` after a loop asks.
#[diagnostic::on_unimplemented(
    message = "the body of a loop cannot end with `{Self}`",
    label = "expected `()`, `ControlFlow<_>`, `Result<(), _>` or `Result<ControlFlow<_>, _>`",
    note = "what the loop is to collect goes into a variable around it, which the body may change; \
            to leave it early with a value, return `ControlFlow::Break(value)`"
)]
pub trait Flow: Leaves {}

#[diagnostic::do_not_recommend]
impl<X: Leaves> Flow for X {}

mod sealed {
    use core::ops::ControlFlow;

    #[diagnostic::on_unimplemented(message = "the body of a loop cannot end with `{Self}`")]
    #[expect(unnameable_types, reason = "seals the public trait")]
    pub trait Leaves: Sized {
        /// What the loop gives.
        type Output;

        /// Whether this turn is the last.
        fn leaves(self) -> ControlFlow<Self::Output>;

        /// The items ran out.
        fn ran_out() -> Self::Output;
    }
}
use self::sealed::Leaves;

impl Leaves for () {
    type Output = ();

    #[inline]
    fn leaves(self) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    #[inline]
    fn ran_out() {}
}

impl<B> Leaves for ControlFlow<B> {
    type Output = Self;

    #[inline]
    fn leaves(self) -> ControlFlow<Self> {
        match self {
            Self::Continue(()) => ControlFlow::Continue(()),
            Self::Break(_) => ControlFlow::Break(self),
        }
    }

    #[inline]
    fn ran_out() -> Self {
        Self::Continue(())
    }
}

impl<E> Leaves for Result<(), E> {
    type Output = Self;

    #[inline]
    fn leaves(self) -> ControlFlow<Self> {
        match self {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(self),
        }
    }

    #[inline]
    fn ran_out() -> Self {
        Ok(())
    }
}

impl<B, E> Leaves for Result<ControlFlow<B>, E> {
    type Output = Self;

    #[inline]
    fn leaves(self) -> ControlFlow<Self> {
        match self {
            Ok(ControlFlow::Continue(())) => ControlFlow::Continue(()),
            Ok(ControlFlow::Break(_)) | Err(_) => ControlFlow::Break(self),
        }
    }

    #[inline]
    fn ran_out() -> Self {
        Ok(ControlFlow::Continue(()))
    }
}

impl Leaves for Never {
    type Output = ();

    fn leaves(self) -> ControlFlow<()> {
        self
    }

    fn ran_out() {}
}
