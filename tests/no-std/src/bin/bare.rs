//! Three nested scopes, polled by hand, with neither std nor an allocator.

#![no_std]
#![no_main]

use core::ffi::c_int;

use withal_no_std::{nested, run};

#[unsafe(no_mangle)]
extern "C" fn main() -> c_int {
    match run(nested(), 100) {
        Some(Ok(3)) => 0,
        _ => 1,
    }
}
