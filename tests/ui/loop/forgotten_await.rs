// IT-12: a loop that is not awaited does not run.
//
// Cure: `.await`.
#![deny(unused_must_use)]

use futures_util::stream;

use withal::{closing, for_each, for_each_by_ref};

async fn run() {
    let mut numbers = stream::iter([1, 2]);
    for_each_by_ref(&mut numbers, async |n| println!("{n}"));
    closing(stream::iter([1, 2]), async |_| ());
    for_each(numbers, async |n| println!("{n}"));
}

fn main() {}
