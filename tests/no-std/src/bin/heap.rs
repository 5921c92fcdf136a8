//! Three nested scopes in a box, waits for locks, a queue and a channel, generators, a coroutine and loops, polled by hand, with an allocator but without std.

#![no_std]
#![no_main]

extern crate alloc;

use alloc::boxed::Box;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ffi::{c_int, c_void};

use withal_core::cleanup::{SlotStorage, Slots, install_slots};
use withal_no_std::{
    closing, generating, looping, nested, odd_yields, passing, run, sending, talking, waiting,
};

#[link(name = "c")]
unsafe extern "C" {
    fn aligned_alloc(align: usize, size: usize) -> *mut c_void;
    fn free(memory: *mut c_void);
}

/// The C library's heap.
struct CHeap;

// SAFETY: `aligned_alloc` gives memory of the size and alignment asked for, or null, and takes it
// back only through `free`; both may be called from any thread and neither unwinds.
unsafe impl GlobalAlloc for CHeap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let layout = layout.pad_to_align();
        // SAFETY: the alignment is a power of two, and the size is a multiple of it.
        unsafe { aligned_alloc(layout.align(), layout.size()) }.cast()
    }

    unsafe fn dealloc(&self, memory: *mut u8, _: Layout) {
        // SAFETY: the caller got `memory` from `alloc`, hence from `aligned_alloc`.
        unsafe { free(memory.cast()) }
    }
}

#[global_allocator]
static HEAP: CHeap = CHeap;

/// Where the ambient slots live: who collects, and which scope encloses.
struct Ambient(UnsafeCell<Slots>);

// SAFETY: this program has one thread, and no interrupts.
unsafe impl Sync for Ambient {}

impl SlotStorage for Ambient {
    fn with(&self, f: &mut dyn FnMut(&mut Slots)) {
        // SAFETY: there is one thread, and `f` does not come back here: it runs no code of ours.
        f(unsafe { &mut *self.0.get() });
    }
}

static AMBIENT: Ambient = Ambient(UnsafeCell::new(Slots::EMPTY));

#[unsafe(no_mangle)]
extern "C" fn main() -> c_int {
    install_slots(&AMBIENT);
    let ended = (
        run(Box::pin(nested()), 100),
        run(waiting(), 100),
        run(passing(), 100),
        run(sending(), 100),
        run(Box::pin(generating()), 100),
        run(odd_yields(), 100),
        run(talking(), 100),
        run(looping(), 100),
        run(closing(), 100),
    );
    match ended {
        (
            Some(Ok(3)),
            Some(Ok(())),
            Some(()),
            Some(()),
            Some(()),
            Some(()),
            Some(Some(3)),
            Some(10),
            Some(Some(1)),
        ) => 0,
        _ => 1,
    }
}
