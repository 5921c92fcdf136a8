// AG-2: when it starts, no yield waits for a value.
//
// Cure: `start()`, and then `resume(1)`; or let the body take its first value as an argument.

use std::pin::Pin;

use withal::coroutine::Coroutine;

async fn ask<S>(talk: Pin<&mut Coroutine<u8, u8, String, (), S>>) {
    let _ = talk.start(1).await;
}

fn main() {}
