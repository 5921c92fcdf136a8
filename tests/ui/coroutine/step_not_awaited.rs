// AG-17: a step that is not awaited gives nothing.
//
// Cure: `talk.resume(1).await`.
#![deny(unused_must_use)]

use std::pin::Pin;

use withal::coroutine::{Coroutine, Routine};

async fn ask<'g, F>(talk: Pin<&mut Coroutine<'g, u8, u8, String, F>>)
where
    F: Routine<'g, u8, u8, String>,
{
    talk.resume(1);
}

async fn end<'g, F>(talk: Pin<&mut Coroutine<'g, u8, u8, String, F>>)
where
    F: Routine<'g, u8, u8, String>,
{
    talk.close();
}

fn main() {}
