//! What can be measured: a file for each group, and its name here.

use crate::Group;

mod generator;
mod group;
mod iteration;
mod lock;
mod pool;
mod queue;
mod scope;
mod timeout;

/// Every group, in the order in which they are measured.
pub const GROUPS: &[Group] = &[
    scope::GROUP,
    generator::GROUP,
    iteration::GROUP,
    queue::GROUP,
    lock::GROUP,
    pool::GROUP,
    group::GROUP,
    timeout::GROUP,
];
