//! What happened, in order: kept by the tests themselves, never read from the kernel.

use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};

/// A shared list of events, written as in the design's traces: `+a` entered, `-a` exited.
#[derive(Clone, Debug, Default)]
pub struct Log {
    events: Arc<Mutex<Vec<String>>>,
}

impl Log {
    /// An empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an event.
    pub fn push(&self, event: impl Display) {
        self.lock().push(event.to_string());
    }

    /// The events so far, separated by blanks.
    pub fn trace(&self) -> String {
        self.lock().join(" ")
    }

    /// How many events begin with `prefix`.
    pub fn count(&self, prefix: &str) -> usize {
        self.lock()
            .iter()
            .filter(|event| event.starts_with(prefix))
            .count()
    }

    /// Where `event` stands.
    pub fn position(&self, event: &str) -> Option<usize> {
        self.lock().iter().position(|seen| seen == event)
    }

    /// Asserts the whole trace.
    #[track_caller]
    pub fn assert(&self, expected: &str) {
        assert_eq!(self.trace(), expected);
    }

    /// Asserts that every scope entered was exited once.
    #[track_caller]
    pub fn assert_balanced(&self) {
        let events = self.lock().clone();
        for event in &events {
            if let Some(name) = event.strip_prefix('+') {
                let exits = events
                    .iter()
                    .filter(|event| event.strip_prefix('-').is_some_and(|exit| exit == name))
                    .count();
                assert_eq!(exits, 1, "exits of {name} in {}", events.join(" "));
            }
        }
        let (entered, exited) = (self.count_in(&events, '+'), self.count_in(&events, '-'));
        assert_eq!(
            entered,
            exited,
            "entered and exited in {}",
            events.join(" ")
        );
    }

    fn count_in(&self, events: &[String], mark: char) -> usize {
        events
            .iter()
            .filter(|event| event.starts_with(mark))
            .count()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        // A case that panics on purpose must not hide what was logged.
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
