//! Which coroutines can be used in a task that is spawned: programs as people write them, demanded to
//! be `Send`. That they compile is the test.

#![cfg(feature = "std")]

mod common;

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::Poll;
use std::thread;

use common::{drive, send, yield_now};
use futures_util::join;
use withal_core::coroutine::{Coroutine, Interrupt, Step, Yielder};
use withal_core::{await_cleanup, coroutine};

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// As a runtime with several threads does: the future moves to another one.
fn spawn<F: Future<Output: Send> + Send + 'static>(future: F) -> F::Output {
    thread::spawn(|| drive(future)).join().unwrap()
}

// AG-20, CM-15
#[test]
fn items_may_be_borrowed_from_the_task() {
    let lengths = spawn(async {
        let text = String::from("a bcd ef");
        let mut words = pin!(coroutine(async |y| {
            let mut lengths = 0;
            for word in text.split(' ') {
                yield_now().await;
                lengths += y.yield_(word).await?;
            }
            Ok::<usize, Interrupt<Infallible>>(lengths)
        }));
        let mut step = words.as_mut().start().await.unwrap();
        while let Step::Yielded(word) = step {
            yield_now().await;
            step = words.as_mut().resume(word.len()).await.unwrap();
        }
        step.complete()
    });
    assert_eq!(lengths, Some(6));
}

// AG-20, CM-15
#[test]
fn answers_errors_and_the_value_may_be_borrowed_from_the_task() {
    let longest = spawn(async {
        let text = String::from("a bcd ef");
        let mut longest = pin!(coroutine(async |y| {
            let mut longest = "";
            loop {
                let word: &str = match y.yield_(longest.len()).await {
                    Ok(word) => word,
                    Err(Interrupt::Thrown("end")) => return Ok(longest),
                    Err(other) => return Err(other),
                };
                yield_now().await;
                if word.len() > longest.len() {
                    longest = word;
                }
            }
        }));
        longest.as_mut().start().await.unwrap();
        for word in text.split(' ') {
            yield_now().await;
            longest.as_mut().resume(word).await.unwrap();
        }
        let end = longest.as_mut().throw(&"the end"[4..]).await.unwrap();
        end.complete().map(str::to_owned)
    });
    assert_eq!(longest.as_deref(), Some("bcd"));
}

// AG-18, AG-20
#[test]
fn a_step_is_dropped_and_gone_on_with() {
    let value = spawn(async {
        let text = String::from("a b");
        let mut words = pin!(coroutine(async |y| {
            let first: &str = y.yield_(&text[..1]).await?;
            yield_now().await;
            Ok::<_, Interrupt<&str>>(first)
        }));
        words.as_mut().start().await.unwrap();
        {
            let mut step = pin!(words.as_mut().resume(&text[2..]));
            let dropped = poll_fn(|cx| Poll::Ready(step.as_mut().poll(cx).is_pending()));
            assert!(dropped.await);
            yield_now().await;
        }
        let step = words.as_mut().proceed().await.unwrap();
        step.complete().map(str::to_owned)
    });
    assert_eq!(value.as_deref(), Some("b"));
}

// AG-11, AG-20
#[test]
fn it_is_closed() {
    let closed = spawn(async {
        let text = String::from("a bcd ef");
        let mut words = pin!(coroutine(async |y| {
            for word in text.split(' ') {
                let told: Result<&str, Interrupt<&str>> = y.yield_(word).await;
                yield_now().await;
                if let Err(Interrupt::Closed(_)) = told {
                    return Ok(word);
                }
            }
            Ok("")
        }));
        words.as_mut().start().await.unwrap();
        words.as_mut().resume(&text).await.unwrap();
        let closed = words.as_mut().close().await;
        closed.map(|last| last.map(str::to_owned)).ok()
    });
    assert_eq!(closed, Some(Some("bcd".to_owned())));
}

