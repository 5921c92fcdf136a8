//! Makes a plan that fails smaller.

use super::plan::{Plan, Then, What, Work};

/// Plans that are a little smaller than `plan`, the smallest first.
pub(super) fn smaller(plan: &Plan) -> Vec<Plan> {
    let mut smaller = changed(plan);
    smaller.sort_by_key(Plan::size);
    smaller.into_iter().map(Plan::numbered).collect()
}

/// `plan` with one change, in each place.
fn changed(plan: &Plan) -> Vec<Plan> {
    let mut changed = Vec::new();
    // A part in the place of the whole.
    changed.extend(plan.parts.iter().map(|part| Plan::clone(part)));
    if let What::Of(how) = plan.what {
        if plan.parts.len() > how.parts().start {
            for n in 0..plan.parts.len() {
                let mut without = plan.clone();
                without.parts.remove(n);
                changed.push(without);
            }
        }
    }
    match plan.what {
        What::Work(work) => changed.extend(plainer(work).map(|work| Plan {
            what: What::Work(work),
            ..plan.clone()
        })),
        What::Scope { exit_yields } if exit_yields > 0 => changed.push(Plan {
            what: What::Scope {
                exit_yields: exit_yields - 1,
            },
            ..plan.clone()
        }),
        _ => {}
    }
    for (n, part) in plan.parts.iter().enumerate() {
        changed.extend(self::changed(part).into_iter().map(|part| {
            let mut plan = plan.clone();
            plan.parts[n] = part.into();
            plan
        }));
    }
    changed
}

fn plainer(work: Work) -> impl Iterator<Item = Work> {
    let fewer = (work.yields > 0).then(|| Work {
        yields: work.yields - 1,
        ..work
    });
    let sooner = (work.millis > 0).then_some(Work { millis: 0, ..work });
    let value = (work.then != Then::Value).then_some(Work {
        then: Then::Value,
        ..work
    });
    [fewer, sooner, value].into_iter().flatten()
}
