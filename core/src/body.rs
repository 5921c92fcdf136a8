use core::future::Future;

/// An async closure (or `async fn`) that can be the body of a scope: called once with `A`.
///
/// The functions that take a body bound it by `AsyncFnOnce` besides, which is what lets the compiler
/// infer a closure's argument.
///
/// Implemented for every fitting `async |a| { … }` and `async fn`; there is nothing to implement by
/// hand. It names the future that the call returns, which the `AsyncFnOnce` of the language does
/// not, so that a scope can hold it as a field and is `Send` whenever its parts are.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the body of a scope",
    label = "expected an async closure `async |resource| {{ … }}` or an `async fn` item",
    note = "write `async |r| {{ … }}`: neither `|r| async {{ … }}` nor a boxed closure can borrow \
            what it is lent; for a boxed body, call it inside: `async |r| body(r).await`"
)]
pub trait Body<A>: FnOnce(A) -> <Self as Body<A>>::Fut {
    /// What the body gives.
    type Out;
    /// The body's future.
    type Fut: Future<Output = Self::Out>;
}

#[diagnostic::do_not_recommend]
impl<A, F, Fut> Body<A> for F
where
    F: FnOnce(A) -> Fut,
    Fut: Future,
{
    type Out = Fut::Output;
    type Fut = Fut;
}
