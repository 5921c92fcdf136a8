//! Wakers on threads of their own.

use alloc::sync::Arc;
use alloc::task::Wake;
use alloc::vec::Vec;
use core::future::{Future, poll_fn};
use core::pin::{Pin, pin};
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::{Context, Poll, Waker};
use std::sync::{Mutex, mpsc};
use std::thread;

use super::FutureSet;

/// Runs `future` on this thread, which sleeps while it waits.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(thread::Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Arc::new(Unpark(thread::current())).into();
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}

/// Asks another thread to count it up and to wake it, so many times.
struct Child {
    count: Arc<AtomicUsize>,
    asked: usize,
    times: usize,
    ask: mpsc::Sender<(Arc<AtomicUsize>, Waker)>,
}

impl Future for Child {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.count.load(Ordering::Relaxed) < self.asked {
            return Poll::Pending;
        }
        if self.asked == self.times {
            return Poll::Ready(());
        }
        self.asked += 1;
        let question = (self.count.clone(), cx.waker().clone());
        self.ask.send(question).unwrap();
        Poll::Pending
    }
}

// a storm of wakes, in which no one is lost
#[test]
fn wakes_from_other_threads_are_all_seen() {
    const CHILDREN: usize = 300;
    const TIMES: usize = 40;

    let askers: Vec<_> = (0..3)
        .map(|_| {
            let (ask, questions) = mpsc::channel::<(Arc<AtomicUsize>, Waker)>();
            thread::spawn(move || {
                for (count, waker) in questions {
                    count.fetch_add(1, Ordering::Relaxed);
                    waker.wake_by_ref();
                    waker.wake();
                }
            });
            ask
        })
        .collect();
    let mut set: FutureSet<_> = (0..CHILDREN)
        .map(|index| Child {
            count: Arc::default(),
            asked: 0,
            times: TIMES,
            ask: askers[index % askers.len()].clone(),
        })
        .collect();
    drop(askers);
    let mut ended = 0;
    block_on(async {
        while poll_fn(|cx| set.poll_next(cx)).await.is_some() {
            ended += 1;
        }
    });
    assert_eq!(ended, CHILDREN);
}

// futures come and go while their wakers are used elsewhere, and after the set is gone
#[test]
fn places_change_hands_in_a_storm_of_wakes() {
    const ROUNDS: usize = 200;

    let wakers = Arc::new(Mutex::new(Vec::<Waker>::new()));
    let done = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let (wakers, done) = (wakers.clone(), done.clone());
            thread::spawn(move || {
                while done.load(Ordering::Relaxed) == 0 {
                    let waker = wakers.lock().unwrap().pop();
                    match waker {
                        Some(waker) => {
                            waker.wake_by_ref();
                            waker.wake();
                        }
                        None => thread::yield_now(),
                    }
                }
            })
        })
        .collect();
    let child = || {
        let (wakers, mut polls) = (wakers.clone(), 0);
        poll_fn(move |cx: &mut Context<'_>| {
            polls += 1;
            if polls == 4 {
                return Poll::Ready(());
            }
            let mut wakers = wakers.lock().unwrap();
            wakers.extend([cx.waker().clone(), cx.waker().clone()]);
            Poll::Pending
        })
    };
    for _ in 0..ROUNDS {
        let mut set: FutureSet<_> = (0..20).map(|_| child()).collect();
        block_on(async {
            let mut ended = 0;
            while poll_fn(|cx| set.poll_next(cx)).await.is_some() {
                ended += 1;
                if ended % 3 == 0 {
                    let key = set.iter_pin_mut().next().map(|(key, _)| key);
                    key.map(|key| set.remove(key));
                    let key = set.push(child());
                    assert!(set.contains(key));
                }
                if ended == 20 {
                    break;
                }
            }
        });
    }
    done.store(1, Ordering::Relaxed);
    for thread in threads {
        thread.join().unwrap();
    }
    // Sets that are long gone.
    wakers.lock().unwrap().drain(..).for_each(Waker::wake);
}

//
#[test]
fn a_set_moves_between_threads_with_futures_that_wait() {
    let (ask, questions) = mpsc::channel();
    let asked = thread::spawn(move || {
        for (count, waker) in questions {
            let (count, waker): (Arc<AtomicUsize>, Waker) = (count, waker);
            count.fetch_add(1, Ordering::Relaxed);
            waker.wake();
        }
    });
    let mut set: FutureSet<_> = (0..50)
        .map(|_| Child {
            count: Arc::default(),
            asked: 0,
            times: 10,
            ask: ask.clone(),
        })
        .collect();
    drop(ask);
    while !set.is_empty() {
        set = thread::spawn(move || {
            block_on(poll_fn(|cx| set.poll_next(cx)));
            set
        })
        .join()
        .unwrap();
    }
    drop(set);
    asked.join().unwrap();
}

// the lent waker may be used on other threads, too, while the poll goes on
#[test]
fn a_lent_waker_can_be_woken_and_cloned_by_many_threads_at_once() {
    let mut polls = 0;
    let mut set = FutureSet::new();
    set.push(poll_fn(|cx| {
        polls += 1;
        let waker = cx.waker();
        thread::scope(|scope| {
            scope.spawn(|| waker.wake_by_ref());
            scope.spawn(|| {
                let waker = waker.clone();
                waker.wake_by_ref();
                waker.wake();
            });
        });
        if polls == 100 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }));
    block_on(poll_fn(|cx| set.poll_next(cx)));
    drop(set);
    assert_eq!(polls, 100);
}
