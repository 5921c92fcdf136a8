use alloc::borrow::Cow;
use alloc::string::String;
use alloc::sync::Arc;
use core::error::Error;
use core::fmt;
use core::panic::Location;

/// Why something was asked to stop: a kind, a text if there is one, and the place where it was asked.
///
/// Cheap to clone. Two reasons are equal if kind and text are, wherever they were given.
///
/// # Examples
///
/// ```
/// use withal_sync::cancel_token::{CancelKind, CancelReason};
///
/// let reason = CancelReason::new("the client is gone");
/// assert_eq!(reason.kind(), CancelKind::Requested);
/// assert_eq!(reason.to_string(), "cancelled: the client is gone");
/// let reason = CancelReason::from(CancelKind::GroupFailed);
/// assert_eq!(reason.to_string(), "cancelled: another of the group has failed");
/// ```
///
/// Source: the `reason` of Trio's `CancelScope.cancel`.
#[derive(Clone, Debug)]
pub struct CancelReason {
    kind: CancelKind,
    text: Option<Text>,
    location: &'static Location<'static>,
}

#[derive(Clone, Debug)]
enum Text {
    Static(&'static str),
    Shared(Arc<str>),
}

/// What led to a cancellation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CancelKind {
    /// Somebody asked for it.
    Requested,
    /// A deadline has passed.
    Deadline,
    /// Another of the same group has failed.
    GroupFailed,
    /// The group was closed.
    GroupClosed,
    /// What it belonged to was dropped.
    Dropped,
    /// The program comes to its end.
    Shutdown,
}

impl CancelReason {
    /// Somebody asked for it, and says why.
    #[track_caller]
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self::from(CancelKind::Requested).with_text(text)
    }

    /// The same reason with this text.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<Cow<'static, str>>) -> Self {
        self.text = Some(match text.into() {
            Cow::Borrowed(text) => Text::Static(text),
            Cow::Owned(text) => Text::Shared(text.into()),
        });
        self
    }

    /// What led to it.
    pub fn kind(&self) -> CancelKind {
        self.kind
    }

    /// What was said about it.
    pub fn text(&self) -> Option<&str> {
        match &self.text {
            None => None,
            Some(Text::Static(text)) => Some(text),
            Some(Text::Shared(text)) => Some(text),
        }
    }

    /// Where it was asked for.
    pub fn location(&self) -> &'static Location<'static> {
        self.location
    }

    /// The same reason, asked for at this place: for combinators, which name the place of their call.
    #[must_use]
    pub fn asked_at(mut self, location: &'static Location<'static>) -> Self {
        self.location = location;
        self
    }
}

impl PartialEq for CancelReason {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.text() == other.text()
    }
}

impl Eq for CancelReason {}

impl From<CancelKind> for CancelReason {
    #[track_caller]
    fn from(kind: CancelKind) -> Self {
        Self {
            kind,
            text: None,
            location: Location::caller(),
        }
    }
}

impl From<&'static str> for CancelReason {
    #[track_caller]
    fn from(text: &'static str) -> Self {
        Self::new(text)
    }
}

impl From<String> for CancelReason {
    #[track_caller]
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for CancelReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, self.text()) {
            (CancelKind::Requested, None) => f.write_str("cancelled"),
            (CancelKind::Requested, Some(text)) => write!(f, "cancelled: {text}"),
            (kind, None) => write!(f, "cancelled: {kind}"),
            (kind, Some(text)) => write!(f, "cancelled: {kind}: {text}"),
        }
    }
}

impl fmt::Display for CancelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Requested => "requested",
            Self::Deadline => "the deadline has passed",
            Self::GroupFailed => "another of the group has failed",
            Self::GroupClosed => "the group was closed",
            Self::Dropped => "what it belonged to was dropped",
            Self::Shutdown => "the program comes to its end",
        })
    }
}

/// It was asked to stop, and did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cancelled {
    /// Why it was asked.
    pub reason: CancelReason,
}

impl From<CancelReason> for Cancelled {
    fn from(reason: CancelReason) -> Self {
        Self { reason }
    }
}

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl Error for Cancelled {}
