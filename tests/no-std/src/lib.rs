//! What a program without std needs so that withal can run in it: a place to print, a panic
//! handler and a loop that polls.
//!
//! Nothing here may link std. If one of withal's crates or of their dependencies did, the build would stop
//! at the panic handler with E0152, which names the crate that brought std in.

#![no_std]

use core::ffi::{c_int, c_void};
use core::future::{Future, poll_fn};
use core::panic::PanicInfo;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};

use futures_core::Stream;

mod generating;
mod looping;
mod nested;
mod talking;
mod waiting;

pub use self::generating::{generating, odd_yields};
#[cfg(feature = "alloc")]
pub use self::looping::closing;
pub use self::looping::looping;
pub use self::nested::{Broken, nested};
pub use self::talking::talking;
pub use self::waiting::waiting;
#[cfg(feature = "alloc")]
pub use self::waiting::{passing, sending};

#[link(name = "c")]
unsafe extern "C" {
    fn write(fd: c_int, bytes: *const c_void, len: usize) -> isize;
    fn _exit(status: c_int) -> !;
}

/// Prints `text`; ends the program if it cannot be printed whole.
pub fn print(text: &str) {
    // SAFETY: the pointer and the length are those of one string.
    let written = unsafe { write(1, text.as_ptr().cast(), text.len()) };
    if usize::try_from(written) != Ok(text.len()) {
        exit(3);
    }
}

/// Ends the program at once.
pub fn exit(status: c_int) -> ! {
    // SAFETY: `_exit` takes any number, and runs nothing of ours.
    unsafe { _exit(status) }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    print(" panicked\n");
    exit(101)
}

/// The unwind tables of the precompiled `core` name this function. Panics abort here, so that
/// nothing ever calls it.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() -> ! {
    exit(102)
}

/// Polls `future` by hand until it is ready, at most `polls` times. Nobody is ever woken.
pub fn run<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..polls {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return Some(output);
        }
    }
    None
}

/// The next item.
async fn next<S: Stream>(mut stream: Pin<&mut S>) -> Option<S::Item> {
    poll_fn(|cx| stream.as_mut().poll_next(cx)).await
}

/// Pending once, so that the poll loop has something to come back for.
#[derive(Debug, Default)]
pub struct Pause {
    over: bool,
}

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.over {
            return Poll::Ready(());
        }
        self.over = true;
        Poll::Pending
    }
}
