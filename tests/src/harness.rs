//! What a runtime must provide to take part in the suite, and the suite's macros.

use std::time::Duration;

use withal::runtime::Runtime;

use crate::log::PATIENCE;

/// One flavour of a runtime.
pub trait Harness {
    /// The value that cases get.
    type Runtime: Runtime;

    /// How long a case waits for an event that must come. Leave it, unless cases are to fail: they
    /// then do so sooner.
    const PATIENCE: Duration = PATIENCE;

    /// Runs `case` on a fresh runtime (or the global one, where there is only one) until it ends,
    /// with timers, tasks and blocking work alive meanwhile.
    fn run<T>(case: impl AsyncFnOnce(&Self::Runtime) -> T) -> T;
}

/// Expands to one `#[test]` for each case of the suite, on the given [`Harness`].
///
/// The same cases as data: [`suite::cases`](crate::suite::cases).
#[macro_export]
macro_rules! conformance {
    ($harness:ty) => {
        $crate::suite_cases!(make_tests()[$harness]);
    };
}

/// Expands to one `#[test]` for each case of the [scope protocol](crate::suite::protocol), run by
/// the given [`Scopes`](crate::Scopes) on the given [`Harness`].
///
/// The same cases as data: [`suite::protocol_cases`](crate::suite::protocol_cases).
#[macro_export]
macro_rules! scope_conformance {
    ($harness:ty, $scopes:ty) => {
        $crate::protocol_cases!(make_tests () [$harness, $scopes]);
    };
}

/// Expands to one `#[test]` for each case about [queues](crate::suite::queues), on the given
/// [`Harness`], of the given [`QueueUnderTest`](crate::QueueUnderTest).
///
/// The same cases as data: [`suite::queue_cases`](crate::suite::queue_cases).
#[macro_export]
macro_rules! queue_conformance {
    ($harness:ty, $queue:ty) => {
        $crate::queues_cases!(make_tests () [$harness, $queue]);
    };
}

/// Expands to one `#[test]` for each case about [semaphores](crate::suite::semaphores), on the given
/// [`Harness`], of the given [`SemaphoreUnderTest`](crate::SemaphoreUnderTest).
///
/// The same cases as data: [`suite::semaphore_cases`](crate::suite::semaphore_cases).
#[macro_export]
macro_rules! semaphore_conformance {
    ($harness:ty, $semaphore:ty) => {
        $crate::semaphores_cases!(make_tests () [$harness, $semaphore]);
    };
}

/// Expands to one `#[test]` for each case about [streams](crate::suite::streams), on the given
/// [`Harness`], of the given [`StreamUnderTest`](crate::StreamUnderTest).
///
/// The same cases as data: [`suite::stream_cases`](crate::suite::stream_cases).
#[macro_export]
macro_rules! stream_conformance {
    ($harness:ty, $stream:ty) => {
        $crate::streams_cases!(make_tests () [$harness, $stream]);
    };
}

/// A named case of the suite on a harness, as a [`Case`](crate::Case):
/// `case!([MyHarness] traces::our_timeout_in_a_body)`. Cases of the
/// [scope protocol](crate::suite::protocol) take their scopes as well:
/// `case!([MyHarness, MyScopes] protocol::…)`.
#[macro_export]
macro_rules! case {
    ([$harness:ty $(, $of:ty)?] $module:ident::$case:ident) => {
        $crate::Case::new::<$harness>(stringify!($module), stringify!($case), || {
            <$harness as $crate::Harness>::run(async |rt| {
                $crate::suite::$module::$case$(::<$of>)?(rt).await
            })
        })
    };
}

/// Makes `#[test]`s of a table of cases.
#[doc(hidden)]
#[macro_export]
macro_rules! make_tests {
    (() $of:tt $module:ident: $($case:ident),* $(,)?) => {
        mod $module {
            use super::*;
            $(
                #[test]
                fn $case() {
                    $crate::case!($of $module::$case).check();
                }
            )*
        }
    };
}

/// Makes `Case`s of a table of cases: adds them to a list.
#[doc(hidden)]
#[macro_export]
macro_rules! make_list {
    (($list:ident) $of:tt $module:ident: $($case:ident),* $(,)?) => {
        $list.extend([$($crate::case!($of $module::$case)),*]);
    };
}
