// AG-16: one step at a time.
//
// Cure: await the first one; or drop it, and go on with it by `proceed`.

use std::pin::Pin;

use futures_util::join;
use withal::coroutine::{Coroutine, Routine};

async fn ask<'g, F>(mut talk: Pin<&mut Coroutine<'g, u8, u8, String, F>>)
where
    F: Routine<'g, u8, u8, String>,
{
    let _ = join!(talk.as_mut().resume(1), talk.as_mut().resume(2));
}

fn main() {}
