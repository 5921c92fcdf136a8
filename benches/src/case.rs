//! What is measured: groups of cases, in each of which contenders do the same work.

use std::fmt;
use std::hint::black_box;
use std::time::Duration;

use serde::Serialize;

use crate::gate::Gate;

/// A subject: the cases of one file in `groups/`.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// As the command line names it.
    pub name: &'static str,
    /// What it compares, in one line.
    pub about: &'static str,
    /// Builds the cases, executors included.
    pub cases: fn() -> Vec<Case>,
    /// Operations whose instructions are counted.
    pub gates: &'static [Gate],
}

/// One piece of work, done by several contenders in turn.
#[derive(Debug)]
pub struct Case {
    pub(crate) name: String,
    pub(crate) contenders: Vec<Contender>,
    pub(crate) threaded: bool,
}

impl Case {
    /// A case without contenders.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            contenders: Vec::new(),
            threaded: false,
        }
    }

    /// Whether it wakes threads. Then a sample is longer, for what that takes at its start and its
    /// end, and there are fewer of them.
    pub fn threaded(mut self, threaded: bool) -> Self {
        self.threaded = threaded;
        self
    }

    /// Whether each of `words` occurs in its name, in whatever case.
    pub(crate) fn is_about(&self, words: &[String]) -> bool {
        let name = self.name.to_lowercase();
        words.iter().all(|word| name.contains(&word.to_lowercase()))
    }

    /// Adds a contender.
    pub fn with(mut self, contender: Contender) -> Self {
        self.contenders.push(contender);
        self
    }
}

/// One way to do the work of a case. Its name says what it is: `withal` or `withal (…)` is ours,
/// `limit: …` is what the hardware allows, and everything else is a peer.
pub struct Contender {
    pub(crate) name: String,
    pub(crate) run: Box<dyn FnMut(u64)>,
    pub(crate) parts: u64,
    pub(crate) fairness: Option<Box<dyn FnMut(u64) -> Fairness>>,
    pub(crate) bytes: Option<usize>,
    pub(crate) bars: Vec<Bar>,
}

impl Contender {
    /// Does the work by calling `operation`, once for each time.
    pub fn new<T>(name: impl Into<String>, mut operation: impl FnMut() -> T + 'static) -> Self {
        Self::batch(name, move |times| {
            for _ in 0..times {
                black_box(operation());
            }
        })
    }

    /// Does the work by telling `run` how many times: for what needs an executor around the loop.
    pub fn batch(name: impl Into<String>, run: impl FnMut(u64) + 'static) -> Self {
        Self {
            name: name.into(),
            run: Box::new(run),
            parts: 1,
            fairness: None,
            bytes: None,
            bars: Vec::new(),
        }
    }

    /// Does the same work in tasks that are watched: in runs of their own, since looking at the clock
    /// costs more than many an operation.
    pub fn fairness(mut self, run: impl FnMut(u64) -> Fairness + 'static) -> Self {
        self.fairness = Some(Box::new(run));
        self
    }

    /// An operation consists of so many parts, and the figures are those of a part. Before each sample
    /// one operation is done that does not count.
    pub fn each_of(mut self, parts: u64) -> Self {
        self.parts = parts;
        self
    }

    /// The size of the future that does the work.
    pub fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = Some(bytes);
        self
    }

    /// What it has to reach.
    pub fn bar(mut self, bar: Bar) -> Self {
        self.bars.push(bar);
        self
    }
}

impl fmt::Debug for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contender")
            .field("name", &self.name)
            .field("bytes", &self.bytes)
            .field("bars", &self.bars)
            .finish_non_exhaustive()
    }
}

/// How evenly the tasks of a contender were served.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Fairness {
    /// The operations of the task with the fewest, as a part of those of the task with the most.
    pub share: f64,
    /// The longest wait of all, in operations that other tasks had meanwhile.
    pub turns: f64,
    /// The longest wait of all, in nanoseconds.
    pub longest: f64,
}

/// How one task was served.
#[derive(Clone, Copy, Debug, Default)]
pub struct Served {
    /// How many operations it had.
    pub operations: u64,
    /// How many operations others had during the longest of its waits.
    pub turns: u64,
    /// The longest of its waits.
    pub longest: Duration,
}

impl Fairness {
    /// Of all tasks.
    pub fn of(tasks: &[Served]) -> Self {
        let operations = || tasks.iter().map(|task| task.operations);
        let share = operations().min().unwrap_or(0) as f64 / operations().max().unwrap_or(0) as f64;
        let turns = tasks.iter().map(|task| task.turns).max();
        let longest = tasks.iter().map(|task| task.longest).max();
        Self {
            share,
            turns: turns.unwrap_or_default() as f64,
            longest: longest.unwrap_or_default().as_secs_f64() * 1e9,
        }
    }
}

/// What a contender has to reach; the table says whether it did.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Bar {
    /// At most so many times what another contender of the case takes.
    Times(f64, &'static str),
    /// At most so many times what each of some contenders takes, which have a name together.
    TimesEach(f64, &'static str, &'static [&'static str]),
    /// At most so many times what the fastest peer of the case takes.
    Fastest(f64),
    /// No task gets less than so much of what another one gets.
    Share(f64),
    /// At most so many allocations for each operation.
    Allocations(f64),
    /// Known without measuring: what it is about, and whether it holds.
    Known(String, bool),
}
