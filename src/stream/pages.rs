//! The items of sources that come in pages.

#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::stream::FusedStream;
use pin_project_lite::pin_project;

/// Gives the items of a source that comes in pages, one by one.
///
/// `fetch` is an async closure that is given a cursor, `first` to begin with, and gives the items of
/// that page and the cursor of the next one; after the items of a page without a next cursor the
/// stream ends. A page may be empty. A cursor is whatever says where a page begins: an offset, a
/// token, the address of the page.
///
/// A page is fetched when its first item is asked for, and not before: to fetch ahead, wrap the
/// stream into [`prefetch`](super::prefetch()). It is fused.
///
/// The closure is cloned for each fetch, so that it may own what its futures borrow, and is `Send`
/// whenever that is: it cannot count or collect by itself. What one fetch has to tell the next goes
/// into the cursor.
///
/// # Cancel safety
///
/// Dropping the future of a `next` loses no page and fetches none twice: the fetch goes on when the
/// next item is asked for. Dropping the stream drops a fetch that is going on.
///
/// # Errors
///
/// An error of `fetch` is an item, and not the end: the cursor is kept, and whoever asks again has
/// that page fetched again. Leave the loop, by `?` for example, if that is not wanted.
///
/// # Panics
///
/// A panic of `fetch` goes on, and ends the stream.
///
/// # Complexity
///
/// No allocation of its own; one clone of the cursor and of the closure for each fetch.
///
/// # Examples
///
/// ```
/// use std::convert::Infallible;
/// use futures_util::{StreamExt, TryStreamExt};
/// use withal::stream::pages;
///
/// /// At most two rows, and where there are more.
/// async fn select(offset: usize) -> Result<(Vec<usize>, Option<usize>), Infallible> {
///     let rows: Vec<_> = (offset..5).take(2).collect();
///     let next = (!rows.is_empty()).then_some(offset + rows.len());
///     Ok((rows, next))
/// }
///
/// # futures_util::FutureExt::now_or_never(async {
/// let rows = pages(0, async |offset| select(offset).await);
/// assert_eq!(rows.try_collect::<Vec<_>>().await, Ok(vec![0, 1, 2, 3, 4]));
/// # }).unwrap();
/// ```
///
/// Where the first page has no token yet, the cursor is an `Option`:
///
/// ```
/// # use std::io;
/// # use futures_util::{Stream, StreamExt};
/// # use withal::stream::pages;
/// struct Page {
///     names: Vec<String>,
///     next: Option<String>,
/// }
///
/// async fn get(token: Option<String>) -> io::Result<Page> {
/// #   Ok(Page { names: vec![format!("{token:?}")], next: token.is_none().then(|| "more".to_owned()) })
///     // …
/// }
///
/// fn names() -> impl Stream<Item = io::Result<String>> {
///     pages(None, async |token| {
///         let page = get(token).await?;
///         Ok((page.names, page.next.map(Some)))
///     })
/// }
/// # let all = futures_util::FutureExt::now_or_never(names().map(Result::unwrap).collect::<Vec<_>>());
/// # assert_eq!(all.unwrap(), ["None", "Some(\"more\")"]);
/// ```
///
/// Source: `try_unfold` of futures-util; differs in that it gives items where that gives pages, and in
/// that an error is not the end.
pub fn pages<C, F, Fut, P, E>(first: C, fetch: F) -> Pages<C, F, Fut, P::IntoIter>
where
    C: Clone,
    F: FnOnce(C) -> Fut + Clone,
    Fut: Future<Output = Result<(P, Option<C>), E>>,
    P: IntoIterator,
{
    Pages {
        fetching: None,
        page: None,
        next: Some(first),
        fetch,
    }
}

pin_project! {
    /// The stream that [`pages`] returns.
    #[must_use = "streams do nothing unless polled"]
    pub struct Pages<C, F, Fut, I> {
        #[pin]
        fetching: Option<Fut>,
        // What is left of the page that came last.
        page: Option<I>,
        // Where the next page begins, also while it is being fetched; `None` behind the last one.
        next: Option<C>,
        fetch: F,
    }
}

impl<C, F, Fut, P, I, E> Stream for Pages<C, F, Fut, I>
where
    C: Clone,
    F: FnOnce(C) -> Fut + Clone,
    Fut: Future<Output = Result<(P, Option<C>), E>>,
    P: IntoIterator<IntoIter = I>,
    I: Iterator,
{
    type Item = Result<I::Item, E>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        loop {
            if let Some(item) = this.page.as_mut().and_then(Iterator::next) {
                return Poll::Ready(Some(Ok(item)));
            }
            *this.page = None;
            // Out of the way while the fetch runs: it stays so if that panics.
            let Some(cursor) = this.next.take() else {
                this.fetching.set(None);
                return Poll::Ready(None);
            };
            if this.fetching.is_none() {
                let fetch = this.fetch.clone();
                this.fetching.set(Some(fetch(cursor.clone())));
            }
            let polled = this.fetching.as_mut().as_pin_mut().map(|it| it.poll(cx));
            let Some(Poll::Ready(fetched)) = polled else {
                *this.next = Some(cursor);
                return Poll::Pending;
            };
            this.fetching.set(None);
            match fetched {
                Ok((page, next)) => {
                    *this.page = Some(page.into_iter());
                    *this.next = next;
                }
                Err(error) => {
                    *this.next = Some(cursor);
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let page = self.page.as_ref();
        let (least, most) = page.map_or((0, Some(0)), Iterator::size_hint);
        (least, most.filter(|_| self.next.is_none()))
    }
}

impl<C, F, Fut, P, I, E> FusedStream for Pages<C, F, Fut, I>
where
    C: Clone,
    F: FnOnce(C) -> Fut + Clone,
    Fut: Future<Output = Result<(P, Option<C>), E>>,
    P: IntoIterator<IntoIter = I>,
    I: Iterator,
{
    fn is_terminated(&self) -> bool {
        self.page.is_none() && self.next.is_none()
    }
}

impl<C: fmt::Debug, F, Fut, I> fmt::Debug for Pages<C, F, Fut, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("next", &self.next)
            .field("fetching", &self.fetching.is_some())
            .finish_non_exhaustive()
    }
}
