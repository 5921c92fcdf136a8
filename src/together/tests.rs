//! The combinators over several futures, polled by hand. What they do to scopes is in the cases for
//! every runtime.

mod spawned;

use std::cell::Cell;
use std::future::{Future, pending, ready};
use std::mem::forget;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::FutureExt;

use crate::runtime::NoExecutor;
use crate::scope::{Lend, scope_fn_local};
use crate::{Local, Until, WaitSet, as_completed, either, join, join_settled, race, wait, with};

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Is pending until its waker is taken and it is ready, and counts its polls.
#[derive(Clone, Default)]
struct Gate(Rc<GateState>);

#[derive(Default)]
struct GateState {
    polls: Cell<usize>,
    open: Cell<bool>,
    waker: Cell<Option<Waker>>,
}

impl Gate {
    fn open(&self) {
        self.0.open.set(true);
        self.0.waker.take().into_iter().for_each(Waker::wake);
    }

    fn polls(&self) -> usize {
        self.0.polls.take()
    }
}

impl Future for Gate {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.polls.set(self.0.polls.get() + 1);
        if self.0.open.get() {
            return Poll::Ready(());
        }
        self.0.waker.set(Some(cx.waker().clone()));
        Poll::Pending
    }
}

fn gates(count: usize) -> Vec<Gate> {
    (0..count).map(|_| Gate::default()).collect()
}

fn poll<F: Future>(future: Pin<&mut F>, wakes: &Arc<Wakes>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(&Waker::from(wakes.clone())))
}

fn polls(gates: &[Gate]) -> usize {
    gates.iter().map(Gate::polls).sum()
}

// CB-1
#[test]
fn of_many_futures_the_one_that_was_woken_is_polled() {
    let (gates, wakes) = (gates(100), Arc::default());
    let mut joined = pin!(join(gates.clone()));
    assert!(poll(joined.as_mut(), &wakes).is_pending());
    assert_eq!(polls(&gates), 100);
    for gate in &gates[..99] {
        gate.open();
        assert!(poll(joined.as_mut(), &wakes).is_pending());
        assert_eq!(polls(&gates), 1);
    }
    assert_eq!(wakes.0.load(Ordering::SeqCst), 99);
    gates[99].open();
    assert!(poll(joined.as_mut(), &wakes).is_ready());
}

// CB-1
#[test]
fn of_a_few_those_that_have_ended_are_not_polled_again() {
    let (gates, wakes) = (gates(3), Arc::default());
    let mut joined = pin!(join(gates.clone()));
    assert!(poll(joined.as_mut(), &wakes).is_pending());
    gates[1].open();
    assert!(poll(joined.as_mut(), &wakes).is_pending());
    assert_eq!(polls(&gates), 6);
    assert!(poll(joined.as_mut(), &wakes).is_pending());
    assert_eq!(polls(&gates), 2);
}

// CB-2: a winner in the first turn, and those behind it are never polled.
#[test]
fn losers_behind_the_winner_are_not_polled() {
    let (gates, wakes) = (gates(100), Arc::default());
    gates[1].open();
    assert!(poll(pin!(race(gates.clone())), &wakes).is_ready());
    assert_eq!(polls(&gates), 2);
    let three = [gates[0].clone(), gates[1].clone(), gates[2].clone()];
    assert!(poll(pin!(race(three)), &wakes).is_ready());
    assert_eq!(polls(&gates), 2);
}

// CB-8, CB-7: all of them at once, not one for each wake.
#[test]
fn sets_poll_what_was_woken() {
    let (gates, wakes) = (gates(3), Arc::default());
    let mut completed = as_completed(gates.clone());
    let mut next = || poll(pin!(futures_util::StreamExt::next(&mut completed)), &wakes);
    assert!(next().is_pending());
    gates[2].open();
    gates[0].open();
    assert_eq!(next(), Poll::Ready(Some((2, ()))));
    assert_eq!(next(), Poll::Ready(Some((0, ()))));
    assert!(next().is_pending());
    assert_eq!(polls(&gates), 5);
    let gates = self::gates(3);
    let futures = gates.iter().cloned().map(|gate| gate.map(Ok::<_, ()>));
    let mut set: WaitSet<_, _, _> = futures.collect();
    assert!(poll(pin!(wait(&mut set, Until::FirstCompleted)), &wakes).is_pending());
    gates.iter().for_each(Gate::open);
    let waited = poll(pin!(wait(&mut set, Until::FirstCompleted)), &wakes);
    assert!(matches!(waited, Poll::Ready(Ok(waited)) if waited.ended == 3));
    assert_eq!(polls(&gates), 6);
}

// CB-6
#[test]
#[should_panic = "polled after"]
fn a_join_cannot_be_polled_again() {
    let wakes = Arc::default();
    let mut joined = pin!(join((ready(1), ready(2))));
    assert!(poll(joined.as_mut(), &wakes).is_ready());
    let _ = poll(joined.as_mut(), &wakes);
}

// CB-4: leaked, they do nothing more, and harm nobody.
#[test]
fn combinators_that_are_leaked_stand_still() {
    let rt = NoExecutor::new();
    let exits = Rc::new(Cell::new(0));
    let scoped = || {
        let (rt, exits) = (rt, exits.clone());
        async move {
            let counted = Rc::clone(&exits);
            let scope = scope_fn_local(async move |lend: Lend<()>| {
                let (_, end) = lend.lend(()).await;
                counted.set(counted.get() + 1);
                Ok::<_, ()>(end)
            });
            let held = with(&rt, Local(scope), async |_| {
                pending::<Result<(), ()>>().await
            });
            held.await
        }
    };
    let wakes = Arc::default();
    let mut joined = Box::pin(join_settled((scoped(), scoped())).local());
    assert!(poll(joined.as_mut(), &wakes).is_pending());
    forget(joined);
    let mut raced = Box::pin(race(vec![scoped(), scoped()]).local());
    assert!(poll(raced.as_mut(), &wakes).is_pending());
    forget(raced);
    let both = either(async {}, scoped()).now_or_never();
    assert!(both.is_some());
    assert_eq!(exits.get(), 0);
}
