//! Which loops can be spawned: programs as people write them, demanded to be `Send`. That they
//! compile is the test.

#![cfg(feature = "std")]

mod common;

use std::cell::Cell;
use std::collections::HashMap;
use std::future::Future;
use std::num::ParseIntError;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::rc::Rc;
use std::thread;

use common::{drive, now, send, yield_now};
use futures_util::{Stream, StreamExt, stream};
use withal_core::iter::LoopBody;
use withal_core::{closing, for_each, for_each_by_ref, generator};

/// As a runtime with several threads does: the future moves to another one.
fn spawn<F: Future<Output: Send> + Send + 'static>(future: F) -> F::Output {
    thread::spawn(|| drive(future)).join().unwrap()
}

// IT-1, CM-15
#[test]
fn a_body_changes_what_surrounds_it() {
    let counted = spawn(async {
        let (mut count, name) = (0, String::from("abc"));
        for_each(stream::iter(0..3), async |n| {
            count += n;
            yield_now().await;
            count += name.len();
        })
        .await;
        count
    });
    assert_eq!(counted, 12);
    let moved = spawn(async {
        let mut seen = vec![0];
        let into = &mut seen;
        for_each(stream::iter(0..2), async move |n| {
            into.push(n);
            yield_now().await;
            into.push(n);
        })
        .await;
        seen
    });
    assert_eq!(moved, [0, 0, 0, 1, 1]);
}

// IT-1, CM-15
#[test]
fn items_may_be_borrowed() {
    let words = spawn(async {
        let text = String::from("a b a");
        let mut counts = HashMap::<&str, u32>::new();
        for_each(stream::iter(text.split(' ')), async |word| {
            *counts.entry(word).or_default() += 1;
            yield_now().await;
        })
        .await;
        counts["a"]
    });
    assert_eq!(words, 2);
    let changed = spawn(async {
        let mut names = [String::from("a"), String::from("b")];
        let mut total = 0;
        for_each(stream::iter(names.iter_mut()), async |name: &mut String| {
            name.push('1');
            yield_now().await;
            total += name.len();
        })
        .await;
        (names.join(" "), total)
    });
    assert_eq!(changed, ("a1 b1".to_owned(), 4));
}

async fn parse(word: &str) -> Result<u32, ParseIntError> {
    yield_now().await;
    word.parse()
}

// IT-3, IT-4, CM-15
#[test]
fn errors_and_breaks_leave_a_spawned_loop() {
    let failed = spawn(async {
        let text = String::from("1 2 three");
        let mut numbers = Vec::new();
        let ended = for_each(stream::iter(text.split(' ')), async |word| {
            numbers.push(parse(word).await?);
            Ok::<(), ParseIntError>(())
        });
        (ended.await.is_err(), numbers)
    });
    assert_eq!(failed, (true, vec![1, 2]));
    let found = spawn(async {
        let text = String::from("1 22 3");
        let ended = for_each(stream::iter(text.split(' ')), async |word| {
            let number = parse(word).await?;
            if number > 9 {
                // A borrowed value.
                return Ok(ControlFlow::Break(word));
            }
            Ok::<_, ParseIntError>(ControlFlow::Continue(()))
        });
        let ended = ended.await?;
        Ok::<_, ParseIntError>(ended.break_value().map(str::to_owned))
    });
    assert_eq!(found, Ok(Some("22".to_owned())));
}

/// What an application has around its loops.
struct Totals {
    sum: u64,
    seen: Vec<u64>,
}

impl Totals {
    async fn add(&mut self, n: u64) {
        yield_now().await;
        self.sum += n;
        self.seen.push(n);
    }

    async fn add_all(&mut self, numbers: impl Stream<Item = u64>) {
        for_each(numbers, async |n| self.add(n).await).await;
    }

