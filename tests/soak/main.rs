//! The soak on every flavour of the enabled runtimes, one after the other: what it counts belongs to
//! the whole process.
//!
//! `WITHAL_SOAK_SCOPES` says how many scopes each flavour enters; `WITHAL_SEED` replays a script.

mod broken;
mod flavours;
mod heap;

use std::env;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use withal::cleanup::{keep_live_list, live_list};
use withal::runtime::Cleanup;
use withal_tests::soak::{Soak, Summary};

/// How many scopes each flavour enters, unless told: few, for builds that are not optimised.
const SCOPES: u64 = 20_000;

/// Scripts before the heap is looked at, so that what is kept for good is there.
const WARM_UP: u64 = 2_000;

/// How many scopes between two rests.
const SLICE: u64 = 50_000;

/// By how much the live heap may differ, in bytes: executors keep some buffers of their own.
const SLACK: isize = 64 * 1024;

/// Waits until no other test of this process runs.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    // A test that failed has said so.
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn seed() -> u64 {
    number("WITHAL_SEED").unwrap_or_else(|| fastrand::u64(..))
}

fn number(variable: &str) -> Option<u64> {
    let value = env::var(variable).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{variable} is a number")),
    )
}

/// Soaks one flavour, and prints what was counted.
async fn soak<R: Cleanup>(name: &str, soak: Soak<R>) {
    soak_and_rest(name, soak, async || ()).await;
}

/// [`soak`], where the executor has to `rest` before it has put everything away.
async fn soak_and_rest<R: Cleanup>(name: &str, soak: Soak<R>, rest: impl AsyncFn()) {
    keep_live_list(true);
    let seed = seed();
    let scopes = number("WITHAL_SOAK_SCOPES").unwrap_or(SCOPES);
    run(name, &soak, seed, scopes.min(WARM_UP)).await;
    rest().await;
    let before = heap::live();
    let (mut entered, mut scripts, mut took) = (0, 0, Duration::ZERO);
    while entered < scopes {
        let slice = SLICE.min(scopes - entered);
        let summary = run(name, &soak, seed.wrapping_add(scripts), slice).await;
        entered += summary.scopes;
        scripts += summary.scripts;
        took += summary.took;
        rest().await;
    }
    let more = heap::live() - before;
    println!(
        "{name}: {entered} scopes in {scripts} scripts, seed {seed}, {:.1} s, live heap {more:+} bytes",
        took.as_secs_f64(),
    );
    assert!(
        more.abs() <= SLACK,
        "{name}: the live heap changed by {more} bytes"
    );
    keep_live_list(false);
}

async fn run<R: Cleanup>(name: &str, soak: &Soak<R>, seed: u64, scopes: u64) -> Summary {
    let summary = match soak.run(seed, scopes).await {
        Ok(summary) => summary,
        Err(failure) => panic!("{name}: {failure}"),
    };
    let left = &summary.left;
    assert!(left.is_clean(), "{name}: seed {seed} left {left:?}");
    if let Some(late) = &summary.late {
        panic!(
            "{name}: {:?} came after the end of\n{}",
            late.event, late.script
        );
    }
    let live = live_list();
    assert!(live.is_empty(), "{name}: seed {seed} left {live:?}");
    summary
}
