use std::io;

use withal::runtime::Runtime;
use withal::scope::ExitError;
use withal::{Elapsed, ScopeError, for_each};

use super::Job;
use super::lines::lines;
use crate::blocking::Discarded;
use crate::progress::Skip;
use crate::scopes::FileError;
use crate::store::{Document, Draft};
use crate::walk::FoundFile;

/// Why a file gives no document.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotRead {
    /// It is left out, and the others are read.
    #[error(transparent)]
    Skip(Skip),
    /// No file can be read any more.
    #[error(transparent)]
    Discarded(Discarded),
}

/// Reads one file, line by line. The file is closed when this ends, or when it is dropped.
pub(super) async fn document<R: Runtime>(
    rt: &R,
    file: &FoundFile,
    job: &Job,
) -> Result<Document, NotRead> {
    let mut draft = Draft::new(file.name.clone());
    for_each(lines(rt, file, job), async |line| {
        draft.push(&line?);
        Ok::<(), NotRead>(())
    })
    .await?;
    Ok(draft.finish())
}

impl From<FileError> for NotRead {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Io(error) => Self::Skip(Skip::Unreadable(error)),
            FileError::Discarded(error) => Self::Discarded(error),
        }
    }
}

impl From<Elapsed> for NotRead {
    fn from(elapsed: Elapsed) -> Self {
        Self::Skip(Skip::TooSlow {
            limit: elapsed.timeout,
        })
    }
}

impl<T> From<ScopeError<Self, FileError, T>> for NotRead {
    fn from(error: ScopeError<Self, FileError, T>) -> Self {
        match error.without_value() {
            ScopeError::Body(body) | ScopeError::Both { body, .. } => body,
            ScopeError::Enter(error) => error.into(),
            ScopeError::Exit {
                error: ExitError::Failed(error),
                ..
            } => error.into(),
            error => Self::Skip(Skip::Unreadable(io::Error::other(error.to_string()))),
        }
    }
}
