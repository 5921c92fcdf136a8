// AG-16: one step at a time.
//
// Cure: await the first one; or drop it, and go on with it by `proceed`.

use std::pin::Pin;

use futures_util::join;
use withal::coroutine::Coroutine;

async fn ask<S>(mut talk: Pin<&mut Coroutine<u8, u8, String, (), S>>) {
    let _ = join!(talk.as_mut().resume(1), talk.as_mut().resume(2));
}

fn main() {}
