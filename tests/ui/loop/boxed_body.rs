// a boxed closure is no async closure.
//
// Cure: call it inside: `async |n| body(n).await`.

use std::pin::Pin;

use futures_util::stream;

use withal::for_each;

type Boxed = Box<dyn FnMut(u32) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

async fn run(body: Boxed) {
    for_each(stream::iter([1, 2]), body).await;
}

fn main() {}
