// AG-17: a step is for one time.
//
// Cure: `talk.as_mut().resume(1)` makes another one.

use std::pin::Pin;

use withal::coroutine::Coroutine;

async fn ask<S>(mut talk: Pin<&mut Coroutine<u8, u8, String, (), S>>) {
    let step = talk.as_mut().resume(1);
    let _ = step.await;
    let _ = step.await;
}

fn main() {}
