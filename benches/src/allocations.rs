//! Counting allocations.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The system's allocator, which counts how often memory was asked for.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    static HERE: Cell<u64> = const { Cell::new(0) };
}

/// Counted on all threads, but only while [`COUNTS`]: a shared counter would slow down what is timed.
static EVERYWHERE: AtomicU64 = AtomicU64::new(0);
static COUNTS: AtomicBool = AtomicBool::new(false);

/// What `f` returns, and how often it allocated on this thread. Growing counts once.
pub fn count_here<T>(f: impl FnOnce() -> T) -> (T, u64) {
    let before = HERE.get();
    let value = f();
    (value, HERE.get() - before)
}

/// What `f` returns, and how often the process allocated meanwhile, on whatever thread. One caller
/// counts at a time; others wait.
pub fn count_everywhere<T>(f: impl FnOnce() -> T) -> (T, u64) {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let before = EVERYWHERE.load(Ordering::Relaxed);
    COUNTS.store(true, Ordering::SeqCst);
    let value = f();
    COUNTS.store(false, Ordering::SeqCst);
    (value, EVERYWHERE.load(Ordering::Relaxed) - before)
}

fn count() {
    HERE.set(HERE.get() + 1);
    if COUNTS.load(Ordering::Relaxed) {
        EVERYWHERE.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: every call goes to the system's allocator as it came, and counting neither allocates nor
// unwinds: the thread's counter is initialised by a constant, has no destructor, and cannot
// overflow within a process's life.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller keeps the contract of `realloc`, and `pointer` came from `System`.
        unsafe { System.realloc(pointer, layout, new_size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`, and `pointer` came from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::{count_everywhere, count_here};
    use std::hint::black_box;
    use std::sync::Barrier;

    fn boxes() {
        (0..1000).for_each(|n| drop(black_box(Box::new(n))));
    }

    #[test]
    fn each_box_counts_once_and_a_stack_value_does_not() {
        let (_, none) = count_here(|| black_box([0_u8; 64]));
        let (_, two) = count_here(|| (black_box(Box::new(1)), black_box(Box::new(2))));
        assert_eq!((none, two), (0, 2));
    }

    #[test]
    fn a_thread_counts_for_itself() {
        let start = Barrier::new(2);
        std::thread::scope(|scope| {
            let other = scope.spawn(|| {
                start.wait();
                count_here(boxes).1
            });
            let (there, here) = count_here(|| {
                start.wait();
                other.join()
            });
            assert_eq!(there.ok(), Some(1000));
            assert!(here < 1000, "{here}");
        });
    }

    #[test]
    fn everywhere_sees_other_threads() {
        let (joined, count) = count_everywhere(|| std::thread::spawn(boxes).join());
        assert!(joined.is_ok() && count >= 1000, "{count}");
    }
}