/// Lends its words, and takes words for them.
async fn translate<'t>(
    y: &Yielder<'_, &'t str, &'t str, fmt::Error>,
    text: &'t str,
) -> Result<Vec<&'t str>, Interrupt<fmt::Error>> {
    let mut words = Vec::new();
    for word in text.split(' ') {
        yield_now().await;
        words.push(y.yield_(word).await?);
    }
    Ok(words)
}

// AG-20, AG-24
#[test]
fn it_delegates() {
    let translated = spawn(async {
        let text = String::from("a b c d");
        let mut both = pin!(coroutine(async |y: Yielder<'_, &str, &str, fmt::Error>| {
            let (one, two) = text.split_at(3);
            let inner = coroutine(async |y| translate(&y, one).await);
            let mut all = y.delegate(inner).await?;
            yield_now().await;
            let inner = coroutine(async |y| translate(&y, &two[1..]).await);
            all.extend(y.delegate(inner).await?);
            Ok::<_, Interrupt<fmt::Error>>(all)
        }));
        let mut step = both.as_mut().start().await.unwrap();
        while let Step::Yielded(word) = step {
            yield_now().await;
            let at = text.find(word).unwrap();
            step = both.as_mut().resume(&text[at..=at]).await.unwrap();
        }
        step.complete().unwrap().concat()
    });
    assert_eq!(translated, "abcd");
}

/// Without the type of the routine, for `dyn`.
trait Talks<'t>: Send {
    fn next<'a>(&'a mut self, answer: &'t str) -> Boxed<'a, Option<&'t str>>
    where
        't: 'a;

    fn close<'a>(&'a mut self) -> Boxed<'a, bool>
    where
        't: 'a;
}

impl<'t, T, S> Talks<'t> for Pin<Box<Coroutine<&'t str, &'t str, fmt::Error, T, S>>>
where
    T: Send,
    S: Send,
{
    fn next<'a>(&'a mut self, answer: &'t str) -> Boxed<'a, Option<&'t str>>
    where
        't: 'a,
    {
        Box::pin(async move {
            let step = match self.as_mut().resume(answer).await {
                Ok(step) => step,
                Err(_) => self.as_mut().start().await.ok()?,
            };
            yield_now().await;
            step.yielded()
        })
    }

    fn close<'a>(&'a mut self) -> Boxed<'a, bool>
    where
        't: 'a,
    {
        Box::pin(async move {
            let closed = self.as_mut().close().await;
            yield_now().await;
            closed.is_ok()
        })
    }
}

// AG-20
#[test]
fn generic_callers_step_it_in_boxed_futures() {
    let words = spawn(async {
        let text = String::from("a b c");
        let talk = coroutine(async |y| translate(&y, &text).await);
        let mut talk: Box<dyn Talks<'_> + '_> = Box::new(Box::pin(talk));
        let mut words = vec![talk.next("").await.unwrap()];
        yield_now().await;
        words.push(talk.next("x").await.unwrap());
        let closed = talk.close().await;
        (words.concat(), closed)
    });
    assert_eq!(words, ("ab".to_owned(), true));
}

// AG-20
#[test]
fn its_steps_go_through_combinators() {
    let words = spawn(async {
        let text = String::from("a b c");
        let inner = coroutine(async |y| translate(&y, &text).await);
        let mut talk = pin!(coroutine(async |y: Yielder<'_, &str, &str, fmt::Error>| {
            await_cleanup(y.delegate(inner)).await
        }));
        let first = await_cleanup(talk.as_mut().start()).await.unwrap();
        yield_now().await;
        let (second, ()) = join!(talk.as_mut().resume("x"), yield_now());
        let closed = await_cleanup(talk.as_mut().close()).await;
        assert!(matches!(closed, Ok(None)));
        [first, second.unwrap()].map(|step| step.yielded().map(str::to_owned))
    });
    assert_eq!(words, [Some("a".to_owned()), Some("b".to_owned())]);
}

