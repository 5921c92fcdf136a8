// IT-5: a loop by reference takes a reference, so that what it leaves open is still there.
//
// Cure: `&mut numbers`; or `for_each`, which closes it.

use futures_util::stream;

use withal::for_each_by_ref;

async fn run() {
    let numbers = stream::iter([1, 2]);
    for_each_by_ref(numbers, async |n| println!("{n}")).await;
}

fn main() {}
