//! Three scopes, one in the other: a session, a response, a file.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use withal::runtime::Runtime;
use withal::scope::{Lend, scope_fn};
use withal::{HandOver, Scope, unblock, with};

use crate::session::session;
use crate::stand_in::host::Connect;
use crate::temporary_file::temporary_file;
use crate::{Error, Setting};

/// A file to write to, all of which is on the disk afterwards.
pub fn output_file<R: Runtime>(
    on: &Setting<R>,
    path: &Path,
) -> impl Scope<Resource = Arc<File>, Error = Error, OnDrop = HandOver> + use<R> {
    let (on, path): (_, PathBuf) = (on.clone(), path.to_owned());
    scope_fn(async move |lend: Lend<Arc<File>>| {
        let file = unblock(&on.rt, move |_| File::create(path)).await??;
        on.print(format_args!("+file"));
        let (file, ended) = lend.lend(Arc::new(file)).await;
        unblock(&on.rt, move |_| file.sync_all()).await??;
        on.print(format_args!("-file"));
        Ok(ended)
    })
}

// Row S1.21. What is opened last is closed first, and `?` leaves as many scopes as there are.
/// Writes what the host answers to a file, and gives its length.
///
/// # Cancel safety
///
/// Dropped, it closes what is open.
///
/// # Errors
///
/// Of the network, and of the file system.
pub async fn download<R: Runtime>(
    on: &Setting<R>,
    host: &impl Connect,
    from: &str,
    to: &Path,
) -> Result<usize, Error> {
    let written = with(&on.rt, session(on, host), async |session| {
        let written = with(&on.rt, session.get(from), async |answer| {
            let written = with(&on.rt, output_file(on, to), async |file| {
                let (file, data) = (Arc::clone(file), answer.bytes().await?);
                let length = data.len();
                unblock(&on.rt, move |_| (&*file).write_all(&data)).await??;
                Ok::<_, Error>(length)
            });
            Ok::<_, Error>(written.await?)
        });
        Ok::<_, Error>(written.await?)
    });
    Ok(written.await?)
}

/// Downloads a poem, and looks at what was written.
///
/// # Cancel safety
///
/// Dropped, it closes what is open, and removes the file.
///
/// # Errors
///
/// Of the network, and of the file system.
pub async fn run<R: Runtime>(on: &Setting<R>, host: &impl Connect) -> Result<(), Error> {
    with(&on.rt, temporary_file(on), async |file| {
        let length = download(on, host, "/poem", file.path()).await?;
        let path = file.path().to_owned();
        let text = unblock(&on.rt, move |_| fs::read_to_string(path)).await??;
        let lines = text.lines().count();
        on.print(format_args!("{length} bytes, {lines} lines"));
        Ok::<_, Error>(())
    })
    .await?;
    Ok(())
}
