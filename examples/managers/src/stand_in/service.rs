//! Services that are connected to, of which some do not answer.

use withal::runtime::Runtime;
use withal::{ExitReason, HandOver, Scope};

use crate::{Error, Setting};

/// A connection to a service, as a scope. The service `nobody` does not answer, and one whose name
/// ends with `!` does not let go.
#[derive(Debug)]
pub struct Service<R> {
    on: Setting<R>,
    name: String,
}

impl<R: Runtime> Service<R> {
    /// A service of that name.
    pub fn new(on: &Setting<R>, name: &str) -> Self {
        Self {
            on: on.clone(),
            name: name.to_owned(),
        }
    }
}

/// What a [`Service`] lends.
#[derive(Debug)]
pub struct Handle {
    name: String,
}

impl Handle {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Another service, of which this one knows.
    pub fn service<R: Runtime>(&self, on: &Setting<R>, name: &str) -> Service<R> {
        Service::new(on, name)
    }
}

impl<R: Runtime> Scope for Service<R> {
    type Resource = Handle;
    type Error = Error;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Handle, Error> {
        self.on.tick().await;
        if self.name == "nobody" {
            return Err(Error::NotFound("nobody".to_owned()));
        }
        self.on.print(format_args!("+{}", self.name));
        Ok(Handle {
            name: self.name.clone(),
        })
    }

    async fn exit(self, handle: Handle, why: ExitReason<'_>) -> Result<(), Error> {
        self.on.tick().await;
        self.on
            .print(format_args!("-{}: {}", handle.name, why.kind()));
        if handle.name.ends_with('!') {
            return Err(Error::Database(format!("{} does not let go", handle.name)));
        }
        Ok(())
    }
}
