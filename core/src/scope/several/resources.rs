use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::ops::{Deref, DerefMut};
use core::slice;

/// What a vector of scopes lends: their resources, in their order, as a slice.
///
/// It is no `Vec` itself, since a body that takes a resource out of it would leave nothing to exit.
/// One that is swapped as a whole with that of other scopes is exited with these; where it is the
/// shorter one, the scopes that are left without a resource are abandoned, which is reported.
///
/// ```compile_fail,E0599
/// // CC-6
/// # use core::convert::Infallible;
/// # use withal_core::{with, runtime::NoExecutor, scope::null_scope};
/// # let rt = NoExecutor::new();
/// let scopes = vec![null_scope(1), null_scope(2)];
/// with(&rt, scopes, async |numbers| Ok::<_, Infallible>(numbers.pop()));
/// ```
///
/// # Examples
///
/// ```
/// use core::convert::Infallible;
/// use withal_core::scope::null_scope;
/// use withal_core::{runtime::NoExecutor, with};
///
/// # futures_util::FutureExt::now_or_never(async {
/// let rt = NoExecutor::new();
/// let scopes: Vec<_> = (1..=3).map(null_scope).collect();
/// let sum = with(&rt, scopes, async |numbers| {
///     for number in &mut *numbers {
///         *number *= 2;
///     }
///     Ok::<_, Infallible>(numbers.iter().sum::<i32>())
/// });
/// assert_eq!(sum.await.unwrap(), 12);
/// # }).unwrap();
/// ```
pub struct Resources<T>(Box<[T]>);

impl<T> Resources<T> {
    pub(super) fn new(resources: Vec<T>) -> Self {
        Self(resources.into_boxed_slice())
    }

    pub(super) fn into_vec(self) -> Vec<T> {
        self.0.into_vec()
    }
}

impl<T> Deref for Resources<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> DerefMut for Resources<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<'a, T> IntoIterator for &'a Resources<T> {
    type Item = &'a T;
    type IntoIter = slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'a, T> IntoIterator for &'a mut Resources<T> {
    type Item = &'a mut T;
    type IntoIter = slice::IterMut<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter_mut()
    }
}

impl<T: fmt::Debug> fmt::Debug for Resources<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
