//! A walker, workers and a writer, with a queue from each to the next.
//!
//! A queue holds a fast stage back to the pace of a slow one, and so bounds what is in memory. Each
//! stage closes the queue that it fills when it is done: the next one takes out what is left, and is
//! done in turn. No item means "the end", so it does not matter how many read from a queue.
//!
//! When the writer has as many documents as are wanted, walker and workers are cancelled, wherever they
//! are: the files that are open are closed.

use std::sync::Arc;

use futures_util::future::try_join;
use futures_util::stream::FuturesUnordered;
use withal::runtime::Runtime;
use withal::sync::{Latch, Queue};
use withal::{Either, await_cleanup, either, for_each, with};

use super::on_lease;
use super::read::{self, NotRead};
use super::{Extent, IndexError, Options};
use crate::blocking::unblock;
use crate::lease::Lease;
use crate::ledger::Ledger;
use crate::progress::Progress;
use crate::scopes::Batch;
use crate::store::{Document, Store, Transaction};
use crate::walk::{Found, FoundFile, Walk};

/// What the stages share.
pub(super) struct Pipeline<'a, R> {
    rt: &'a R,
    options: &'a Options,
    ledger: &'a Arc<Ledger>,
    progress: &'a dyn Progress,
    store: &'a Store,
    run: i64,
    /// Found, and not yet read.
    paths: Queue<FoundFile>,
    /// Read, and not yet written.
    documents: Queue<Document>,
    /// Opened when as many documents are with the writer as are wanted.
    enough: Latch,
}

impl<'a, R: Runtime> Pipeline<'a, R> {
    pub(super) fn new(
        rt: &'a R,
        options: &'a Options,
        ledger: &'a Arc<Ledger>,
        progress: &'a dyn Progress,
        store: &'a Store,
        run: i64,
    ) -> Self {
        Self {
            rt,
            options,
            ledger,
            progress,
            store,
            run,
            paths: Queue::bounded(options.queue.max(1)),
            documents: Queue::bounded(options.workers.max(1)),
            enough: Latch::new(),
        }
    }

    /// Runs all stages side by side in this task, until the last one is done. The first error ends
    /// them all, and is returned when every scope in them has been exited.
    pub(super) async fn run<B: Batch<R>>(&self, walk: Walk) -> Result<Extent, IndexError> {
        let read = async {
            let stages = try_join(self.walk(walk), self.read());
            match either(stages, self.enough.wait()).await {
                Either::Left(ended) => ended.map(drop),
                Either::Right(()) => Ok(()),
            }
        };
        let stages = try_join(read, self.write::<B>());
        // The join is foreign: it drops what has not ended, and does not wait for the cleanup.
        let ((), extent) = await_cleanup(stages).await?;
        Ok(extent)
    }

    /// Finds the files. Walks on a stretch at a time: a blocking job cannot be stopped, so none is
    /// long.
    async fn walk(&self, mut walk: Walk) -> Result<(), IndexError> {
        const STRETCH: usize = 64;

        let mut files = 0;
        loop {
            let stretch: Vec<Found>;
            (walk, stretch) = unblock(self.rt, move || {
                let stretch = walk.by_ref().take(STRETCH).collect();
                (walk, stretch)
            })
            .await?;
            if stretch.is_empty() {
                break;
            }
            let mut found = Vec::with_capacity(stretch.len());
            for entry in stretch {
                match entry {
                    Found::File(file) => found.push(file),
                    Found::Skipped(path, skip) => {
                        self.ledger.skipped(&skip);
                        self.progress.skipped(&path, &skip);
                    }
                }
            }
            files += found.len() as u64;
            self.ledger.found(found.len() as u64);
            self.progress.walking(files);
            for file in found {
                if self.paths.push(file).await.is_err() {
                    // Closed: nobody reads any more.
                    return Ok(());
                }
            }
        }
        self.progress.walked(files);
        self.paths.close();
        Ok(())
    }

    /// Reads the files, by all workers. The first error closes the files of the others.
    async fn read(&self) -> Result<(), IndexError> {
        let workers: FuturesUnordered<_> = (0..self.options.workers.max(1))
            .map(|_| self.work())
            .collect();
        for_each(workers, async |ended| ended).await?;
        self.documents.close();
        Ok(())
    }

    /// One worker.
    async fn work(&self) -> Result<(), IndexError> {
        while let Some(file) = self.paths.pop().await {
            // A place for the document before there is one: so no more texts are in memory than
            // the queue has places.
            let Ok(place) = self.documents.reserve().await else {
                // Closed: nobody writes any more.
                return Ok(());
            };
            match read::document(self.rt, &file, self.options.max_bytes, self.ledger).await {
                Ok(document) => {
                    self.progress.read(&file.name);
                    if place.push(document).is_err() {
                        return Ok(());
                    }
                }
                Err(NotRead::Skip(skip)) => {
                    self.ledger.skipped(&skip);
                    self.progress.skipped(&file.name, &skip);
                }
                Err(NotRead::Discarded(error)) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Writes the documents, a transaction after the other, as many as there are or are wanted. Says so
    /// as soon as it has the last of those that are wanted.
    async fn write<B: Batch<R>>(&self) -> Result<Extent, IndexError> {
        let limit = self.options.limit.unwrap_or(u64::MAX);
        let mut documents = 0;
        while documents < limit {
            // A transaction is begun only when there is something to write.
            let Some(first) = self.documents.pop().await else {
                return Ok(Extent::Whole);
            };
            let wanted = limit - documents;
            if wanted == 1 {
                self.enough.open();
            }
            let transaction = B::new(self.rt, self.store, self.ledger);
            documents += with(self.rt, transaction, async |transaction| {
                self.batch(transaction, first, wanted).await
            })
            .await?;
            self.progress.committed(documents);
        }
        self.enough.open();
        Ok(Extent::Limited)
    }

    /// Writes `first` and what comes after it, until the batch is full, the queue has ended, or no more
    /// are `wanted`. Gives how many these were.
    async fn batch(
        &self,
        transaction: &Lease<Transaction>,
        first: Document,
        wanted: u64,
    ) -> Result<u64, IndexError> {
        let most = wanted.min(self.options.batch.max(1) as u64);
        let mut written = 0;
        let mut next = Some(first);
        while let Some(document) = next {
            // Whatever else has been read by now goes along, in one blocking job.
            let others = (written + 1..most).map_while(|_| self.documents.try_pop().ok());
            let documents: Vec<_> = std::iter::once(document).chain(others).collect();
            written += documents.len() as u64;
            if written == wanted {
                self.enough.open();
            }
            let run = self.run;
            on_lease(self.rt, transaction, move |transaction| {
                documents
                    .iter()
                    .try_for_each(|document| transaction.put(document, run))
            })
            .await?;
            next = if written < most {
                self.documents.pop().await
            } else {
                None
            };
        }
        Ok(written)
    }
}
