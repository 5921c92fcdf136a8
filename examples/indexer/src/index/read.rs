use std::fs::File;
use std::io::{self, Read as _};
use std::sync::Arc;

use withal::runtime::Runtime;
use withal::scope::ExitError;
use withal::{ScopeError, with};

use crate::blocking::{Discarded, unblock};
use crate::ledger::Ledger;
use crate::progress::Skip;
use crate::scopes::{FileError, FileScope};
use crate::store::Document;
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

/// Reads one file, in a scope of its own.
pub(super) async fn document<R: Runtime>(
    rt: &R,
    file: &FoundFile,
    max_bytes: u64,
    ledger: &Arc<Ledger>,
) -> Result<Document, NotRead> {
    let name = file.name.clone();
    with(
        rt,
        FileScope::new(rt, file.path.clone(), ledger),
        async |file| {
            let file = file.clone();
            let read = unblock(rt, move || {
                // `None`: the scope has ended, so nobody is left to read it.
                let text = file.with(|file| text_of(file, max_bytes));
                text.unwrap_or(Err(Skip::NotText))
                    .map(|text| Document::new(name, text))
            });
            match read.await {
                Ok(read) => read.map_err(NotRead::Skip),
                Err(discarded) => Err(NotRead::Discarded(discarded)),
            }
        },
    )
    .await
    .map_err(NotRead::from)
}

impl From<FileError> for NotRead {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Io(error) => Self::Skip(Skip::Unreadable(error)),
            FileError::Discarded(error) => Self::Discarded(error),
        }
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

fn text_of(file: &mut File, max_bytes: u64) -> Result<String, Skip> {
    let mut bytes = Vec::new();
    // One byte more than allowed: the file's size can change between a look at it and the reading.
    file.take(max_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(Skip::Unreadable)?;
    if bytes.len() as u64 > max_bytes {
        return Err(Skip::TooLarge { limit: max_bytes });
    }
    if bytes.contains(&0) {
        return Err(Skip::NotText);
    }
    String::from_utf8(bytes).map_err(|_| Skip::NotText)
}
