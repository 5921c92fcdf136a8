// K14, IT-5: dropping a reference closes nothing.
//
// Cure: pass the stream itself; or `for_each_by_ref`, which leaves it open.

use futures_util::stream;

use withal::for_each;

// Not a closure: its name in the message would be as long as the path to this file.
async fn print(n: i32) {
    println!("{n}");
}

async fn run() {
    let mut numbers = stream::iter([1, 2]);
    for_each(&mut numbers, print).await;
}

fn main() {}
