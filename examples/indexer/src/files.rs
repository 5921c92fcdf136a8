//! Where the texts come from: the disk, or what a test has in its place.

use std::fmt::Debug;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// An open file. Reading it blocks; dropping it closes it.
pub type OpenFile = Box<dyn Read + Send>;

/// Opens files.
pub trait Files: Debug + Send + Sync {
    /// Opens the file at `path`. Blocks.
    ///
    /// # Errors
    ///
    /// What the system says.
    fn open(&self, path: &Path) -> io::Result<OpenFile>;
}

/// Those of the system.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "there is nothing to add to it")]
pub struct Disk;

impl Files for Disk {
    fn open(&self, path: &Path) -> io::Result<OpenFile> {
        Ok(Box::new(File::open(path)?))
    }
}
