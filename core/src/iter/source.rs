use futures_core::Stream;

/// What can be looped over: every [`Stream`]. There is nothing to implement.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no stream: it cannot be looped over with `await`",
    label = "expected a `Stream`",
    note = "an iterator becomes a stream by `futures_util::stream::iter(…)`; a scope is run by \
            `with`, and lends its body what there is to loop over"
)]
pub trait Source: Stream<Item = <Self as Source>::Element> {
    /// The stream's `Item`: by this name, so that the compiler explains itself by this trait.
    type Element;
}

#[diagnostic::do_not_recommend]
impl<S: Stream + ?Sized> Source for S {
    type Element = S::Item;
}
