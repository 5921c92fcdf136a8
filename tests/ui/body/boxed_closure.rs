// a boxed closure is no async closure, whatever it returns.
//
// Cure: call it in one, `async |bytes| body(bytes).await`.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;

use withal::runtime::Cleanup;
use withal::{ExitReason, HandOver, Scope, with};

struct Buffer;

impl Scope for Buffer {
    type Resource = Vec<u8>;
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Vec<u8>, Infallible> {
        Ok(Vec::new())
    }

    async fn exit(self, _: Vec<u8>, _: ExitReason<'_>) -> Result<(), Infallible> {
        Ok(())
    }
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
type BoxedBody = Box<dyn for<'a> FnOnce(&'a mut Vec<u8>) -> BoxFuture<'a, Result<usize, String>>>;

async fn run(rt: &impl Cleanup, body: BoxedBody) {
    let _ = with(rt, Buffer, body).await;
}

fn main() {}
