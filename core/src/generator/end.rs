use crate::never::Never;

/// How the body of a generator may end: with `()`, with a `Result<(), E>`, or never. Sealed.
pub trait End<T>: Ends<T> {}

impl<T, E: Ends<T>> End<T> for E {}

mod sealed {
    #[expect(unnameable_types, reason = "seals the public trait")]
    pub trait Ends<T> {
        /// What the consumer gets.
        type Item;

        fn item(item: T) -> Self::Item;

        /// What it gets last, if anything.
        fn last(self) -> Option<Self::Item>;
    }
}
pub(super) use self::sealed::Ends;

impl<T> Ends<T> for () {
    type Item = T;

    #[inline]
    fn item(item: T) -> T {
        item
    }

    #[inline]
    fn last(self) -> Option<T> {
        None
    }
}

impl<T, E> Ends<T> for Result<(), E> {
    type Item = Result<T, E>;

    #[inline]
    fn item(item: T) -> Self::Item {
        Ok(item)
    }

    #[inline]
    fn last(self) -> Option<Self::Item> {
        self.err().map(Err)
    }
}

impl<T> Ends<T> for Never {
    type Item = T;

    #[inline]
    fn item(item: T) -> T {
        item
    }

    fn last(self) -> Option<T> {
        self
    }
}
