// AG-17: a step is for one time.
//
// Cure: `talk.as_mut().resume(1)` makes another one.

use std::pin::Pin;

use withal::coroutine::{Coroutine, Routine};

async fn ask<'g, F>(mut talk: Pin<&mut Coroutine<'g, u8, u8, String, F>>)
where
    F: Routine<'g, u8, u8, String>,
{
    let step = talk.as_mut().resume(1);
    let _ = step.await;
    let _ = step.await;
}

fn main() {}
