/// Names every primitive in one flavour: `aliases!(Bound<Spin, MyRuntime>)` in a module of an adapter.
///
/// # Examples
///
/// ```
/// mod sync {
///     use withal_core::runtime::NoExecutor;
///     use withal_sync::flavour::{Bound, Spin};
///
///     withal_sync::aliases!(Bound<Spin, NoExecutor>);
/// }
///
/// let queue = sync::Queue::bounded(10);
/// assert!(queue.try_push("item").is_ok());
/// ```
#[macro_export]
macro_rules! aliases {
    ($flavour:ty) => {
        /// Holds tasks up until so many have come, and lets them go together.
        pub type Barrier = $crate::barrier::Barrier<$flavour>;

        /// Lets tasks that hold a mutex wait for a change.
        pub type Condition = $crate::condition::Condition<$flavour>;

        /// A flag that tasks wait for, and that can be cleared again.
        pub type Event = $crate::event::Event<$flavour>;

        /// A door that is opened once, and stays open.
        pub type Latch = $crate::latch::Latch<$flavour>;

        /// Gives one task at a time access to a value, over awaits.
        pub type Mutex<T> = $crate::mutex::Mutex<T, $flavour>;

        /// Gives many tasks at a time access to a value, or one that may change it.
        pub type RwLock<T> = $crate::rw_lock::RwLock<T, $flavour>;

        /// Hands out a number of permits, in the order in which they are asked for.
        pub type Semaphore = $crate::semaphore::Semaphore<$flavour>;

        $crate::__alloc_aliases!($flavour);
    };
}

/// The part of [`aliases!`] that needs an allocator.
#[doc(hidden)]
#[cfg(feature = "alloc")]
#[macro_export]
macro_rules! __alloc_aliases {
    ($flavour:ty) => {
        /// Makes channels: a queue between senders and receivers that closes by itself.
        pub type Channel<T> = $crate::channel::Channel<T, $flavour>;

        /// Sends values into a channel.
        pub type Sender<T> = $crate::channel::Sender<T, $flavour>;

        /// Receives values from a channel.
        pub type Receiver<T> = $crate::channel::Receiver<T, $flavour>;

        /// Lends a number of tokens, one to each key, in the order in which they are asked for.
        pub type Limiter<K> = $crate::limiter::Limiter<K, $flavour>;

        /// Lends out the objects of a set, each to one task at a time.
        pub type Pool<T> = $crate::pool::Pool<T, $flavour>;

        /// A queue that any number of tasks push to and pop from: first in, first out.
        pub type Queue<T> = $crate::queue::Queue<T, $crate::queue::Fifo<T>, $flavour>;

        /// A queue that gives out what came in last.
        pub type LifoQueue<T> = $crate::queue::Queue<T, $crate::queue::Lifo<T>, $flavour>;

        /// A queue that gives out the smallest item; of equal ones, the one that came in first.
        pub type PriorityQueue<T> = $crate::queue::Queue<T, $crate::queue::Priority<T>, $flavour>;
    };
}

/// The part of [`aliases!`] that needs an allocator.
#[doc(hidden)]
#[cfg(not(feature = "alloc"))]
#[macro_export]
macro_rules! __alloc_aliases {
    ($flavour:ty) => {};
}
