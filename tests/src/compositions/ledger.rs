//! What happened, and whether the laws were kept.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a part of a plan gives: its number, or where an error comes from.
pub(super) type Given = Result<usize, Fault>;

/// An error: the part it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault(pub(super) usize);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "part {} failed", self.0)
    }
}

impl std::error::Error for Fault {}

/// Kept by the parts of a plan as they go.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    events: Vec<Event>,
    open: BTreeSet<usize>,
    exited: BTreeSet<usize>,
    wrong: Option<String>,
}

/// Something that happened to a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Entered(usize),
    Exited(usize),
    Gave(usize, Given),
    Panicked(usize),
}

impl Ledger {
    pub(super) fn entered(&self, id: usize) {
        let mut state = self.lock();
        state.events.push(Event::Entered(id));
        state.open.insert(id);
    }

    /// The scope `range.start` was exited.
    pub(super) fn exited(&self, range: Range<usize>) {
        let mut state = self.lock();
        let id = range.start;
        state.events.push(Event::Exited(id));
        if !state.open.remove(&id) || !state.exited.insert(id) {
            state.wrong(format!("{id} was exited twice, or never entered"));
        }
        state.check_closed(range, "was exited");
    }

    /// The part has ended with `given`.
    pub(super) fn gave(&self, range: Range<usize>, given: Given, waits: bool) {
        let mut state = self.lock();
        state.events.push(Event::Gave(range.start, given));
        if waits {
            state.check_closed(range, "gave");
        }
    }

    pub(super) fn panicked(&self, range: Range<usize>, waits: bool) {
        let mut state = self.lock();
        state.events.push(Event::Panicked(range.start));
        if waits {
            state.check_closed(range, "panicked");
        }
    }

    /// What part `id` gave, if it did, and when.
    pub(super) fn given(&self, id: usize) -> Option<(usize, Given)> {
        let state = self.lock();
        let mut events = state.events.iter().enumerate();
        events.find_map(|(place, event)| match event {
            Event::Gave(part, given) if *part == id => Some((place, *given)),
            _ => None,
        })
    }

    /// Part `id` gave `given`, says its combinator.
    pub(super) fn same(&self, id: usize, given: Given) {
        let told = self.given(id).map(|(_, told)| told);
        self.law(told == Some(given), || {
            format!("{id} gave {told:?}, and not {given:?}")
        });
    }

    /// The first of `parts` to give what `counts`, and that.
    pub(super) fn first(
        &self,
        parts: impl IntoIterator<Item = usize>,
        counts: impl Fn(&Given) -> bool,
    ) -> Option<(usize, Given)> {
        let gave = parts.into_iter().filter_map(|part| {
            let (place, given) = self.given(part)?;
            counts(&given).then_some((place, part, given))
        });
        let (_, part, given) = gave.min_by_key(|(place, ..)| *place)?;
        Some((part, given))
    }

    /// The errors that `parts` gave, in the order in which they came.
    pub(super) fn faults(&self, parts: impl IntoIterator<Item = usize>) -> Vec<Fault> {
        let gave = parts.into_iter().filter_map(|part| self.given(part));
        let mut faults: Vec<_> = gave
            .filter_map(|(place, given)| Some((place, given.err()?)))
            .collect();
        faults.sort_by_key(|(place, _)| *place);
        faults.into_iter().map(|(_, fault)| fault).collect()
    }

    /// Notes a law that is broken.
    pub(super) fn law(&self, holds: bool, wrong: impl FnOnce() -> String) {
        if !holds {
            let wrong = wrong();
            self.lock().wrong(wrong);
        }
    }

    /// How many scopes are open.
    pub(super) fn open(&self) -> usize {
        self.lock().open.len()
    }

    /// How many scopes were exited.
    pub(super) fn exits(&self) -> usize {
        self.lock().exited.len()
    }

    /// The first law that was broken, with what had happened.
    pub(super) fn verdict(&self) -> Result<(), String> {
        let state = self.lock();
        match &state.wrong {
            None => Ok(()),
            Some(wrong) => Err(format!("{wrong}; what happened: {:?}", state.events)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn check_closed(&mut self, mut range: Range<usize>, what: &str) {
        let id = range.start;
        range.start += 1;
        if let Some(open) = self.open.range(range).next() {
            self.wrong(format!("{id} {what} while scope {open} was open"));
        }
    }

    /// The first is the one that says most.
    fn wrong(&mut self, wrong: String) {
        let place = self.events.len();
        self.wrong.get_or_insert(format!("{wrong} (event {place})"));
    }
}
