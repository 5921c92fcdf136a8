use std::fs::File;
use std::io::{self, Read as _};
use std::sync::Arc;

use withal::runtime::Runtime;
use withal::scope::ExitError;
use withal::{ScopeError, with};

use crate::blocking::unblock;
use crate::ledger::Ledger;
use crate::progress::Skip;
use crate::scopes::FileScope;
use crate::store::Document;
use crate::walk::FoundFile;

/// Reads one file, in a scope of its own.
pub(super) async fn document<R: Runtime>(
    rt: &R,
    file: &FoundFile,
    max_bytes: u64,
    ledger: &Arc<Ledger>,
) -> Result<Document, Skip> {
    let name = file.name.clone();
    with(
        rt,
        FileScope::new(rt, file.path.clone(), ledger),
        async |file| {
            let file = file.clone();
            unblock(rt, move || {
                // `None`: the scope has ended, so nobody is left to read it.
                let text = file.with(|file| text_of(file, max_bytes));
                text.unwrap_or(Err(Skip::NotText))
                    .map(|text| Document::new(name, text))
            })
            .await
            .map_err(|error| Skip::Unreadable(io::Error::other(error)))?
        },
    )
    .await
    .map_err(|error| match error {
        ScopeError::Body(skip) | ScopeError::Both { body: skip, .. } => skip,
        ScopeError::Enter(error) => Skip::Unreadable(error),
        ScopeError::Exit {
            error: ExitError::Failed(error),
            ..
        } => Skip::Unreadable(error),
        error => Skip::Unreadable(io::Error::other(error.without_value().to_string())),
    })
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