    async fn add_until<'n>(
        &mut self,
        numbers: impl Stream<Item = &'n u64> + Unpin,
        last: u64,
    ) -> ControlFlow<u64> {
        let mut numbers = numbers;
        for_each_by_ref(&mut numbers, async |n| {
            if *n == last {
                return ControlFlow::Break(self.sum);
            }
            self.add(*n).await;
            ControlFlow::Continue(())
        })
        .await?;
        ControlFlow::Continue(())
    }
}

// IT-4, CM-15
#[test]
fn methods_loop_over_what_they_are_given() {
    let ended = spawn(async {
        let mut totals = Totals {
            sum: 0,
            seen: Vec::new(),
        };
        totals.add_all(stream::iter([1, 2])).await;
        let numbers = [3, 4, 5];
        let ended = totals.add_until(stream::iter(&numbers), 5).await;
        (ended, totals.seen)
    });
    assert_eq!(ended, (ControlFlow::Break(10), vec![1, 2, 3, 4]));
}

trait Store: Send {
    fn save(&mut self, n: u32) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

impl Store for Vec<u32> {
    fn save(&mut self, n: u32) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            yield_now().await;
            self.push(n);
        })
    }
}

// CM-15
#[test]
fn trait_objects_are_looped_over_and_used() {
    let mut store: Box<dyn Store> = Box::new(Vec::new());
    spawn(async move {
        let boxed: Pin<Box<dyn Stream<Item = u32> + Send>> = Box::pin(stream::iter([1, 2]));
        for_each(boxed, async |n| store.save(n).await).await;
        let lent: &mut dyn Store = &mut *store;
        for_each(stream::iter([3]), async |n| lent.save(n).await).await;
        let calls: Vec<Box<dyn Fn(u32) -> u32 + Send + Sync>> = vec![Box::new(|n| n + 1)];
        for_each(stream::iter(&calls), async |call| store.save(call(4)).await).await;
    });
}

// CM-15: what is `Send` and not `Sync` may be owned by a body.
#[test]
fn a_body_may_own_a_cell() {
    let last = spawn(async {
        let (cell, mut last) = (Cell::new(0), 0);
        let last_seen = &mut last;
        for_each(stream::iter(1..4), async move |n| {
            cell.set(cell.get() + n);
            yield_now().await;
            *last_seen = cell.get();
        })
        .await;
        last
    });
    assert_eq!(last, 6);
}

type Boxed = Box<dyn FnMut(u32) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

async fn twice(n: u32) {
    assert!(n < 9);
}

// IT-1, CM-15: closures that return futures, functions and boxed bodies.
#[test]
fn bodies_of_every_kind() {
    spawn(async {
        for_each(stream::iter(0..2), twice).await;
        for_each(stream::iter(0..2), |n| async move { twice(n).await }).await;
        let mut boxed: Boxed = Box::new(|n| Box::pin(twice(n)));
        for_each(stream::iter(0..2), async |n| boxed(n).await).await;
        let mut reused = async |n| twice(n).await;
        for_each(stream::iter(0..2), &mut reused).await;
        for_each(stream::iter(0..2), Box::new(reused)).await;
    });
}

async fn each_item<S, F>(items: S, body: F)
where
    S: Stream + Send,
    F: AsyncFnMut(S::Item) + LoopBody<S::Item> + Send,
{
    for_each(items, body).await;
}

fn each_item_sendable<'a, S, F>(items: S, body: F) -> impl Future<Output = ()> + Send + 'a
where
    S: Stream + Send + 'a,
    F: AsyncFnMut(S::Item) + LoopBody<S::Item, Fut: Send> + Send + 'a,
{
    each_item(items, body)
}

// CM-15
#[test]
fn a_generic_function_hands_a_body_on() {
    let sum = spawn(async {
        let mut sum = 0;
        each_item(stream::iter([1, 2]), async |n| sum += n).await;
        each_item_sendable(stream::iter([1, 2]), async |n| sum += n).await;
        sum
    });
    assert_eq!(sum, 6);
}

