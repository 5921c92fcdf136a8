// A-14, CB-2: a future that cannot fail is no branch of a `try_join`.
//
// Cure: `join`; or let it return `Ok::<_, Error>(…)`.

use std::future::ready;

use withal::try_join;

async fn run() {
    let _ = try_join((ready(1), ready(Ok::<_, String>(2)))).await;
}

fn main() {
    drop(run());
}
