//! The one place that names runtimes.

use std::io;

use indexer::index::{Extent, IndexError, Job, index};
use indexer::stop::{Ending, Interrupt, Limits, until_stopped};
use withal::async_std::AsyncStdRuntime;
use withal::runtime::Runtime;
use withal::smol::SmolRuntime;
use withal::tokio::TokioMain;
use withal::{ErrorGroup, Ran, run_with};

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

    /// Does `job` on this runtime, from its start to its end. No output: it was forced to end.
    pub(crate) fn run(self, job: &StoppableJob<'_>) -> io::Result<Ran<Option<Outcome>>> {
        let options = job.interrupt.options();
        Ok(match self {
            Self::Tokio => {
                let tokio = TokioMain::multi_thread()?;
                let ran = run_with(&tokio, options, async |rt| job.on(rt).await);
                // Of threads that are stuck it tells; dropped, it would wait for them.
                tokio.into_inner().shutdown_background();
                ran
            }
            Self::Smol => {
                let smol = SmolRuntime::global();
                run_with(&smol, options, async |rt| job.on(rt).await)
            }
            Self::AsyncStd => {
                let async_std = AsyncStdRuntime::new();
                run_with(&async_std, options, async |rt| job.on(rt).await)
            }
        })
    }
}

/// How a job ended.
pub(crate) type Outcome = Ending<Result<Extent, ErrorGroup<IndexError>>>;

/// What to do, whichever the runtime, and what stops it.
pub(crate) struct StoppableJob<'a> {
    pub(crate) job: Job,
    pub(crate) limits: Limits,
    pub(crate) interrupt: &'a Interrupt,
}

impl StoppableJob<'_> {
    async fn on<R: Runtime>(&self, rt: &R) -> Outcome {
        until_stopped(rt, self.limits, self.interrupt, async |stop| {
            let mut job = self.job.clone();
            job.stop = stop;
            index(rt, &job).await
        })
        .await
    }
}
