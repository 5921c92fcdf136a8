//! Two tasks in one future that wait for each other, by the primitives of withal-sync.

use core::convert::Infallible;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;

use withal_core::runtime::NoExecutor;
use withal_core::scope::ScopeError;
use withal_core::with;
#[cfg(feature = "alloc")]
use withal_sync::{Channel, Queue};
use withal_sync::{Event, Mutex, Semaphore};

use crate::{Pause, print};

/// A holder of a mutex and of a permit, and one that waits for both of them.
pub async fn waiting() -> Result<(), ScopeError<Infallible, Infallible>> {
    let rt = NoExecutor::new();
    let (mutex, semaphore, event) = (Mutex::new(0), Semaphore::new(1), Event::new());
    let holds = async {
        let permit = semaphore.acquire().await;
        let held = with(&rt, mutex.lock(), async |value| {
            event.set();
            Pause::default().await;
            **value += 1;
            print("held");
            Ok(())
        });
        held.await?;
        drop(permit);
        Ok(())
    };
    let waits = async {
        event.wait().await;
        let _permit = semaphore.acquire().await;
        *mutex.lock().await += 1;
        print(" waited\n");
        Ok(())
    };
    let (first, second) = both(waits, holds).await;
    first.and(second)
}

/// A producer and a consumer, with room for one item.
#[cfg(feature = "alloc")]
pub async fn passing() {
    let queue = Queue::bounded(1);
    let produce = async {
        for item in ["one", " two", " three\n"] {
            if queue.push(item).await.is_err() {
                print(" closed\n");
            }
        }
        queue.close();
    };
    let consume = async {
        while let Some(item) = queue.pop().await {
            print(item);
        }
    };
    both(produce, consume).await;
}

/// A sender and a receiver, from hand to hand; the sender's drop is the end.
#[cfg(feature = "alloc")]
pub async fn sending() {
    let (sender, receiver) = Channel::bounded(0);
    let send = async move {
        for value in ["ready", " steady", " go\n"] {
            if sender.send(value).await.is_err() {
                print(" closed\n");
            }
        }
    };
    let receive = async {
        while let Some(value) = receiver.recv().await {
            print(value);
        }
    };
    both(send, receive).await;
}

async fn both<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    let (mut a, mut b) = (pin!(a), pin!(b));
    let (mut first, mut second) = (None, None);
    poll_fn(move |cx| {
        if first.is_none() {
            if let Poll::Ready(output) = a.as_mut().poll(cx) {
                first = Some(output);
            }
        }
        if second.is_none() {
            if let Poll::Ready(output) = b.as_mut().poll(cx) {
                second = Some(output);
            }
        }
        match (first.take(), second.take()) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            unfinished => {
                (first, second) = unfinished;
                Poll::Pending
            }
        }
    })
    .await
}
