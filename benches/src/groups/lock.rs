//! Locks: mutexes, semaphores and events, where nobody waits and where many do.

pub(super) mod contenders;
pub(super) mod shapes;

#[cfg(test)]
mod tests;

use std::rc::Rc;

use self::contenders::{
    EVENTS, LockSubject, MUTEXES, PERMITS, SEMAPHORES, Work, acquire_on_one_thread,
    lock_for_a_body, lock_on_one_thread,
};
use self::shapes::Watch;
use crate::executor::{Executor, Home};
use crate::gate::Gate;
use crate::{Bar, Case, Contender, Group};

pub(crate) const GROUP: Group = Group {
    name: "lock",
    about: "a section behind a mutex or a permit, alone and among many tasks; an event there and back",
    cases,
    gates: &[
        Gate {
            name: "lock: mutex",
            bar: Some(30),
            run: MUTEXES[0].alone,
        },
        Gate {
            name: "lock: semaphore",
            bar: Some(85),
            run: SEMAPHORES[0].alone,
        },
    ],
};

/// Not asked for on smol's executors: they allocate by themselves, one time in 31, when a task is
/// woken.
const NO_ALLOCATION: Bar = Bar::Allocations(0.0);

fn cases() -> Vec<Case> {
    let mut cases = vec![
        alone(
            "mutex, uncontended",
            0.9,
            MUTEXES.iter().map(|it| (it.name, it.bound_to, it.alone)),
        )
        .with(Contender::batch(
            "withal (SingleThread)",
            lock_on_one_thread,
        ))
        .with(Contender::batch("withal (for a body)", lock_for_a_body)),
        alone(
            "semaphore, uncontended",
            0.6,
            SEMAPHORES.iter().map(|it| (it.name, it.bound_to, it.alone)),
        )
        .with(Contender::batch(
            "withal (SingleThread)",
            acquire_on_one_thread,
        )),
        alone(
            "event, given and taken by one task",
            1.0,
            EVENTS.iter().map(|it| (it.name, it.bound_to, it.alone)),
        ),
    ];
    for executor in Executor::all().into_iter().map(Rc::new) {
        let mut among = |tasks: usize, name: &str, locks: &[_], work: fn(&_) -> _, bars: &[_]| {
            let name = format!("{name}, {tasks} tasks");
            cases.push(self::among(tasks, &name, locks, work, bars, &executor));
        };
        for tasks in [2, 8, 64] {
            let fair = [Bar::Share(0.95)];
            among(
                tasks,
                "mutex over an await",
                MUTEXES,
                |it| it.awaiting,
                &fair,
            );
        }
        // Where all share a thread, a task that never awaits never meets another.
        for tasks in [2, 8, 64].into_iter().filter(|_| executor.is_threaded()) {
            among(
                tasks,
                "mutex, tiny section",
                MUTEXES,
                |it| Some(it.tiny),
                &[],
            );
        }
        for tasks in [8, 64] {
            let name = format!("semaphore of {PERMITS} over an await");
            among(tasks, &name, SEMAPHORES, |it| it.awaiting, &[]);
        }
        cases.push(ping_pong(&executor));
    }
    cases
}

/// A case without an executor: nothing waits.
pub(super) fn alone(
    name: &str,
    bar: f64,
    subjects: impl Iterator<Item = (&'static str, Option<Home>, fn(u64))>,
) -> Case {
    let bars = [Bar::Fastest(bar), NO_ALLOCATION];
    subjects
        .filter(|(_, bound_to, _)| bound_to.is_none())
        .map(|(name, _, run)| contender(name, &bars, run))
        .fold(Case::new(name), Case::with)
}

/// So many tasks at one lock.
pub(super) fn among(
    tasks: usize,
    name: &str,
    locks: &[LockSubject],
    work: fn(&LockSubject) -> Option<Work>,
    more: &[Bar],
    executor: &Rc<Executor>,
) -> Case {
    let bars = bars(executor, more);
    locks
        .iter()
        .filter(|lock| executor.suits(lock.bound_to))
        .filter_map(|lock| work(lock).map(|work| (lock.name, work)))
        .map(|(name, work)| {
            let (timed, watched) = (executor.clone(), executor.clone());
            contender(name, &bars, move |times| {
                timed.run((work.tasks)(tasks, times));
            })
            .fairness(move |times| {
                let watch = Watch::default();
                watched.run((work.watched)(tasks, times, &watch));
                watch.fairness()
            })
        })
        .fold(case(name, executor), Case::with)
}

fn ping_pong(executor: &Rc<Executor>) -> Case {
    let bars = bars(executor, &[]);
    EVENTS
        .iter()
        .filter(|event| executor.suits(event.bound_to))
        .map(|event| {
            let (executor, tasks) = (executor.clone(), event.ping_pong);
            contender(event.name, &bars, move |times| executor.run(tasks(times)))
        })
        .fold(case("event, ping-pong", executor), Case::with)
}

fn case(name: &str, executor: &Executor) -> Case {
    Case::new(format!("{name}, {executor}")).threaded(executor.is_threaded())
}

/// Those of every case on an executor, and `more`.
fn bars(executor: &Executor, more: &[Bar]) -> Vec<Bar> {
    let allocation = (executor.home() == Home::Tokio).then_some(NO_ALLOCATION);
    let bars = [Bar::Fastest(1.0)].into_iter().chain(allocation);
    bars.chain(more.iter().cloned()).collect()
}

/// The bars are those of our default form.
fn contender(name: &str, bars: &[Bar], run: impl FnMut(u64) + 'static) -> Contender {
    let contender = Contender::batch(name, run);
    match name {
        "withal" => bars.iter().cloned().fold(contender, Contender::bar),
        _ => contender,
    }
}
