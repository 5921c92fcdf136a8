// AG-17: a step that is not awaited gives nothing.
//
// Cure: `talk.resume(1).await`.
#![deny(unused_must_use)]

use std::pin::Pin;

use withal::coroutine::Coroutine;

async fn ask<S>(talk: Pin<&mut Coroutine<u8, u8, String, (), S>>) {
    talk.resume(1);
}

async fn end<S>(talk: Pin<&mut Coroutine<u8, u8, String, (), S>>) {
    talk.close();
}

fn main() {}
