//! The type of what never returns, such as `loop` without a `break`: it has no other name on stable
//! Rust.

pub(crate) type Never = <fn() -> ! as Returns>::Output;

#[expect(unnameable_types, reason = "names a type of the language")]
pub trait Returns {
    type Output;
}

impl<T> Returns for fn() -> T {
    type Output = T;
}
