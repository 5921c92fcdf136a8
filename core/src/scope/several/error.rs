use alloc::boxed::Box;
use core::error::Error;
use core::fmt;

/// An error of one of several scopes that have errors of different types: any type, boxed.
///
/// It shows itself as the error in it does, and has the same `source`.
///
/// # Examples
///
/// ```
/// use withal_core::scope::AnyError;
///
/// let error = AnyError::new("x".parse::<u32>().unwrap_err());
/// assert_eq!(error.to_string(), "invalid digit found in string");
/// assert!(error.downcast_ref::<core::num::ParseIntError>().is_some());
/// ```
pub struct AnyError(Box<dyn Error + Send + Sync>);

impl AnyError {
    /// Boxes an error, or a text.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(error.into())
    }

    /// The error, if it is an `E`.
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }

    /// The error.
    ///
    /// # Errors
    ///
    /// `self`, if it is no `E`.
    pub fn downcast<E: Error + 'static>(self) -> Result<E, Self> {
        self.0.downcast().map(|error| *error).map_err(Self)
    }

    /// The box.
    pub fn into_inner(self) -> Box<dyn Error + Send + Sync> {
        self.0
    }
}

impl fmt::Debug for AnyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for AnyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for AnyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// How the error of an element becomes one of the group's.
pub(super) trait Convert<E, L> {
    fn convert(error: E) -> L;
}

/// All elements have errors of one type.
pub(super) enum Same {}

impl<E> Convert<E, E> for Same {
    fn convert(error: E) -> E {
        error
    }
}

/// They have errors of any types.
pub(super) enum Boxing {}

impl<E: Into<Box<dyn Error + Send + Sync>>> Convert<E, AnyError> for Boxing {
    fn convert(error: E) -> AnyError {
        AnyError(error.into())
    }
}
