//! Tasks of a multi-threaded runtime over what they borrow: that these compile is half of the test.

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::Future;
use std::num::ParseIntError;
use std::rc::Rc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt, TryFutureExt};

use crate::runtime::{NoExecutor, Timer};
use crate::{
    ExitReason, HandOver, Scope, Until, WaitSet, as_completed, either, join, join_settled, race,
    race_ok, race_staggered, timeout, try_join, wait, with,
};

fn spawned<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> T {
    let owner = tokio::runtime::Runtime::new().unwrap();
    owner.block_on(async { tokio::spawn(task).await.unwrap() })
}

async fn later(word: &str) -> &str {
    tokio::task::yield_now().await;
    word
}

async fn parse(word: &str) -> Result<u32, ParseIntError> {
    later(word).await.parse()
}

struct Held;

impl Scope for Held {
    type Resource = String;
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<String, Infallible> {
        Ok("held".to_owned())
    }

    async fn exit(self, _: String, _: ExitReason<'_>) -> Result<(), Infallible> {
        tokio::task::yield_now().await;
        Ok(())
    }
}

// CB-1, CM-15
#[test]
fn joins_over_borrowed_futures() {
    let joined = spawned(async {
        let words = ["with", "all"].map(String::from);
        let (one, two) = join((later(&words[0]), later(&words[1]))).await;
        tokio::task::yield_now().await;
        let both = join(words.each_ref().map(|word| later(word))).await;
        tokio::task::yield_now().await;
        let listed = join(words.iter().map(|word| later(word)).collect::<Vec<_>>()).await;
        tokio::task::yield_now().await;
        format!("{one}{two}{}{}", both.concat(), listed.concat())
    });
    assert_eq!(joined, "withallwithallwithall");
    let sum = spawned(async {
        let text = String::from("1 2 3");
        let numbers: Vec<_> = text.split(' ').map(parse).collect();
        let sum = try_join(numbers).await?.iter().sum::<u32>();
        let (one, two) = try_join((parse(&text[..1]), parse(&text[2..3]))).await?;
        let settled = join_settled([parse(&text), parse("4")]).await;
        let settled = settled.into_iter().filter_map(crate::Outcome::ok);
        Ok::<_, ParseIntError>(sum + one + two + settled.sum::<u32>())
    });
    assert_eq!(sum, Ok(13));
}

// CB-1, CM-15
#[test]
fn joins_of_scopes_that_borrow() {
    let lengths = spawned(async {
        let (rt, words) = (NoExecutor::new(), ["with", "all"].map(String::from));
        let scoped = async |word: &String| {
            let held = with(&rt, Held, async |held| {
                let word = later(word).await;
                Ok::<_, Infallible>(held.len() + word.len())
            });
            held.await.unwrap()
        };
        let (one, two) = join((scoped(&words[0]), scoped(&words[1]))).await;
        let listed = join(words.iter().map(scoped).collect::<Vec<_>>()).await;
        // The scopes themselves, too.
        let scopes = words.each_ref().map(|word| {
            with(&rt, Held, async move |held| {
                Ok::<_, Infallible>(held.len() + later(word).await.len())
            })
        });
        let direct = try_join(scopes).await.unwrap();
        (one + two, listed.iter().sum::<usize>(), direct)
    });
    assert_eq!(lengths, (15, 15, [8, 7]));
}

// CB-2, CB-14, CM-15
#[test]
fn races_over_borrowed_futures() {
    let winner = spawned(async {
        let (rt, text) = (NoExecutor::new(), String::from("one 2"));
        let (one, two) = text.split_at(4);
        let first = race([later(one), later(two)]).await;
        let first_of_two = race((later(one), later(two))).await;
        assert_eq!(first, first_of_two);
        let ok = race_ok((parse(one.trim()), parse(two))).await.unwrap();
        let either = either(later(one), parse(two)).await;
        assert_eq!(either, crate::Either::Left(one));
        let nested = timeout(&Clock, Duration::MAX, race(vec![parse(two), parse(two)])).await;
        let held = with(&rt, Held, async |held| {
            Ok::<_, Infallible>(race((later(held).map(str::len), later(one).map(str::len))).await)
        });
        (ok, nested.unwrap().unwrap(), held.await.unwrap())
    });
    assert_eq!(winner, (2, 2, 4));
    let won = spawned(async {
        let text = String::from("one 2 3");
        let clock = Clock;
        let candidates = text.split(' ').map(|word| async move || parse(word).await);
        let won = race_staggered(&clock, Duration::MAX, candidates).await;
        tokio::task::yield_now().await;
        let candidates = text.split(' ').map(|word| move || parse(word));
        let also = race_staggered(&clock, Duration::MAX, candidates).await;
        tokio::task::yield_now().await;
        (won.unwrap().value, also.unwrap().index)
    });
    assert_eq!(won, (2, 1));
}

// CB-7, CB-8, CM-15
#[test]
fn sets_over_borrowed_futures() {
    let all = spawned(async {
        let text = String::from("b a");
        let mut completed = as_completed(text.split(' ').map(later));
        let mut all = Vec::new();
        while let Some((index, word)) = completed.next().await {
            tokio::task::yield_now().await;
            all.push((index, word.to_owned()));
        }
        // Tokio wakes them in an order of its own.
        all.sort();
        all
    });
    assert_eq!(all, [(0, "b".to_owned()), (1, "a".to_owned())]);
    let sum = spawned(async {
        let text = String::from("1 2");
        let mut set = WaitSet::new();
        for word in text.split(' ') {
            set.push(parse(word));
            wait(&mut set, Until::FirstError).await.unwrap();
        }
        wait(&mut set, Until::AllCompleted).await.unwrap();
        tokio::task::yield_now().await;
        let outcomes = std::iter::from_fn(|| set.take_next());
        outcomes
            .filter_map(|(_, outcome)| outcome.ok())
            .sum::<u32>()
    });
    assert_eq!(sum, 3);
}

// CB-1, CM-15: what cannot move to another thread runs on one.
#[test]
fn joins_of_what_stays_on_its_thread() {
    let owner = tokio::runtime::Builder::new_current_thread();
    let owner = { owner }.build().unwrap();
    let seen = Rc::new(RefCell::new(Vec::new()));
    owner.block_on(async {
        let note = async |n: u32| {
            later("").await;
            seen.borrow_mut().push(n);
            Ok::<_, Infallible>(Rc::clone(&seen))
        };
        join((note(1), note(2))).await.0.unwrap();
        race([note(3), note(4)]).await.unwrap();
        try_join(vec![note(5)]).map_ok(drop).await.unwrap();
        assert_eq!(as_completed([note(6)]).count().await, 1);
    });
    assert_eq!(*seen.borrow(), [1, 2, 3, 5, 6]);
}

/// A clock that stands still.
#[derive(Clone)]
struct Clock;

impl Timer for Clock {
    type Instant = ();
    type Sleep = std::future::Pending<()>;

    fn now(&self) {}

    fn deadline(&self, _: Duration) {}

    fn elapsed(&self, (): (), (): ()) -> Duration {
        Duration::ZERO
    }

    fn sleep_until(&self, (): ()) -> Self::Sleep {
        std::future::pending()
    }
}
