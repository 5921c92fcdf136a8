// K1, K14: without `.await` nothing is cancelled or closed, and the compiler says so.
//
// Cure: `.await`.

#![deny(unused_must_use)]

use futures_util::stream;
use std::future::ready;
use std::time::Duration;

use withal::runtime::Runtime;
use withal::{await_cleanup, cancel, close, either, join, race, shielded, timeout};

fn run(rt: &impl Runtime) {
    cancel(ready(()));
    close(stream::iter([1, 2]));
    await_cleanup(ready(()));
    either(ready(()), ready(()));
    join((ready(()), ready(())));
    race([ready(()), ready(())]);
    timeout(rt, Duration::ZERO, ready(()));
    shielded(rt, ready(()));
}

fn main() {}