/// All that any coroutine yields, of which nothing is known.
fn echoed<'a, Y, E, T, S>(talk: Coroutine<Y, Y, E, T, S>) -> Boxed<'a, (usize, Option<T>)>
where
    Y: Send + 'a,
    E: Send + 'a,
    T: Send + 'a,
    S: Send + 'a,
{
    Box::pin(async move {
        let (mut talk, mut count) = (pin!(talk), 0);
        let Ok(mut step) = talk.as_mut().start().await else {
            return (count, None);
        };
        while let Step::Yielded(item) = step {
            count += 1;
            yield_now().await;
            match talk.as_mut().resume(item).await {
                Ok(next) => step = next,
                Err(_) => return (count, None),
            }
        }
        let closed = talk.close().await;
        assert!(matches!(closed, Ok(None)));
        (count, step.complete())
    })
}

// AG-20
#[test]
fn generic_functions_know_nothing_of_it() {
    let echoed = spawn(async {
        let text = String::from("a b c");
        let talk = coroutine(async |y| translate(&y, &text).await);
        let (count, words) = echoed(talk).await;
        (count, words.map(|words| words.concat()))
    });
    assert_eq!(echoed, (3, Some("abc".to_owned())));
}

// AG-20
#[test]
fn a_function_returns_one_that_borrows_its_argument() {
    type Talk<'t, S> = Coroutine<&'t str, &'t str, fmt::Error, Vec<&'t str>, S>;

    fn translation<'t>(text: &'t str) -> Talk<'t, impl Send> {
        let inner = coroutine(async move |y| translate(&y, text).await);
        coroutine(async move |y| y.delegate(inner).await)
    }
    let (count, words) = spawn(async {
        let text = String::from("a b");
        let (count, words) = echoed(translation(&text)).await;
        (count, words.map(|words| words.len()))
    });
    assert_eq!((count, words), (2, Some(2)));
}

/// Has two impls for types that are `Send`, so that `_` stands for neither.
trait AmbiguousIfSend<A> {
    fn is_not_send(&self) {}
}

struct Any;

impl<T> AmbiguousIfSend<Any> for T {}

impl<T: Send> AmbiguousIfSend<()> for T {}

/// Coroutines that stay where they are. Functions, as the compiler knows what a body keeps over an
/// `.await` only outside of the function that has it.
mod bound {
    use super::*;

    type Talk<T, S> = Coroutine<u32, u32, Infallible, T, S>;

    pub(super) fn captures() -> Talk<u32, impl Sized> {
        let shared = Rc::new(1);
        coroutine(async move |y| y.yield_(*shared).await)
    }

    pub(super) fn holds() -> Talk<u32, impl Sized> {
        coroutine(async |y| {
            let shared = Rc::new(1);
            let answer = y.yield_(1).await?;
            Ok(answer + *shared)
        })
    }

    pub(super) fn returns() -> Talk<Rc<u32>, impl Sized> {
        coroutine(async |y| Ok(Rc::new(y.yield_(1).await?)))
    }

    pub(super) fn steps() -> impl Future {
        async {
            let mut talk = pin!(holds());
            talk.as_mut().start().await.unwrap();
            talk.close().await
        }
    }

    pub(super) fn could_move() -> Talk<u32, impl Sized> {
        coroutine(async |y| {
            drop(Rc::new(1));
            y.yield_(1).await
        })
    }
}

// CM-15: a coroutine is `Send` only if its body's future is.
#[test]
fn what_must_not_move_does_not() {
    AmbiguousIfSend::<_>::is_not_send(&bound::captures());
    AmbiguousIfSend::<_>::is_not_send(&bound::holds());
    AmbiguousIfSend::<_>::is_not_send(&bound::returns());
    AmbiguousIfSend::<_>::is_not_send(&bound::steps());
    drop(send(bound::could_move()));
}
