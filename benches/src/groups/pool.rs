//! Pools: an object is taken and given back, alone and by many tasks over few objects.

mod contenders;

#[cfg(test)]
mod tests;

use std::rc::Rc;

use self::contenders::{ON_A_RUNTIME, POOLS, take_on_one_thread};
use super::lock::{alone, among};
use crate::executor::Executor;
use crate::gate::Gate;
use crate::{Bar, Case, Contender, Group};

pub(crate) const GROUP: Group = Group {
    name: "pool",
    about: "an object is taken from a pool, and given back",
    cases,
    gates: &[
        Gate {
            name: "pool: take and give back",
            bar: Some(110),
            run: POOLS[0].alone,
        },
        Gate {
            name: "pool: take and give back, managed",
            bar: None,
            run: contenders::managed_alone,
        },
    ],
};

/// How many objects there are.
const OBJECTS: usize = 8;

fn cases() -> Vec<Case> {
    let by_hand = POOLS
        .iter()
        .filter(|it| ON_A_RUNTIME.iter().all(|(name, _)| *name != it.name));
    let subjects = by_hand.map(|it| (it.name, it.bound_to, it.alone));
    let on_one_thread = Contender::batch("withal (SingleThread)", take_on_one_thread);
    let uncontended = ON_A_RUNTIME.iter().fold(
        alone("uncontended", 0.4, subjects).with(on_one_thread),
        |case, &(name, run)| case.with(Contender::batch(name, run)),
    );
    let tasks = Executor::all().into_iter().map(Rc::new).map(|executor| {
        let name = format!("64 tasks over {OBJECTS} objects, each over an await");
        among(
            64,
            &name,
            POOLS,
            |it| it.awaiting,
            &[Bar::Fastest(0.7)],
            &executor,
        )
    });
    [uncontended].into_iter().chain(tasks).collect()
}