// CM-15
#[test]
fn loops_nest() {
    let count = spawn(async {
        let mut count = 0;
        for_each(stream::iter(0..4), async |n| {
            for_each(stream::iter(0..n), async |_| {
                for_each_by_ref(&mut stream::iter(0..2), async |_| {
                    yield_now().await;
                    count += 1;
                })
                .await;
            })
            .await;
        })
        .await;
        count
    });
    assert_eq!(count, 12);
}

/// Each level of a loop in the body of the one before, down to one step.
macro_rules! nested {
    ($count:ident;) => {{
        yield_now().await;
        $count += 1;
    }};
    ($count:ident; $level:literal $($rest:literal)*) => {
        for_each(stream::iter(0..2), async |_| nested!($count; $($rest)*)).await
    };
}

// CM-15
#[test]
fn loops_nest_deep() {
    let count = spawn(async {
        let mut count = 0;
        nested!(count; 1 2 3 4 5 6);
        count
    });
    assert_eq!(count, 64);
}

/// The number of nodes of a tree, in which each node has as many children as it has levels below.
fn nodes(levels: u32) -> Pin<Box<dyn Future<Output = u32> + Send>> {
    Box::pin(async move {
        let mut count = 1;
        for_each(stream::iter(0..levels), async |below| {
            yield_now().await;
            count += nodes(below).await;
        })
        .await;
        count
    })
}

// CM-15
#[test]
fn a_function_recurs_in_a_loop() {
    assert_eq!(spawn(nodes(4)), 16);
}

// CM-15, AG-20
#[test]
fn a_generator_is_looped_over_in_a_spawned_task() {
    let sum = spawn(async {
        let (limit, mut sum) = (3, 0);
        let numbers = generator(async |y| {
            for n in 0..limit {
                yield_now().await;
                y.yield_(n).await;
            }
        });
        for_each(numbers, async |n| {
            yield_now().await;
            sum += n;
        })
        .await;
        sum
    });
    assert_eq!(sum, 3);
}

// CM-15
#[test]
fn closing_is_spawned_with_streams_that_borrow() {
    let longest = spawn(async {
        let text = String::from("a bcd ef");
        let mut seen = 0;
        let longest = closing(stream::iter(text.split(' ')), async |mut words| {
            let mut longest = "";
            while let Some(word) = words.next().await {
                yield_now().await;
                seen += 1;
                if word.len() > longest.len() {
                    longest = word;
                }
            }
            longest
        });
        (longest.await.to_owned(), seen)
    });
    assert_eq!(longest, ("bcd".to_owned(), 3));
    let generated = spawn(async {
        let limit = 3;
        let numbers = generator(async |y| {
            for n in 0..limit {
                y.yield_(n).await;
            }
        });
        closing(numbers, async |mut numbers| {
            let mut sum = 0;
            while let Some(n) = numbers.next().await {
                sum += n;
            }
            sum
        })
        .await
    });
    assert_eq!(generated, 3);
}

// CM-15
#[test]
fn a_loop_is_as_local_as_its_parts() {
    let shared = Rc::new(Cell::new(0));
    now(for_each(stream::iter([1, 2]), async |n| {
        shared.set(shared.get() + n);
    }));
    now(for_each(stream::iter([1, 2]), async |n| shared.set(shared.get() + n)).local());
    assert_eq!(shared.get(), 6);
    now(closing(stream::iter([1, 2]), async |_| shared.set(0)).local());
    assert_eq!(shared.get(), 0);
    let _is_send = send(for_each(stream::iter([1]), async |_| ()));
    let _is_send = send(closing(stream::iter([1]), async |_| ()));
}

/// Has two impls for types that are `Send`, so that `_` stands for neither.
trait AmbiguousIfSend<A> {
    fn is_not_send(&self) {}
}

struct Any;

impl<T> AmbiguousIfSend<Any> for T {}

impl<T: Send> AmbiguousIfSend<()> for T {}

/// Loops that stay where they are. Functions, as the compiler knows what a body keeps over an `.await`
/// only outside of the function that has it.
mod bound {
    use super::*;

    fn numbers() -> impl Stream<Item = i32> + Send + Unpin {
        stream::iter(0..2)
    }

