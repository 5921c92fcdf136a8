//! The cases. Each is a sentence about behaviour, generic over the runtime, and names the rules of
//! `docs/contract.md` that it proves.
//!
//! A case is an async function that takes the runtime, and a line in the table of its module. A new
//! module is a file here, with a table, and a line in `suite_cases!`. Both the tests of
//! [`conformance!`](crate::conformance) and the values of [`cases`] come from these tables.

#![expect(
    missing_docs,
    reason = "the name of a case is a sentence about behaviour"
)]

use crate::{Case, Harness, QueueUnderTest, Scopes, SemaphoreUnderTest, StreamUnderTest};

pub mod ambient;
pub mod attack;
pub mod blocking;
pub mod budget;
pub mod cancel_scopes;
pub mod channel_scope;
pub mod closure;
pub mod closure_borrowed;
pub mod closure_frame;
pub mod closure_rules;
pub mod combinators_joins;
pub mod combinators_races;
pub mod combinators_sets;
pub mod combinators_shields;
pub mod combinators_staggered;
pub mod coroutines;
pub mod driving;
pub mod entry;
pub mod errors;
pub mod exit_stacks;
pub mod future_set;
pub mod generators;
pub mod guard;
pub mod left_open;
pub mod local;
pub mod local_group;
pub mod loops;
pub mod matrix_m1;
pub mod matrix_m2;
pub mod matrix_m4;
pub mod panics;
pub mod policies;
pub mod pool;
pub mod pool_ends;
pub mod pool_storm;
pub mod pools;
pub mod primitives;
pub mod protocol;
pub mod queues;
pub mod runtime;
pub mod scope;
pub mod semaphores;
pub mod several;
pub mod small_scopes;
pub mod spawn;
pub mod stops;
pub mod strategies;
pub mod stream_adapters;
pub mod streams;
pub mod sweep;
pub mod sweep_primitives;
pub mod sweep_streams;
pub mod sweep_tasks;
pub mod task_group;
pub mod tasks;
pub mod threads;
pub mod timeouts;
pub mod timer;
pub mod traces;
pub mod transaction;
pub mod unblock;
pub mod unwinding;

/// Gives the table of each module to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! suite_cases {
    ($make:ident $with:tt [$harness:ty]) => {
        $crate::ambient_cases!($make $with [$harness]);
        $crate::attack_cases!($make $with [$harness]);
        $crate::blocking_cases!($make $with [$harness]);
        $crate::budget_cases!($make $with [$harness]);
        $crate::cancel_scopes_cases!($make $with [$harness]);
        $crate::channel_scope_cases!($make $with [$harness]);
        $crate::closure_cases!($make $with [$harness]);
        $crate::closure_borrowed_cases!($make $with [$harness]);
        $crate::closure_frame_cases!($make $with [$harness]);
        $crate::closure_rules_cases!($make $with [$harness]);
        $crate::combinators_joins_cases!($make $with [$harness]);
        $crate::combinators_races_cases!($make $with [$harness]);
        $crate::combinators_sets_cases!($make $with [$harness]);
        $crate::combinators_shields_cases!($make $with [$harness]);
        $crate::combinators_staggered_cases!($make $with [$harness]);
        $crate::coroutines_cases!($make $with [$harness]);
        $crate::driving_cases!($make $with [$harness]);
        $crate::entry_cases!($make $with [$harness, $harness]);
        $crate::errors_cases!($make $with [$harness]);
        $crate::exit_stacks_cases!($make $with [$harness]);
        $crate::future_set_cases!($make $with [$harness]);
        $crate::generators_cases!($make $with [$harness]);
        $crate::guard_cases!($make $with [$harness]);
        $crate::left_open_cases!($make $with [$harness]);
        $crate::local_cases!($make $with [$harness]);
        $crate::local_group_cases!($make $with [$harness]);
        $crate::loops_cases!($make $with [$harness]);
        $crate::matrix_m1_cases!($make $with [$harness]);
        $crate::matrix_m2_cases!($make $with [$harness]);
        $crate::matrix_m4_cases!($make $with [$harness]);
        $crate::panics_cases!($make $with [$harness]);
        $crate::policies_cases!($make $with [$harness]);
        $crate::pools_cases!($make $with [$harness]);
        $crate::pool_cases!($make $with [$harness]);
        $crate::pool_ends_cases!($make $with [$harness]);
        $crate::pool_storm_cases!($make $with [$harness]);
        $crate::primitives_cases!($make $with [$harness]);
        $crate::protocol_cases!($make $with [$harness, $crate::scopes::Direct]);
        $crate::queues_cases!($make $with [$harness, $crate::primitives::Queue]);
        $crate::runtime_cases!($make $with [$harness]);
        $crate::scope_cases!($make $with [$harness]);
        $crate::semaphores_cases!($make $with [$harness, $crate::primitives::Semaphore]);
        $crate::several_cases!($make $with [$harness]);
        $crate::small_scopes_cases!($make $with [$harness]);
        $crate::spawn_cases!($make $with [$harness]);
        $crate::stops_cases!($make $with [$harness]);
        $crate::strategies_cases!($make $with [$harness]);
        $crate::stream_adapters_cases!($make $with [$harness]);
        $crate::streams_cases!($make $with [$harness, $crate::streams::Generated]);
        $crate::sweep_cases!($make $with [$harness]);
        $crate::sweep_primitives_cases!($make $with [$harness]);
        $crate::sweep_streams_cases!($make $with [$harness]);
        $crate::sweep_tasks_cases!($make $with [$harness]);
        $crate::task_group_cases!($make $with [$harness]);
        $crate::tasks_cases!($make $with [$harness]);
        $crate::threads_cases!($make $with [$harness]);
        $crate::timeouts_cases!($make $with [$harness]);
        $crate::timer_cases!($make $with [$harness]);
        $crate::traces_cases!($make $with [$harness]);
        $crate::transaction_cases!($make $with [$harness]);
        $crate::unblock_cases!($make $with [$harness]);
        $crate::unwinding_cases!($make $with [$harness]);
    };
}

