use std::error::Error;
use std::fmt::{self, Debug, Display};

/// None of the futures has succeeded; their errors, in the order of the arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllFailed<E> {
    errors: Vec<E>,
}

impl<E> AllFailed<E> {
    pub(crate) fn new(errors: Vec<E>) -> Self {
        Self { errors }
    }

    /// The errors, in the order of the arguments.
    pub fn errors(&self) -> &[E] {
        &self.errors
    }

    /// The errors, in the order of the arguments.
    pub fn into_errors(self) -> Vec<E> {
        self.errors
    }
}

impl<E: Display> Display for AllFailed<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.errors.len() {
            0 => f.write_str("there was nothing to try"),
            1 => write!(f, "the only try failed: {}", self.errors[0]),
            count => {
                write!(f, "all {count} tries failed")?;
                for (index, error) in self.errors.iter().enumerate() {
                    write!(f, "{} {index}: {error}", if index == 0 { ":" } else { ";" })?;
                }
                Ok(())
            }
        }
    }
}

impl<E: Debug + Display> Error for AllFailed<E> {}
