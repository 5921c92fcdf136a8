use std::fmt::Debug;
use std::panic::Location;

use crate::ErrorGroup;
use crate::cancel::report_later_error;
use crate::error_group::{Origin, Phase};

/// How far the branches of a combinator are.
#[derive(Clone, Debug)]
pub struct Run {
    name: &'static str,
    location: &'static Location<'static>,
    ended: usize,
    stopped_by: Option<usize>,
    decided: Option<usize>,
    panicked: Option<usize>,
}

impl Run {
    pub(super) fn new(name: &'static str, location: &'static Location<'static>) -> Self {
        Self {
            name,
            location,
            ended: 0,
            stopped_by: None,
            decided: None,
            panicked: None,
        }
    }

    /// The error that decided, of those that the branches have ended with. All others are reported.
    pub(super) fn first_error<E: Debug>(&self, errors: impl Iterator<Item = Option<E>>) -> E {
        let mut first = None;
        for (index, error) in errors.enumerate() {
            if self.decided == Some(index) {
                first = error;
            } else if let Some(later) = error {
                report_later_error(self.name, self.location, &later);
            }
        }
        match first {
            Some(error) => error,
            None => unreachable!("an error has decided, and is not there"),
        }
    }

    /// All errors that the branches have ended with: the one that decided, and the others.
    pub(super) fn group_errors<E>(&self, errors: impl Iterator<Item = Option<E>>) -> ErrorGroup<E> {
        let mut errors = Vec::from_iter(errors.enumerate());
        errors.sort_by_key(|(index, _)| self.decided != Some(*index));
        let mut group = ErrorGroup::new("not all futures have succeeded");
        for (index, error) in errors {
            if let Some(error) = error {
                let origin = Origin::new(Phase::Task).named(index.to_string());
                group.push(origin.at(self.location), error);
            }
        }
        group
    }

    /// Whether those that have not ended are being cancelled.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped_by.is_some()
    }

    /// The branch that was the first to decide, or to panic.
    pub(super) fn stopped_by(&self) -> Option<usize> {
        self.stopped_by
    }

    /// The branch that was the first to decide, as the policy has it.
    pub(super) fn decided(&self) -> Option<usize> {
        self.decided
    }

    /// The first branch whose panic is to go on.
    pub(super) fn panicked(&self) -> Option<usize> {
        self.panicked
    }

    /// How many branches have ended, their cleanup included.
    pub(super) fn ended(&self) -> usize {
        self.ended
    }

    pub(super) fn end(&mut self) {
        self.ended += 1;
    }

    pub(super) fn decide(&mut self, index: usize) {
        self.decided.get_or_insert(index);
        self.stopped_by.get_or_insert(index);
    }

    pub(super) fn panic(&mut self, index: usize) {
        self.panicked.get_or_insert(index);
        self.stopped_by.get_or_insert(index);
    }
}
