//! Scripts of stacks: what each entry does, how the body ends, and who cancels when.

use std::fmt;
use std::panic::resume_unwind;

use fastrand::Rng;
use withal::scope::{Failure, Suppress};
use withal::{ExitReason, HandOver, Scope};
use withal_tests::Log;
use withal_tests::poll::yields;

/// An error that says whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tag(pub(super) String);

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Clean,
    Fails,
    Panics,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Swallows {
    Nothing,
    /// Errors of bodies and of enters.
    Bodies,
    /// Errors of exits.
    Exits,
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: u32,
    enter_waits: usize,
    enter_fails: bool,
    exit_waits: usize,
    exit: End,
    pub(super) swallows: Swallows,
}

/// Entries that are entered on a stack, which is closed behind them, but for the last ones.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) entries: Vec<Entry>,
    /// Takes the entries out and puts them back, behind this one.
    pub(super) takes_behind: Option<u32>,
}

#[derive(Clone, Debug)]
pub(super) struct Script {
    pub(super) parts: Vec<Part>,
    pub(super) body_waits: usize,
    pub(super) body: End,
    pub(super) swallows: bool,
}

/// What is left of errors and values in the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) value: Option<u32>,
    pub(super) body: Option<Tag>,
    pub(super) exits: Vec<Tag>,
}

impl Script {
    pub(super) fn random(random: &mut Rng) -> Self {
        let swallows = random.bool();
        let mut name = 0;
        let parts = (0..random.usize(1..3)).map(|_| {
            let entries: Vec<_> = (0..random.usize(0..5))
                .map(|_| {
                    name += 1;
                    Entry::random(random, name, swallows)
                })
                .collect();
            let takes_behind = (random.u8(..4) == 0).then_some(name);
            Part {
                entries,
                takes_behind,
            }
        });
        Self {
            parts: parts.collect(),
            body_waits: random.usize(0..3),
            body: end(random),
            swallows,
        }
    }
}

fn end(random: &mut Rng) -> End {
    match random.u8(..8) {
        0..4 => End::Clean,
        4..7 => End::Fails,
        _ => End::Panics,
    }
}

impl Entry {
    fn random(random: &mut Rng, name: u32, swallows: bool) -> Self {
        Self {
            name,
            enter_waits: random.usize(0..2),
            enter_fails: random.u8(..12) == 0,
            exit_waits: random.usize(0..3),
            exit: end(random),
            swallows: match random.u8(..4) {
                0 if swallows => Swallows::Bodies,
                1 if swallows => Swallows::Exits,
                _ => Swallows::Nothing,
            },
        }
    }

    pub(super) fn scope(&self, log: &Log) -> Scripted {
        Scripted {
            entry: self.clone(),
            log: log.clone(),
        }
    }
}

impl Script {
    /// The body behind all enters.
    pub(super) async fn body(&self, log: &Log) -> Result<u32, Tag> {
        yields(self.body_waits).await;
        log.push("body");
        match self.body {
            End::Clean => Ok(7),
            End::Fails => Err(Tag("body".to_owned())),
            End::Panics => resume_unwind(Box::new("body".to_owned())),
        }
    }
}

/// A scope that does as its entry says.
pub(super) struct Scripted {
    entry: Entry,
    log: Log,
}

impl Scope for Scripted {
    type Resource = u32;
    type Error = Tag;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<u32, Tag> {
        yields(self.entry.enter_waits).await;
        if self.entry.enter_fails {
            return Err(Tag(format!("enter {}", self.entry.name)));
        }
        self.log.push(format_args!("+{}", self.entry.name));
        Ok(self.entry.name)
    }

    async fn exit(self, name: u32, reason: ExitReason<'_>) -> Result<(), Tag> {
        match reason.failure() {
            Some(failure) => self.log.push(format_args!("…{name}:{failure:?}")),
            None => self.log.push(format_args!("…{name}:{}", reason.kind())),
        }
        yields(self.entry.exit_waits).await;
        self.log.push(format_args!("-{name}"));
        match self.entry.exit {
            End::Clean => Ok(()),
            End::Fails => Err(Tag(format!("exit {name}"))),
            End::Panics => resume_unwind(Box::new(format!("exit {name}"))),
        }
    }
}

impl Suppress for Scripted {
    fn suppresses(&self, failure: Failure<'_>) -> bool {
        if self.entry.swallows == Swallows::Nothing {
            return false;
        }
        self.log.push(format_args!("?{}", self.entry.name));
        let of_exit = failure
            .downcast_ref::<Tag>()
            .is_some_and(|tag| tag.0.starts_with("exit"));
        of_exit == (self.entry.swallows == Swallows::Exits)
    }
}
