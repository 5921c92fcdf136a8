//! The one place that names runtimes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use indexer::index::{Extent, IndexError, Options, index};
use indexer::ledger::Ledger;
use indexer::progress::Progress;
use indexer::stop::{Ending, Interrupt, until_stopped};
use withal::async_std::AsyncStdRuntime;
use withal::runtime::Runtime;
use withal::smol::SmolRuntime;
use withal::tokio::TokioMain;
use withal::{Ran, run};

use crate::cli::RuntimeChoice;

/// A runtime to work on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flavour {
    Tokio,
    Smol,
    AsyncStd,
}

impl Flavour {
    pub(crate) fn chosen(choice: RuntimeChoice) -> &'static [Self] {
        match choice {
            RuntimeChoice::Tokio => &[Self::Tokio],
            RuntimeChoice::Smol => &[Self::Smol],
            RuntimeChoice::AsyncStd => &[Self::AsyncStd],
            RuntimeChoice::All => &[Self::Tokio, Self::Smol, Self::AsyncStd],
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tokio => "tokio",
            Self::Smol => "smol",
            Self::AsyncStd => "async-std",
        }
    }

    /// Does `job` on this runtime, from its start to its end.
    pub(crate) fn run(self, job: &Job<'_>) -> io::Result<Ran<Outcome>> {
        Ok(match self {
            Self::Tokio => run(&TokioMain::multi_thread()?, async |rt| job.on(rt).await),
            Self::Smol => run(&SmolRuntime::global(), async |rt| job.on(rt).await),
            Self::AsyncStd => run(&AsyncStdRuntime::new(), async |rt| job.on(rt).await),
        })
    }
}

/// How a job ended.
pub(crate) type Outcome = Ending<Result<Extent, IndexError>>;

/// What to do, whichever the runtime.
pub(crate) struct Job<'a> {
    pub(crate) options: &'a Options,
    pub(crate) time_limit: Option<Duration>,
    pub(crate) interrupt: &'a Interrupt,
    pub(crate) ledger: &'a Arc<Ledger>,
    pub(crate) progress: &'a dyn Progress,
}

impl Job<'_> {
    async fn on<R: Runtime>(&self, rt: &R) -> Outcome {
        let work = index(rt, self.options, self.ledger, self.progress);
        until_stopped(rt, self.time_limit, self.interrupt.clone(), work).await
    }
}
