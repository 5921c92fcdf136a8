// AG-27: nobody sees a coroutine run.
//
// Cure: look before the step, or after it.

use std::pin::Pin;

use withal::coroutine::Coroutine;

async fn ask<S>(mut talk: Pin<&mut Coroutine<u8, u8, String, (), S>>) {
    let step = talk.as_mut().resume(1);
    println!("{:?}", talk.state());
    let _ = step.await;
}

fn main() {}
