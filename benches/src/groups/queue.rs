//! Queues: where nobody waits, and from task to task on every executor.

mod contenders;
mod shapes;

#[cfg(test)]
mod tests;

use std::rc::Rc;

use self::contenders::{SUBJECTS, Subject, on_one_thread, try_on_one_thread};
use self::shapes::Shape;
use crate::executor::{Executor, Home, Sides};
use crate::gate::Gate;
use crate::{Bar, Case, Contender, Group};

pub(crate) const GROUP: Group = Group {
    name: "queue",
    about: "an item is put in and comes out: where nobody waits, and from task to task",
    cases,
    gates: &[
        Gate {
            name: "queue: push and pop",
            bar: Some(180),
            run: SUBJECTS[0].alone,
        },
        Gate {
            name: "queue: try_push and try_pop",
            bar: None,
            run: SUBJECTS[0].alone_try,
        },
    ],
};

/// Not asked for on smol's executors: they allocate by themselves, one time in 31, when a task is
/// woken.
const NO_ALLOCATION: Bar = Bar::Allocations(0.0);

fn cases() -> Vec<Case> {
    let mut cases = vec![
        alone("nobody waits", |subject| subject.alone, on_one_thread),
        alone(
            "nobody waits, try forms",
            |subject| subject.alone_try,
            try_on_one_thread,
        ),
    ];
    for executor in Executor::all().into_iter().map(Rc::new) {
        for (name, senders, receivers) in [("SPSC", 1, 1), ("MPSC 4", 4, 1), ("MPMC 4×4", 4, 4)] {
            for capacity in [Some(1), Some(16), Some(1024), None] {
                let shape = Shape {
                    senders,
                    receivers,
                    capacity,
                };
                cases.push(flow(name, shape, &executor));
            }
        }
        cases.push(ping_pong(&executor));
    }
    cases
}

/// A case without an executor: nothing waits.
fn alone(name: &str, run: fn(&Subject) -> fn(u64), on_one_thread: fn(u64)) -> Case {
    let bars = [Bar::Fastest(0.95), NO_ALLOCATION];
    SUBJECTS
        .iter()
        .filter(|subject| subject.bound_to.is_none() && (subject.has)(shapes::ALONE))
        .map(|subject| contender(subject, &bars, run(subject)))
        .fold(Case::new(name), Case::with)
        .with(Contender::batch("withal (SingleThread)", on_one_thread))
        .with(Contender::batch(
            "limit: std's mutex around a VecDeque",
            shapes::alone_by_hand,
        ))
}

fn flow(name: &str, shape: Shape, executor: &Rc<Executor>) -> Case {
    let capacity = match shape.capacity {
        Some(capacity) => format!("capacity {capacity}"),
        None => "unbounded".to_owned(),
    };
    on(
        executor,
        format!("{name}, {capacity}"),
        shape,
        move |subject, times| (subject.flow)(shape, times),
    )
}

fn ping_pong(executor: &Rc<Executor>) -> Case {
    let shape = Shape::pair(Some(1));
    on(executor, "ping-pong".to_owned(), shape, |subject, times| {
        (subject.ping_pong)(times)
    })
}

/// A case on an executor, with everything that has the shape.
fn on(
    executor: &Rc<Executor>,
    name: String,
    shape: Shape,
    tasks: impl Fn(&Subject, u64) -> Sides + Copy + 'static,
) -> Case {
    let case = Case::new(format!("{name}, {executor}")).threaded(executor.is_threaded());
    let allocation = (executor.home() == Home::Tokio).then_some(NO_ALLOCATION);
    let bars: Vec<_> = [Bar::Fastest(1.0)].into_iter().chain(allocation).collect();
    SUBJECTS
        .iter()
        .filter(|subject| executor.suits(subject.bound_to) && (subject.has)(shape))
        .map(|subject| {
            let executor = executor.clone();
            contender(subject, &bars, move |times| {
                executor.run(tasks(subject, times));
            })
        })
        .fold(case, Case::with)
}

/// The bars are those of our default form.
fn contender(subject: &Subject, bars: &[Bar], run: impl FnMut(u64) + 'static) -> Contender {
    let contender = Contender::batch(subject.name, run);
    match subject.name {
        "withal" => bars.iter().cloned().fold(contender, Contender::bar),
        _ => contender,
    }
}
