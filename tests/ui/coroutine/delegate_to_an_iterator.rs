// AG-24: a generator delegates to what can wait.
//
// Cure: `y.delegate(futures_util::stream::iter(1..4))`.

use withal::generator;

fn main() {
    let _ = generator(async |y| {
        y.delegate(1..4).await;
    });
}
