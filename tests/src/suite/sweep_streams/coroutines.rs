use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;

use futures_util::future::{FutureExt, LocalBoxFuture};
use futures_util::lock::Mutex;
use withal::coroutine::{Coroutine, Interrupt, State, Step, Yielder, coroutine};
use withal::runtime::Runtime;

use crate::poll::{drive, yields};
use crate::sweep::{Ending, Followed, Real, Sweep};

/// A coroutine that its consumers share, one after the other, and what each side was given.
struct Kept {
    coroutine: Mutex<Box<dyn Steps>>,
    items: RefCell<Vec<u32>>,
    answers: Rc<RefCell<Vec<u32>>>,
    value: Cell<Option<u32>>,
}

trait Steps {
    /// Begins the next step, with this answer to the item before, or goes on with the one that was
    /// begun.
    fn step(&mut self, answer: u32) -> LocalBoxFuture<'_, Option<Step<u32, u32>>>;
}

impl<S: 'static> Steps for Pin<Box<Coroutine<u32, u32, Infallible, u32, S>>> {
    fn step(&mut self, answer: u32) -> LocalBoxFuture<'_, Option<Step<u32, u32>>> {
        async move {
            match self.state() {
                State::Created => self.as_mut().start().await.ok(),
                State::Suspended => self.as_mut().resume(answer).await.ok(),
                State::Running => self.as_mut().proceed().await.ok(),
                _ => None,
            }
        }
        .boxed_local()
    }
}

impl Kept {
    fn new() -> Rc<Self> {
        let answers = Rc::<RefCell<Vec<u32>>>::default();
        let own = answers.clone();
        let asks = coroutine(async move |y: Yielder<'_, u32, u32, Infallible>| {
            ask(&y, &own, 0).await?;
            let inner = own.clone();
            let inner = coroutine(async move |y| ask(&y, &inner, 2).await);
            y.delegate(inner).await
        });
        Rc::new(Self {
            coroutine: Mutex::new(Box::new(Box::pin(asks))),
            items: RefCell::default(),
            answers,
            value: Cell::new(None),
        })
    }

    /// Answers on, to the end.
    async fn answer(&self) {
        loop {
            let mut coroutine = self.coroutine.lock().await;
            let answer = self.items.borrow().last().map_or(99, |item| 10 + item);
            let step = coroutine.step(answer).await;
            drop(coroutine);
            match step {
                Some(Step::Yielded(item)) => self.items.borrow_mut().push(item),
                Some(Step::Complete(value)) => self.value.set(Some(value)),
                None => return,
            }
            yields(1).await;
        }
    }

    /// The next consumer gets the rest, and each item got its answer.
    fn goes_on(&self, ending: &Ending) {
        // A coroutine whose body panics is closed.
        if *ending != Ending::Panicked {
            let rest = drive(std::pin::pin!(self.answer()), 100);
            assert!(rest.is_some(), "it is stuck");
            assert_eq!(self.value.get(), Some(13), "the value is lost");
        }
        let (items, answers) = (self.items.borrow(), self.answers.borrow());
        let (all, given) = ([0, 1, 2, 3], [10, 11, 12, 13]);
        assert_eq!(*items, all[..items.len()], "an item is lost, or came twice");
        let fits = given.get(..answers.len()) == Some(&answers[..]);
        assert!(fits, "an answer is lost, or came twice: {answers:?}");
        if *ending != Ending::Panicked {
            assert_eq!((items.len(), answers.len()), (4, 4));
        }
    }
}

/// Yields two items, and returns the answer to the last.
async fn ask(
    y: &Yielder<'_, u32, u32, Infallible>,
    answers: &RefCell<Vec<u32>>,
    first: u32,
) -> Result<u32, Interrupt<Infallible>> {
    for item in [first, first + 1] {
        yields(1).await;
        let answer = y.yield_(item).await?;
        answers.borrow_mut().push(answer);
        yields(1).await;
    }
    Ok(first + 11)
}

// A-3, AG-3, AG-16, AG-18, AG-23, AG-24, IT-15
pub async fn each_step_of_a_coroutine<R: Runtime>(rt: &R) {
    let sweep: Sweep<Rc<Kept>, Real<R>> = Sweep::on(rt, Kept::new);
    let sweep = sweep.invariant_of(|kept, ending| kept.goes_on(ending));
    let swept = sweep.sweep(async |_: Followed<R>, kept| kept.answer().await);
    let swept = swept.await.unwrap_or_else(|error| panic!("{error}"));
    assert!(swept.polls > 6, "it did not wait: {swept}");
}
