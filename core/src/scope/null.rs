use core::convert::Infallible;

#[cfg(feature = "std")]
use super::manager::LocalScope;
use super::manager::Scope;
use super::on_drop::{Abandon, Abandoned};
use super::reason::ExitReason;

/// A scope that lends `value`, and has nothing to set up and nothing to tear down: for code that
/// wants a scope where there is nothing to do.
///
/// `value` may borrow. Where there is a scope or there is none, pass an `Option` of it: that is a
/// scope as well.
///
/// # Cancel safety
///
/// Dropped at any moment, it drops `value` at once, and nothing is lost. What its body has left to clean
/// up goes on after that; for a value that must follow it, there is [`from_guard`](super::from_guard).
///
/// # Complexity
///
/// No allocation.
///
/// # Examples
///
/// ```
/// use core::convert::Infallible;
/// use withal_core::scope::null_scope;
/// use withal_core::{runtime::NoExecutor, with};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let rt = NoExecutor::new();
/// let line = with(&rt, null_scope(vec!["a", "b"]), async |words| {
///     Ok::<_, Infallible>(words.join(" "))
/// });
/// assert_eq!(line.await.unwrap(), "a b");
/// # }).unwrap();
/// ```
///
/// Source: `contextlib.nullcontext`.
pub fn null_scope<T>(value: T) -> NullScope<T> {
    NullScope { value: Some(value) }
}

/// The scope that [`null_scope`] makes. A clone of it can be entered once more.
#[derive(Clone, Copy, Debug)]
#[must_use = "a scope does nothing unless it is entered"]
pub struct NullScope<T> {
    value: Option<T>,
}

macro_rules! null_scope {
    ($Scope:ident $(, $Send:ident)?) => {
        // There is nothing to lose, so that it can borrow, and costs nothing when it is dropped.
        impl<T $(: $Send)?> $Scope for NullScope<T> {
            type Resource = T;
            type Error = Infallible;
            type OnDrop = Abandon;

            async fn enter(&mut self) -> Result<T, Infallible> {
                match self.value.take() {
                    Some(value) => Ok(value),
                    None => panic!("a null scope was entered twice, by a call of its hooks"),
                }
            }

            async fn exit(self, _: T, _: ExitReason<'_>) -> Result<(), Infallible> {
                Ok(())
            }

            fn abandon(self, _: T) -> Abandoned {
                Abandoned::Released
            }
        }
    };
}

null_scope!(Scope, Send);
#[cfg(feature = "std")]
null_scope!(LocalScope);