/// Every case of the suite on `H`: what [`conformance!`](crate::conformance) makes tests of.
///
/// # Examples
///
/// ```
/// use withal_tests::{Harness, suite};
///
/// fn failures<H: Harness>(module: &str) -> Vec<String> {
///     suite::cases::<H>()
///         .filter(|case| case.module == module)
///         .filter_map(|case| Some(format!("{case} {}", case.run().err()?)))
///         .collect()
/// }
/// # #[cfg(feature = "smol")] {
/// # struct Smol;
/// # impl Harness for Smol {
/// #     type Runtime = withal::smol::SmolRuntime;
/// #     fn run<T>(case: impl AsyncFnOnce(&Self::Runtime) -> T) -> T {
/// #         let rt = Self::Runtime::global();
/// #         rt.block_on(case(&rt))
/// #     }
/// # }
/// assert!(failures::<Smol>("timer").is_empty());
/// # }
/// ```
pub fn cases<H: Harness>() -> impl Iterator<Item = Case> {
    let mut cases = Vec::new();
    crate::suite_cases!(make_list(cases)[H]);
    cases.into_iter()
}

/// Every case of the [`protocol`] on `H`, run by `S`: what
/// [`scope_conformance!`](crate::scope_conformance) makes tests of.
pub fn protocol_cases<H: Harness, S: Scopes>() -> impl Iterator<Item = Case> {
    let mut cases = Vec::new();
    crate::protocol_cases!(make_list (cases) [H, S]);
    cases.into_iter()
}

/// Every case about [`queues`] on `H`, of `Q`: what
/// [`queue_conformance!`](crate::queue_conformance) makes tests of.
pub fn queue_cases<H: Harness, Q: QueueUnderTest>() -> impl Iterator<Item = Case> {
    let mut cases = Vec::new();
    crate::queues_cases!(make_list (cases) [H, Q]);
    cases.into_iter()
}

/// Every case about [`semaphores`] on `H`, of `S`: what
/// [`semaphore_conformance!`](crate::semaphore_conformance) makes tests of.
pub fn semaphore_cases<H: Harness, S: SemaphoreUnderTest>() -> impl Iterator<Item = Case> {
    let mut cases = Vec::new();
    crate::semaphores_cases!(make_list (cases) [H, S]);
    cases.into_iter()
}

/// Every case about [`streams`] on `H`, of `S`: what
/// [`stream_conformance!`](crate::stream_conformance) makes tests of.
pub fn stream_cases<H: Harness, S: StreamUnderTest>() -> impl Iterator<Item = Case> {
    let mut cases = Vec::new();
    crate::streams_cases!(make_list (cases) [H, S]);
    cases.into_iter()
}
