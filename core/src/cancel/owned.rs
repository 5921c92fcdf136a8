//! Telling owners from references (K14).

use core::pin::Pin;

use self::marker::{AReferenceCannotBeCancelled, Owned};

/// Values whose drop is the end of what they poll: everything but references.
///
/// For a reference two impls apply, so the compiler refuses it as ambiguous: it "cannot infer
/// `NotAReference`", and no type can be named for it. Pass the future or stream itself, or
/// [`Box::pin`](alloc::boxed::Box::pin) it in the first place, which gives a pointer that owns.
pub trait OwnsWhatItPolls<NotAReference> {}

impl<T> OwnsWhatItPolls<Owned> for T {}
impl<T: ?Sized> OwnsWhatItPolls<AReferenceCannotBeCancelled> for &mut T {}
impl<T: ?Sized> OwnsWhatItPolls<AReferenceCannotBeCancelled> for Pin<&mut T> {}

/// Unnameable, so that nobody follows the compiler's advice to name the type.
mod marker {
    #![expect(unnameable_types, reason = "naming one would let a reference pass")]

    #[derive(Debug)]
    #[non_exhaustive]
    pub enum Owned {}

    #[derive(Debug)]
    #[non_exhaustive]
    pub enum AReferenceCannotBeCancelled {}
}
