//! A walker, readers and a writer, each a task of one group, with a queue from each to the next.
//!
//! A queue holds a fast stage back to the pace of a slow one, and so bounds what is in memory. When a
//! stage is done, the queue that it fills is closed: the next one takes out what is left, and is done in
//! turn. No item means "the end", so it does not matter how many read from a queue.
//!
//! There are three ways to an earlier end:
//!
//! - A stage fails: the group cancels the others, and their errors come out together.
//! - The writer has as many documents as are wanted: walker and readers are cancelled, wherever they
//!   are, and the files that are open are closed.
//! - The run is asked to stop: no more files are taken up, and those in work go all the way.

use std::sync::Arc;
use std::time::Duration;

use withal::runtime::Runtime;
use withal::sync::{Latch, Queue};
use withal::{ErrorGroup, TaskGroup, TaskHandle, either, task_group, timeout, with_borrowing};

use super::read::{self, NotRead};
use super::{Extent, IndexError, Job, Options};
use crate::blocking::unblock;
use crate::connections::Connections;
use crate::progress::Skip;
use crate::scopes::{MakeBatch, Writer};
use crate::store::{Document, Written};
use crate::walk::{Found, FoundFile, Walk};

/// How long it may take in turn to close a file that takes too long. After that its reader goes on, and
/// leaves that to the thread on which the file is stuck.
const CLOSING: Duration = Duration::from_secs(1);

/// What the stages share.
pub(super) struct Pipeline<R: Runtime> {
    rt: R,
    job: Job,
    connections: Connections<R>,
    make_batch: MakeBatch<R>,
    run: i64,
    /// Found, and not yet read.
    paths: Queue<FoundFile>,
    /// Read, and not yet written.
    documents: Queue<Document>,
    /// Opened when as many documents are with the writer as are wanted.
    enough: Latch,
}

impl<R: Runtime> Pipeline<R> {
    pub(super) fn new(
        rt: &R,
        job: &Job,
        connections: &Connections<R>,
        make_batch: MakeBatch<R>,
        run: i64,
    ) -> Arc<Self> {
        let Options { queue, workers, .. } = job.options;
        Arc::new(Self {
            rt: rt.clone(),
            job: job.clone(),
            connections: connections.clone(),
            make_batch,
            run,
            paths: Queue::bounded(queue.max(1)),
            documents: Queue::bounded(workers.max(1)),
            enough: Latch::new(),
        })
    }

    /// Runs all stages side by side, until the last one is done.
    pub(super) async fn run(self: Arc<Self>, walk: Walk) -> Result<Extent, ErrorGroup<IndexError>> {
        let rt = self.rt.clone();
        task_group(&rt, async move |group: TaskGroup<R, IndexError>| {
            let stages = self.clone();
            let walker = group.spawn_named("walker", async move { stages.walk(walk).await });
            let mut reading = vec![walker];
            for number in 1..=self.job.options.workers.max(1) {
                let stages = self.clone();
                let reader = async move { stages.read().await };
                reading.push(group.spawn_named(format!("reader {number}"), reader));
            }
            let stages = self.clone();
            let writer = group.spawn_named("writer", async move { stages.write().await });

            either(ended(&mut reading), self.enough.wait()).await;
            reading.iter().for_each(TaskHandle::cancel);
            self.documents.close();
            Ok(writer.await?)
        })
        .await
    }

