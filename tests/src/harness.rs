//! What a runtime must provide to take part in the suite.

use withal::runtime::Runtime;

/// One flavour of a runtime.
pub trait Harness {
    /// The value that cases get.
    type Runtime: Runtime;

    /// Runs `case` on a fresh runtime (or the global one, where there is only one) until it ends,
    /// with timers, tasks and blocking work alive meanwhile.
    fn run<T>(case: impl AsyncFnOnce(&Self::Runtime) -> T) -> T;
}

/// Expands to one `#[test]` for each case of the suite, on the given [`Harness`].
#[macro_export]
macro_rules! conformance {
    ($harness:ty) => {
        $crate::scope_cases!($harness);
        $crate::stops_cases!($harness);
        $crate::attack_cases!($harness);
        $crate::traces_cases!($harness);
        $crate::budget_cases!($harness);
        $crate::closure_cases!($harness);
        $crate::closure_frame_cases!($harness);
        $crate::driving_cases!($harness);
        $crate::errors_cases!($harness);
        $crate::guard_cases!($harness);
        $crate::local_cases!($harness);
        $crate::matrix_m1_cases!($harness);
        $crate::panics_cases!($harness);
        $crate::policies_cases!($harness);
        $crate::strategies_cases!($harness);
        $crate::sweep_cases!($harness);
        $crate::sweep_tasks_cases!($harness);
        $crate::ambient_cases!($harness);
        $crate::threads_cases!($harness);
        $crate::unwinding_cases!($harness);
    };
}

/// Expands to one `#[test]` for each named case of a module of the suite. A case is an async
/// function that takes the runtime.
#[macro_export]
macro_rules! cases {
    ($harness:ty, $module:ident: $($case:ident),* $(,)?) => {
        mod $module {
            use super::*;
            $(
                #[test]
                fn $case() {
                    <$harness as $crate::Harness>::run(async |rt| {
                        $crate::suite::$module::$case(rt).await
                    });
                }
            )*
        }
    };
}
