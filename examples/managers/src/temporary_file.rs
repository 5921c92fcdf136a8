//! Files: one that closes itself, and one that is removed.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, process};

use withal::runtime::Runtime;
use withal::scope::{Lend, scope_fn};
use withal::{HandOver, Scope, unblock, with};

use crate::{Error, Setting};

// Row S2.1.
/// Writes a line. No scope is needed: a file is closed when its variable goes, also by the `?`.
fn log(path: &Path) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(b"something important\n")
}

/// A file that is removed by its drop, if not before.
#[derive(Debug)]
pub struct Temporary {
    path: PathBuf,
}

impl Temporary {
    fn create() -> io::Result<Self> {
        static FILES: AtomicUsize = AtomicUsize::new(0);
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let name = format!("withal-managers-{}-{number}", process::id());
        let path = env::temp_dir().join(name);
        File::create_new(&path)?;
        Ok(Self { path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _gone = fs::remove_file(&self.path);
    }
}

// Row S2.5. The older program removes its file behind a bare `yield`: not if the body fails.
/// A file that is gone afterwards, whatever becomes of the body. A thread that may block creates it,
/// and removes it.
pub fn temporary_file<R: Runtime>(
    on: &Setting<R>,
) -> impl Scope<Resource = Temporary, Error = Error, OnDrop = HandOver> + use<R> {
    let on = on.clone();
    scope_fn(async move |lend: Lend<Temporary>| {
        // Given up meanwhile, the file is dropped by the thread that has created it.
        let file = unblock(&on.rt, |_| Temporary::create()).await??;
        let (file, ended) = lend.lend(file).await;
        unblock(&on.rt, |_| drop(file)).await?;
        on.print(format_args!("removed: {}", ended.kind()));
        Ok(ended)
    })
}

/// Uses one file, and fails to use another. Gives their paths.
///
/// # Cancel safety
///
/// Dropped, it removes the file that is there.
///
/// # Errors
///
/// Of the file system.
pub async fn run<R: Runtime>(on: &Setting<R>) -> Result<[PathBuf; 2], Error> {
    let used = with(&on.rt, temporary_file(on), async |file| {
        let path = file.path().to_owned();
        let length = unblock(&on.rt, move |_| {
            log(&path)?;
            fs::metadata(path).map(|metadata| metadata.len())
        })
        .await??;
        on.print(format_args!("written: {length} bytes"));
        Ok::<_, Error>(file.path().to_owned())
    })
    .await?;

    let mut seen = PathBuf::new();
    let failed = with(&on.rt, temporary_file(on), async |file| {
        seen = file.path().to_owned();
        Err::<(), _>(Error::NotFound("what to write".to_owned()))
    });
    if let Err(error) = failed.await {
        on.print(format_args!("{error}"));
    }
    Ok([used, seen])
}
