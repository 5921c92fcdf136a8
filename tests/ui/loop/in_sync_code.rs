// CO-9, IT-12: a loop is run by an async function; without `.await` nothing is collected.
//
// Cure: an `async fn` and `.await`, or `run` in `main`.

use futures_util::{Stream, StreamExt};
use withal::for_each;

async fn print(line: String) {
    println!("{line}");
}

fn each(lines: impl Stream<Item = String>) {
    for_each(lines, print).await;
}

fn all(lines: impl Stream<Item = String>) -> Vec<String> {
    lines.collect::<Vec<_>>()
}

fn main() {}