    /// Finds the files, a stretch at a time: a thread is not held for longer, and the walk is not far
    /// ahead of the reading.
    async fn walk(&self, mut walk: Walk) -> Result<(), IndexError> {
        const STRETCH: usize = 64;

        let Job {
            ledger, progress, ..
        } = &self.job;
        let mut files = 0;
        while !self.job.stop.is_cancelled() {
            let stretch: Vec<Found>;
            (walk, stretch) = unblock(&self.rt, move |cx| {
                let found = walk.by_ref().take_while(|_| !cx.is_cancelled());
                let stretch = found.take(STRETCH).collect();
                (walk, stretch)
            })
            .await?;
            if stretch.is_empty() {
                progress.walked(files);
                break;
            }
            let mut found = Vec::with_capacity(stretch.len());
            for entry in stretch {
                match entry {
                    Found::File(file) => found.push(file),
                    Found::Skipped(path, skip) => self.skip(&path, &skip),
                }
            }
            files += found.len() as u64;
            ledger.found(found.len() as u64);
            progress.walking(files);
            for file in found {
                let pushed = self.paths.push(file);
                // Once it is asked to stop, nobody takes them out.
                if self.job.stop.run_until_cancelled(pushed).await.is_err() {
                    break;
                }
            }
        }
        self.paths.close();
        Ok(())
    }

    /// One reader: reads file after file. One that takes too long is closed, and left out.
    async fn read(&self) -> Result<(), IndexError> {
        while let Some(file) = self.next_file().await {
            // A place for the document before there is one: so no more texts are in memory than
            // the queue has places.
            let Ok(place) = self.documents.reserve().await else {
                // Closed: nobody writes any more.
                return Ok(());
            };
            let document = read::document(&self.rt, &file, &self.job);
            let limit = self.job.options.file_timeout;
            let read = timeout(&self.rt, limit, document).budget(CLOSING).await;
            match read.unwrap_or_else(|elapsed| Err(elapsed.into())) {
                Ok(document) => {
                    self.job.progress.read(&file.name);
                    if place.push(document).is_err() {
                        return Ok(());
                    }
                }
                Err(NotRead::Skip(skip)) => self.skip(&file.name, &skip),
                Err(NotRead::Discarded(error)) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The next file to read; none, once the run is asked to stop.
    async fn next_file(&self) -> Option<FoundFile> {
        let stop = &self.job.stop;
        // Looked at first, as a file that waits would win.
        stop.check().ok()?;
        stop.run_until_cancelled(self.paths.pop()).await.ok()?
    }

    fn skip(&self, path: &str, skip: &Skip) {
        self.job.ledger.skipped(path, skip);
        self.job.progress.skipped(path, skip);
    }

    /// Writes the documents, a transaction after the other, as many as there are or are wanted. Says so
    /// as soon as it has the last of those that are wanted.
    async fn write(&self) -> Result<Extent, IndexError> {
        let limit = self.job.options.limit.unwrap_or(u64::MAX);
        let mut documents = 0;
        while documents < limit {
            // A transaction is begun only when there is something to write.
            let Some(first) = self.documents.pop().await else {
                return Ok(match self.job.stop.is_cancelled() {
                    true => Extent::Stopped,
                    false => Extent::Whole,
                });
            };
            let wanted = limit - documents;
            if wanted == 1 {
                self.enough.open();
            }
            let batch = (self.make_batch)(&self.rt, &self.connections, &self.job.ledger);
            documents += with_borrowing(&self.rt, batch, async |writer| {
                self.batch(writer, first, wanted).await
            })
            .await?;
            self.job.progress.committed(documents);
        }
        self.enough.open();
        Ok(Extent::Limited)
    }

    /// Writes `first` and what comes after it, until the batch is full, the queue has ended, or no more
    /// are `wanted`. Gives how many these were.
    async fn batch(
        &self,
        writer: &mut Writer<'_, R>,
        first: Document,
        wanted: u64,
    ) -> Result<u64, IndexError> {
        let most = wanted.min(self.job.options.batch.max(1) as u64);
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
            writer
                .write(move |session| {
                    let mut written = Written::default();
                    for document in documents {
                        written += session.put(&document, run)?;
                    }
                    Ok(written)
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

/// Waits until all `tasks` have ended. What they fail with is their group's.
async fn ended(tasks: &mut [TaskHandle<()>]) {
    for task in tasks {
        let _ended = task.await;
    }
}
