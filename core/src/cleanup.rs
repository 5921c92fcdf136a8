//! The cleanup kernel: what becomes of a scope that is dropped while it is entered.
//!
//! A dropped scope cannot await its exit, but the code that drops it nearly always can: a timeout,
//! a race, a loop that ends early are futures themselves. So a drop is *collected*, and whoever
//! dropped waits:
//!
//! 1. The dropped scope drops its body under a collector of its own, and becomes an owned cleanup
//!    (a *link*): what the body left, inner first, then its exit.
//! 2. The link goes to the collector of the one who drops, if that is a combinator of ours; it
//!    runs the link before it returns.
//! 3. Otherwise foreign code dropped it. The link starts at once on the executor the scope was
//!    entered with, in a cell that the *enclosing scope* (the one whose body is being polled on
//!    this thread) shares. Before that scope exits, it drives the cell itself.
//! 4. With no enclosing scope, the executor runs it alone; and where no executor takes it, it waits
//!    in the process's list of orphans, is reported, and runs in a [`drain`].
//!
//! One file, one part: `ambient` the slots of a thread, `hand_over` the choice above, `link` and
//! `scope_link` what travels, `shared` the cell, `children` the enclosing scope's side, `leftovers`
//! all a scope waits for, `pending` the process-wide set, `local` what stays on its thread.

mod about;
mod report;

#[cfg(feature = "alloc")]
pub(crate) mod ambient;
#[cfg(feature = "alloc")]
mod children;
#[cfg(feature = "alloc")]
mod drain;
#[cfg(feature = "alloc")]
pub(crate) mod hand_over;
#[cfg(feature = "alloc")]
mod hook_guard;
#[cfg(feature = "alloc")]
pub(crate) mod kind;
#[cfg(feature = "alloc")]
pub(crate) mod leftovers;
#[cfg(feature = "alloc")]
mod link;
pub(crate) mod live;
#[cfg(feature = "std")]
mod local;
#[cfg(feature = "alloc")]
pub(crate) mod origin;
#[cfg(feature = "alloc")]
mod pending;
#[cfg(feature = "alloc")]
pub(crate) mod scope_link;
#[cfg(feature = "alloc")]
mod shared;
#[cfg(feature = "alloc")]
pub(crate) mod side_by_side;
#[cfg(feature = "alloc")]
mod task;
#[cfg(feature = "alloc")]
pub(crate) mod watch;

#[cfg(not(feature = "alloc"))]
pub(crate) mod inert;
#[cfg(not(feature = "alloc"))]
pub(crate) use self::inert as kind;
#[cfg(not(feature = "alloc"))]
pub(crate) use self::inert as leftovers;
#[cfg(not(feature = "alloc"))]
pub(crate) use self::inert as scope_link;

/// How many cleanups one poll of a scope or of a drain polls. An executor may allow a poll only so
/// many operations (Tokio: 128) and then makes every cleanup wait for the next one; staying below
/// lets each poll end some, so that many cleanups take time in proportion.
#[cfg(feature = "alloc")]
const BATCH: usize = 64;

pub use self::about::{About, Subject};
pub use self::report::{Report, ReportHook, report};

#[cfg(all(feature = "alloc", not(feature = "std")))]
pub use self::ambient::{SlotStorage, Slots, install_slots};
#[cfg(feature = "std")]
pub use self::hook_guard::live_hook_guard;
#[cfg(feature = "alloc")]
pub use self::hook_guard::{HookGuard, report_hook_guard};
#[cfg(feature = "std")]
pub use self::kind::ThreadBound;
#[cfg(feature = "std")]
pub use self::live::{
    Live, LiveEvent, LiveHook, LiveStep, PollPhase, keep_live_list, live_list, report_slow_polls,
    set_live_hook,
};
#[cfg(feature = "alloc")]
pub use self::{
    drain::{Drain, DrainReport, drain},
    kind::{Kind, Sendable},
    leftovers::report_waits_after,
    origin::CleanupOrigin,
    report::set_report_hook,
    task::CleanupTask,
};

#[cfg(feature = "alloc")]
pub(crate) use self::ambient::{CollectorId, ExitToken, unwatched};
#[cfg(not(feature = "alloc"))]
pub use self::inert::CleanupTask;
#[cfg(not(feature = "alloc"))]
pub(crate) use self::inert::{CollectorId, ExitToken, unwatched};

#[cfg(all(test, loom))]
mod tests;
