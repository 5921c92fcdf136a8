//! Three nested scopes, and waits for locks, polled by hand, with neither std nor an allocator.

#![no_std]
#![no_main]

use core::ffi::c_int;

use withal_no_std::{nested, run, waiting};

#[unsafe(no_mangle)]
extern "C" fn main() -> c_int {
    match (run(nested(), 100), run(waiting(), 100)) {
        (Some(Ok(3)), Some(Ok(()))) => 0,
        _ => 1,
    }
}
