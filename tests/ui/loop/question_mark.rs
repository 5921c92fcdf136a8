// IT-3: `?` leaves the body, so the body is what returns a `Result`.
//
// Cure: end it with `Ok::<(), ParseIntError>(())`, and write `.await?` after the loop.

use std::num::ParseIntError;

use futures_util::stream;

use withal::for_each;

async fn run() -> Result<u32, ParseIntError> {
    let mut sum = 0;
    for_each(stream::iter(["1", "2"]), async |word: &str| {
        sum += word.parse::<u32>()?;
    })
    .await;
    Ok(sum)
}

fn main() {}
