//! Random plans.

use fastrand::Rng;

use super::plan::{How, Plan, Stop, Then, What, Work};

/// How deep combinators nest.
const DEEPEST: usize = 3;

/// The plan of a seed, and how it is ended from outside.
pub(super) fn plan(rng: &mut Rng) -> (Plan, Stop) {
    let plan = combined(rng, DEEPEST).numbered();
    (plan, stop(rng))
}

fn stop(rng: &mut Rng) -> Stop {
    match rng.u8(..4) {
        0 => Stop::Cancelled(rng.u8(..20)),
        1 => Stop::Dropped(rng.u8(..20)),
        _ => Stop::After(rng.u8(1..40)),
    }
}

/// A combinator, with others inside up to `depth`.
fn combined(rng: &mut Rng, depth: usize) -> Plan {
    let how = how(rng);
    let parts = (0..rng.usize(how.parts())).map(|_| part(rng, depth - 1));
    let parts = parts.collect();
    Plan::new(What::Of(how), parts)
}

fn part(rng: &mut Rng, depth: usize) -> Plan {
    let inner = if depth > 0 && rng.u8(..4) > 0 {
        combined(rng, depth)
    } else {
        Plan::new(What::Work(work(rng)), Vec::new())
    };
    if rng.u8(..3) == 0 {
        return inner;
    }
    let exit_yields = [0, 1, 3][rng.usize(..3)];
    Plan::new(What::Scope { exit_yields }, vec![inner])
}

fn work(rng: &mut Rng) -> Work {
    Work {
        yields: rng.u8(..4),
        millis: [0, 0, rng.u8(1..12)][rng.usize(..3)],
        then: match rng.u8(..12) {
            0..5 => Then::Value,
            5..7 => Then::Error,
            7 => Then::Panic,
            _ => Then::Never,
        },
    }
}

fn how(rng: &mut Rng) -> How {
    match rng.u8(..32) {
        0..3 => How::Timeout(rng.u8(..10)),
        3..5 => How::Either,
        5 => How::Join,
        6..8 => How::TryJoin,
        8 => How::JoinSettled,
        9 => How::Race,
        10 => How::RaceOk,
        11 => How::AwaitCleanup,
        12 => How::Shield(rng.u8(1..10)),
        13 => How::Cancel(rng.u8(..8)),
        14 => How::Loop,
        15 => How::Task,
        21..24 => How::LocalGroup(rng.u8(1..4)),
        24..27 => How::CancelScope {
            time: rng.u8(..10),
            grace: [0, rng.u8(..6)][rng.usize(..2)],
        },
        27 => How::Staggered(rng.u8(..6)),
        28..30 => How::AsCompleted(rng.u8(..4)),
        18..21 => How::TaskGroup(rng.u8(1..4)),
        16 => How::CancelledTask(rng.u8(..8)),
        17 => How::Token(rng.u8(..10)),
        _ => How::Foreign(rng.u8(..8)),
    }
}
