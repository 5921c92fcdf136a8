// A-14, CB-2: the errors of a `try_join` are of one type.
//
// Cure: `map_err` them to one.

use std::future::ready;

use withal::try_join;

async fn run() {
    let _ = try_join((ready(Ok::<_, u8>(1)), ready(Ok::<_, String>(2)))).await;
}

fn main() {
    drop(run());
}
