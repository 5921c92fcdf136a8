// CM-29: as `sync_guard.rs`, in guard style.
//
// Cure: the lock's guard is a variable of its own already.

use std::sync::Mutex;

use withal::enter_in;
use withal::runtime::Cleanup;

async fn run(rt: &impl Cleanup, counter: &Mutex<u32>) {
    let _ = enter_in(rt, counter.lock().unwrap()).await;
}

fn main() {}
