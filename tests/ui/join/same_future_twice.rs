// CB-1: no future is in a join twice.
//
// Cure: join it once, and use its output twice; or make two of them.

use withal::join;

async fn work() -> u32 {
    1
}

async fn run() {
    let future = work();
    join((future, future)).await;
}

fn main() {
    drop(run());
}
