//! The account of one run.

use std::collections::BTreeMap;
use std::fmt;

use withal::cleanup::{About, LiveEvent, LiveStep, Subject};

/// What happened in one run, in order: what the sweep did, each step of each scope, and what was
/// reported. `Display` is one line for each.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    entries: Box<[Entry]>,
}

#[derive(Clone, Debug)]
pub(super) enum Entry {
    /// Something that the sweep did.
    Mark(String),
    /// A step of a scope.
    Scope(Told),
    /// A report.
    Report(String),
}

/// A step of a scope, as the kernel told it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    pub(super) id: usize,
    pub(super) parent: Option<usize>,
    pub(super) about: About,
    pub(super) step: LiveStep,
}

impl From<&LiveEvent> for Told {
    fn from(event: &LiveEvent) -> Self {
        Self {
            id: event.id,
            parent: event.parent,
            about: event.about,
            step: event.step,
        }
    }
}

impl Trace {
    pub(super) fn new(entries: Vec<Entry>) -> Self {
        Self {
            entries: entries.into(),
        }
    }

    pub(super) fn scopes(&self) -> impl Iterator<Item = &Told> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Scope(told) => Some(told),
            Entry::Mark(_) | Entry::Report(_) => None,
        })
    }

    /// How many scopes were entered.
    pub fn entered(&self) -> usize {
        self.scopes()
            .filter(|told| told.step == LiveStep::Entered)
            .filter(|told| told.about.subject == Subject::Scope)
            .count()
    }

    /// What was reported, in order.
    pub fn reports(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Report(report) => Some(report.as_str()),
            Entry::Mark(_) | Entry::Scope(_) => None,
        })
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // In the order in which they came: the kernel's numbers are the process's, and skip those of
        // other tests.
        let mut numbers = BTreeMap::new();
        for told in self.scopes() {
            let next = numbers.len() + 1;
            numbers.entry(told.id).or_insert(next);
        }
        for entry in &self.entries {
            match entry {
                Entry::Mark(mark) => writeln!(f, "  {mark}")?,
                Entry::Report(report) => writeln!(f, "    reported: {report}")?,
                Entry::Scope(told) => {
                    let About { name, location, .. } = told.about;
                    let number = numbers[&told.id];
                    match told.step {
                        LiveStep::Entered => write!(f, "    +{number} {name} at {location}")?,
                        LiveStep::Exiting(kind) => write!(f, "    -{number} exits: {kind}")?,
                        LiveStep::Dropped(kind) => write!(f, "    ~{number} dropped: {kind}")?,
                        LiveStep::NotClosed => write!(f, "    ~{number} dropped, not closed")?,
                        LiveStep::Ended => write!(f, "    .{number} has ended")?,
                        _ => write!(f, "    ?{number} {:?}", told.step)?,
                    }
                    let parent = told.parent.and_then(|parent| numbers.get(&parent));
                    if let (LiveStep::Entered, Some(parent)) = (told.step, parent) {
                        write!(f, ", in {parent}")?;
                    }
                    writeln!(f)?;
                }
            }
        }
        Ok(())
    }
}
