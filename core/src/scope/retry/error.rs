use alloc::collections::VecDeque;
use core::error::Error;
use core::fmt;

/// How many of the earlier errors are kept. A service that tries again for days must not gather them;
/// the first few say what the latest few do, and sixteen fit on a screen.
const KEPT: usize = 16;

/// What goes wrong with a scope that is [retried](super::retry()).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryError<X> {
    /// No attempt was allowed: `attempts(0)`.
    NoAttempt,
    /// No attempt has entered the scope.
    Enter(Attempts<X>),
    /// An attempt has, and the exit failed: the scope's own error.
    Exit(X),
}

/// The attempts that have failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempts<X> {
    last: X,
    earlier: VecDeque<X>,
    count: usize,
    was_refused: bool,
}

impl<X> Attempts<X> {
    pub(super) fn after(earlier: Option<Self>, last: X) -> Self {
        let Some(mut before) = earlier else {
            return Self {
                last,
                earlier: VecDeque::new(),
                count: 1,
                was_refused: false,
            };
        };
        if before.earlier.len() == KEPT {
            before.earlier.pop_front();
        }
        before.earlier.push_back(before.last);
        Self {
            last,
            earlier: before.earlier,
            count: before.count + 1,
            was_refused: false,
        }
    }

    pub(super) fn refuse(&mut self) {
        self.was_refused = true;
    }

    /// How many there were.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Why the last one failed.
    pub fn last(&self) -> &X {
        &self.last
    }

    /// Why the last one failed.
    pub fn into_last(self) -> X {
        self.last
    }

    /// Why the ones before the last failed, in their order: the latest sixteen of them.
    pub fn earlier(&self) -> impl ExactSizeIterator<Item = &X> {
        self.earlier.iter()
    }

    /// Whether the predicate of [`Retry::when`](super::Retry::when) has put an end to it; else the
    /// attempts or the delays had run out.
    pub fn was_refused(&self) -> bool {
        self.was_refused
    }
}

impl<X: fmt::Display> fmt::Display for RetryError<X> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAttempt => f.write_str("scope not entered: no attempt is allowed"),
            Self::Enter(attempts) => {
                let (count, plural) = (attempts.count, if attempts.count == 1 { "" } else { "s" });
                write!(f, "scope not entered in {count} attempt{plural}")
            }
            Self::Exit(error) => error.fmt(f),
        }
    }
}

/// The source is the error of the last attempt. That of the exit stands for itself.
impl<X: Error + 'static> Error for RetryError<X> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NoAttempt => None,
            Self::Enter(attempts) => Some(&attempts.last),
            Self::Exit(error) => error.source(),
        }
    }
}