    pub(super) fn captures() -> impl Future {
        let shared = Rc::new(0);
        for_each(numbers(), async move |n| assert!(n >= *shared))
    }

    pub(super) fn captures_a_reference(cell: &Cell<i32>) -> impl Future {
        for_each(numbers(), async |n| cell.set(n))
    }

    pub(super) fn holds() -> impl Future {
        for_each(numbers(), async |n| {
            let shared = Rc::new(n);
            yield_now().await;
            assert_eq!(*shared, n);
        })
    }

    pub(super) fn borrows_a_capture() -> impl Future {
        let owned = Cell::new(0);
        for_each(numbers(), async move |n| {
            let borrowed = &owned;
            yield_now().await;
            borrowed.set(n);
        })
    }

    pub(super) fn borrows_by_a_pattern() -> impl Future {
        let pair = (Cell::new(0), 1);
        for_each(numbers(), async move |n| {
            if let (cell, 1) = &pair {
                yield_now().await;
                cell.set(n);
            }
        })
    }

    pub(super) fn borrows_in_a_closure() -> impl Future {
        let cell = Cell::new(0);
        for_each(numbers(), async move |n| {
            let set = async || {
                yield_now().await;
                cell.set(n);
            };
            set().await;
        })
    }

    pub(super) fn keeps_its_item() -> impl Future {
        for_each(numbers().map(Rc::new), async |n| {
            yield_now().await;
            drop(n);
        })
    }

    pub(super) fn is_a_plain_closure() -> impl Future {
        for_each(numbers(), |n| {
            let shared = Rc::new(n);
            async move {
                yield_now().await;
                drop(shared);
            }
        })
    }

    pub(super) fn has_a_source() -> impl Future {
        let shared = Rc::new(1);
        for_each(numbers().map(move |n| n + *shared), async |_| ())
    }

    pub(super) fn is_local() -> impl Future {
        for_each(numbers(), async |_| ()).local()
    }

    pub(super) fn loops_by_reference(
        numbers: &mut stream::Iter<std::vec::IntoIter<Rc<u32>>>,
    ) -> impl Future {
        for_each_by_ref(numbers, async |_| ())
    }

    pub(super) fn lends() -> impl Future {
        closing(numbers(), async |mut numbers| {
            let shared = Rc::new(1);
            assert_eq!(numbers.next().await, Some(0));
            drop(shared);
        })
    }

    pub(super) fn could_move() -> impl Future + Send {
        let owned = Cell::new(0);
        for_each(numbers(), async move |n| {
            owned.set(n);
            yield_now().await;
            owned.set(n);
        })
    }
}

// CM-15, K8: a loop is `Send` only if its body's future is, of which it knows what a call by value
// returns.
#[test]
fn what_must_not_move_does_not() {
    AmbiguousIfSend::<_>::is_not_send(&bound::captures());
    AmbiguousIfSend::<_>::is_not_send(&bound::captures_a_reference(&Cell::new(0)));
    AmbiguousIfSend::<_>::is_not_send(&bound::holds());
    AmbiguousIfSend::<_>::is_not_send(&bound::borrows_a_capture());
    AmbiguousIfSend::<_>::is_not_send(&bound::borrows_by_a_pattern());
    AmbiguousIfSend::<_>::is_not_send(&bound::borrows_in_a_closure());
    AmbiguousIfSend::<_>::is_not_send(&bound::keeps_its_item());
    AmbiguousIfSend::<_>::is_not_send(&bound::is_a_plain_closure());
    AmbiguousIfSend::<_>::is_not_send(&bound::has_a_source());
    AmbiguousIfSend::<_>::is_not_send(&bound::is_local());
    let mut shared = stream::iter(vec![Rc::new(1)]);
    AmbiguousIfSend::<_>::is_not_send(&bound::loops_by_reference(&mut shared));
    AmbiguousIfSend::<_>::is_not_send(&bound::lends());
    drop(send(bound::could_move()));
}
