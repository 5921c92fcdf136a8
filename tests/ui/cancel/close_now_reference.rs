// SM-16, K14: dropping a reference closes nothing.
//
// Cure: pass the stream itself.

use futures_util::stream;

use withal::cancel::close_now;

fn stop() {
    let mut numbers = stream::iter([1, 2]);
    close_now(&mut numbers);
}

fn main() {}
