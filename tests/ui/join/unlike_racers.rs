// A-14, CB-2: racers have one output.
//
// Cure: `either`, for two; or map them to one enum.

use std::future::ready;

use withal::race;

async fn run() {
    race((ready(1), ready("two"))).await;
}

fn main() {
    drop(run());
}
