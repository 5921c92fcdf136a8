//! The suite on async-std.

mod async_std;
