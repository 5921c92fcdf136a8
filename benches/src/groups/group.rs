//! Groups: many children at once, each from its start to its output.
//!
//! First those in one task, polled by hand; then those that an executor runs, each in a task of its own;
//! then those that are cancelled.

mod cancelled;
mod children;
mod contenders;
mod spawned;
mod tokens;

#[cfg(test)]
mod tests;

use std::hint::black_box;

use self::contenders::{IN_ONE_TASK, Run, Subject};
use crate::gate::{Gate, repeat};
use crate::{Case, Contender, Group};

pub(crate) const GROUP: Group = Group {
    name: "group",
    about: "children that run side by side, from the first push to the last output",
    cases,
    gates: &[
        Gate {
            name: "group: a child of a hundred, ready at once",
            bar: None,
            run: |times| hundreds(times, OURS.ready),
        },
        Gate {
            name: "group: a child of a hundred, woken once",
            bar: None,
            run: |times| hundreds(times, OURS.kept),
        },
    ],
};

const OURS: &Subject = &IN_ONE_TASK[0];

/// Runs so many hundredths of a group of a hundred.
fn hundreds(times: u64, run: Run) {
    repeat(times.div_ceil(100), || run(100));
}

/// A way to use the children, and what a contender does in it.
type Shape = (&'static str, fn(&Subject) -> Run);

fn cases() -> Vec<Case> {
    let shapes: [Shape; 3] = [
        ("ready at once", |it| it.ready),
        ("yield once", |it| it.yields),
        ("woken once", |it| it.kept),
    ];
    let mut cases = Vec::new();
    for (shape, run) in shapes {
        for children in [10, 1_000, 100_000] {
            let name = format!("in one task, {children} children, {shape}");
            let contenders = IN_ONE_TASK.iter();
            cases.push(
                contenders
                    .map(|it| contender(it, children, run(it)))
                    .fold(Case::new(name), Case::with),
            );
        }
    }
    cases.extend(spawned::cases());
    cases.extend(cancelled::cases());
    cases.extend(tokens::cases());
    cases
}

fn contender(subject: &Subject, children: u32, run: Run) -> Contender {
    let contender = Contender::new(subject.name, move || run(black_box(children)));
    let contender = contender.each_of(children.into());
    match &subject.bar {
        Some(bar) => contender.bar(bar.clone()),
        None => contender,
    }
}
