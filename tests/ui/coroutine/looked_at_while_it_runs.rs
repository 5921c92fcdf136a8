// AG-27: nobody sees a coroutine run.
//
// Cure: look before the step, or after it.

use std::pin::Pin;

use withal::coroutine::{Coroutine, Routine};

async fn ask<'g, F>(mut talk: Pin<&mut Coroutine<'g, u8, u8, String, F>>)
where
    F: Routine<'g, u8, u8, String>,
{
    let step = talk.as_mut().resume(1);
    println!("{:?}", talk.state());
    let _ = step.await;
}

fn main() {}
