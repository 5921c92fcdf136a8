#![expect(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "tests have std"
)]
#![expect(
    clippy::arc_with_non_send_sync,
    reason = "owned handles are `Arc`s, of one thread's primitives too"
)]

use std::convert::Infallible;
use std::future::pending;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use withal_core::runtime::NoExecutor;
use withal_core::scope::{Local, Manager, ScopeError};
use withal_core::{HandOver, Scope, with};

use crate::{Barrier, Limiter, Mutex, Pool, RwLock, Semaphore, single_thread};

const RT: NoExecutor = NoExecutor::new();

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Runs a body in `scope` that looks whether it is held; then one that is dropped in its body.
fn is_held_inside<M: Manager>(scope: impl Fn() -> M, is_free: impl Fn() -> bool) {
    let mut whole = pin!(with(&RT, scope(), async |_| Ok::<_, Infallible>(is_free())));
    assert!(matches!(poll(whole.as_mut()), Poll::Ready(Ok(false))));
    assert!(is_free());
    {
        let body = async |_: &mut _| pending::<Result<(), Infallible>>().await;
        let mut dropped = pin!(with(&RT, scope(), body));
        assert!(poll(dropped.as_mut()).is_pending());
        assert!(!is_free());
    }
    assert!(is_free());
}

// LK-8
#[test]
fn a_lock_is_a_scope_that_gives_the_value() {
    let mutex = Arc::new(Mutex::new(1));
    let is_free = || !mutex.is_locked();
    is_held_inside(|| mutex.lock(), is_free);
    is_held_inside(|| mutex.lock_owned(), is_free);
    let mut whole = pin!(with(&RT, mutex.lock(), async |value| {
        **value += 1;
        Ok::<_, Infallible>(())
    }));
    assert!(poll(whole.as_mut()).is_ready());
    assert_eq!(*mutex.try_lock().unwrap(), 2);

    let mutex = Arc::new(single_thread::Mutex::new(1));
    let is_free = || !mutex.is_locked();
    is_held_inside(|| Local(mutex.lock()), is_free);
    is_held_inside(|| Local(mutex.lock_owned()), is_free);
}

// SE-9
#[test]
fn an_acquisition_is_a_scope_that_gives_the_permits() {
    let semaphore = Arc::new(Semaphore::new(2));
    let is_free = || semaphore.available_permits() == 2;
    is_held_inside(|| semaphore.acquire(), is_free);
    is_held_inside(|| semaphore.acquire_many_owned(2), is_free);
    semaphore.close();
    let mut refused = pin!(with(&RT, semaphore.acquire(), async |_| {
        Ok::<_, Infallible>(())
    }));
    let refused = poll(refused.as_mut());
    assert!(matches!(refused, Poll::Ready(Err(ScopeError::Enter(_)))));
}

// LK-8, RW-1
#[test]
fn both_ways_into_a_read_write_lock_are_scopes() {
    let lock = Arc::new(RwLock::new(1));
    let is_free = || lock.try_write().is_ok();
    is_held_inside(|| lock.read(), is_free);
    is_held_inside(|| lock.read_owned(), is_free);
    is_held_inside(|| lock.write(), is_free);
    is_held_inside(|| lock.write_owned(), is_free);

    let lock = Arc::new(single_thread::RwLock::new(1));
    let is_free = || lock.try_write().is_ok();
    is_held_inside(|| Local(lock.read()), is_free);
    is_held_inside(|| Local(lock.write_owned()), is_free);
}

// CS-12
#[test]
fn a_loan_is_a_scope_that_gives_the_token() {
    let limiter = Arc::new(Limiter::new(1));
    let is_free = || limiter.available() == 1;
    is_held_inside(|| limiter.acquire('a'), is_free);
    is_held_inside(|| limiter.acquire_owned('a'), is_free);
    let _token = limiter.try_acquire('a').unwrap();
    let mut refused = pin!(with(&RT, limiter.acquire('a'), async |_| {
        Ok::<_, Infallible>(())
    }));
    let refused = poll(refused.as_mut());
    assert!(matches!(refused, Poll::Ready(Err(ScopeError::Enter(_)))));
}

// PL-5, PL-10, PL-13
#[test]
fn a_take_is_a_scope_that_gives_the_object() {
    let pool = Arc::new(Pool::new([1]));
    let is_free = || pool.statistics().idle == 1;
    is_held_inside(|| pool.take(), is_free);
    is_held_inside(|| pool.take_owned(), is_free);
    let mut whole = pin!(with(&RT, pool.take(), async |object| {
        **object += 1;
        Ok::<_, Infallible>(())
    }));
    assert!(poll(whole.as_mut()).is_ready());
    assert_eq!(*pool.try_take().unwrap(), 2);
    pool.close();
    let mut refused = pin!(with(&RT, pool.take(), async |_| Ok::<_, Infallible>(())));
    let refused = poll(refused.as_mut());
    assert!(matches!(refused, Poll::Ready(Err(ScopeError::Enter(_)))));

    // Its objects stay on one thread.
    let pool = Arc::new(single_thread::Pool::new([std::rc::Rc::new(1)]));
    let is_free = || pool.statistics().idle == 1;
    is_held_inside(|| Local(pool.take()), is_free);
    is_held_inside(|| Local(pool.take_owned()), is_free);
}

// BA-9, BA-10
#[test]
fn a_barrier_is_a_scope_that_gives_the_index_and_fails_with_no_body() {
    let barrier = Barrier::new(std::num::NonZeroUsize::new(2).unwrap());
    let fails = || with(&RT, barrier.wait(), async |index| Err::<(), usize>(*index));
    for _ in 0..2 {
        let (mut first, mut last) = (pin!(fails()), pin!(fails()));
        assert!(poll(first.as_mut()).is_pending());
        let last = poll(last.as_mut());
        assert!(matches!(last, Poll::Ready(Err(ScopeError::Body(1)))));
        let first = poll(first.as_mut());
        assert!(matches!(first, Poll::Ready(Err(ScopeError::Body(0)))));
    }
}

/// Its exit waits for a permit.
struct Slow(Arc<Semaphore>);

impl Scope for Slow {
    type Resource = ();
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), Infallible> {
        Ok(())
    }

    async fn exit(self, (): (), _: withal_core::ExitReason<'_>) -> Result<(), Infallible> {
        self.0.acquire().await.unwrap().forget();
        Ok(())
    }
}

// LK-8, K2
#[test]
fn an_owned_lock_is_released_after_the_cleanups_of_its_body() {
    let (mutex, go) = (Arc::new(Mutex::new(())), Arc::new(Semaphore::new(0)));
    let inner = || {
        with(&RT, Slow(go.clone()), async |()| {
            pending::<Result<(), Infallible>>().await
        })
    };
    let mut held = std::boxed::Box::pin(with(&RT, mutex.lock_owned(), async |_| {
        inner().await.map_err(drop).unwrap();
        Ok::<_, Infallible>(())
    }));
    assert!(poll(held.as_mut()).is_pending());
    let mut cancelled = pin!(withal_core::cancel(held));
    assert!(poll(cancelled.as_mut()).is_pending());
    assert!(mutex.is_locked(), "the inner exit still waits");
    go.add_permits(1);
    assert!(poll(cancelled.as_mut()).is_ready());
    assert!(!mutex.is_locked());
}
