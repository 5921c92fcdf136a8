//! Three nested scopes, waits for locks, generators, a coroutine and a loop, polled by hand, with neither std nor an allocator.

#![no_std]
#![no_main]

use core::ffi::c_int;

use withal_no_std::{generating, looping, nested, odd_yields, run, talking, waiting};

#[unsafe(no_mangle)]
extern "C" fn main() -> c_int {
    let ended = (
        run(nested(), 100),
        run(waiting(), 100),
        run(generating(), 100),
        run(odd_yields(), 100),
        run(talking(), 100),
        run(looping(), 100),
    );
    match ended {
        (Some(Ok(3)), Some(Ok(())), Some(()), Some(()), Some(Some(3)), Some(10)) => 0,
        _ => 1,
    }
}
