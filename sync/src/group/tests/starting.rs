use alloc::boxed::Box;
use core::panic::AssertUnwindSafe;
use core::pin::pin;
use std::panic::catch_unwind;

use withal_core::StartError;

use super::*;
use crate::group::Started;

// TG-24
#[test]
fn the_starter_waits_until_the_child_says_so() {
    let trace = Trace::default();
    let ended = drive(single_thread::local_group(async |group| {
        let trace = &trace;
        let (port, server) = group
            .start(async move |started| {
                yields(2).await;
                trace.push("ready");
                started.send(8080).unwrap();
                yields(2).await;
                trace.push("served");
                Ok::<_, Failure>("bye")
            })
            .await
            .unwrap();
        trace.push("started");
        assert_eq!(server.await, Ok("bye"));
        Ok(port)
    }));
    assert_eq!(ended.unwrap(), 8080);
    trace.assert("ready started served");
}

// TG-24
#[test]
fn a_child_that_fails_before_is_the_starters() {
    let ended = drive(local_group(async |group| {
        let start = group.start(async |_: Started<()>| {
            yields(1).await;
            Err::<(), _>("no port")
        });
        let failed = start.await.unwrap_err();
        assert_eq!(failed, StartError::Failed("no port"));
        assert!(!group.token().is_cancelled(), "the group has not failed");
        Ok::<_, Failure>(1)
    }));
    assert_eq!(ended.unwrap(), 1);
}

// TG-24
#[test]
fn a_child_that_fails_afterwards_fails_the_group() {
    let ended = drive(local_group(async |group| {
        let start = group.start(async |started: Started<()>| {
            started.send(()).unwrap();
            yields(1).await;
            Err::<(), _>("later")
        });
        start.await.unwrap();
        core::future::pending::<Result<(), Failure>>().await
    }));
    assert_eq!(ended.unwrap_err().single().unwrap(), "later");
}

// TG-24
#[test]
fn a_child_that_ends_without_a_word_is_an_error_of_the_start() {
    let ended = drive(local_group(async |group| {
        let start = group.start(async |started: Started<()>| {
            drop(started);
            yields(1).await;
            Ok::<_, Failure>(())
        });
        assert_eq!(start.await.unwrap_err(), StartError::NotStarted);
        Ok(())
    }));
    ended.unwrap();
}

// TG-24
#[test]
fn a_starter_that_is_dropped_cancels_the_child() {
    let trace = Trace::default();
    // At each poll: before it has begun, while it starts, and when it has, but the starter does not
    // know.
    for polls in 0..3 {
        let ended = drive(single_thread::local_group(async |group| {
            let trace = &trace;
            let mut start = Box::pin(group.start(async move |started| {
                let _guard = Guard(trace, "child");
                yields(2).await;
                started.send(()).unwrap();
                pending::<Result<(), Failure>>().await
            }));
            for _ in 0..polls {
                let polled = poll_fn(|cx| Poll::Ready(start.as_mut().poll(cx))).await;
                assert!(polled.is_pending());
                yields(1).await;
            }
            if polls == 2 {
                yields(3).await;
                trace.push("started");
            }
            drop(start);
            yields(3).await;
            assert!(group.is_empty());
            Ok(())
        }));
        ended.unwrap();
        trace.assert(["", "~child", "started ~child"][polls]);
    }
}

// TG-24, TG-25: an error that its starter did not take is not lost.
#[test]
fn an_error_whose_starter_is_dropped_is_the_groups() {
    let ended = drive(local_group(async |group| {
        {
            let start = pin!(group.start(async |_: Started<()>| Err::<(), _>("nobody's")));
            let mut start = start;
            let polled = poll_fn(|cx| Poll::Ready(start.as_mut().poll(cx))).await;
            assert!(polled.is_pending());
            yields(1).await;
        }
        pending::<Result<(), Failure>>().await
    }));
    let errors = ended.unwrap_err();
    assert!(
        errors.entries()[0]
            .origin
            .location()
            .file()
            .ends_with("starting.rs")
    );
    assert_eq!(errors.single().unwrap(), "nobody's");
}

// TG-24, TG-2
#[test]
fn a_closed_group_starts_nothing() {
    let ended = drive(local_group(async |group| {
        group.cancel();
        let start = group.start(async |_: Started<()>| Ok::<_, Failure>(()));
        assert_eq!(start.await.unwrap_err(), StartError::Closed);
        Ok(())
    }));
    ended.unwrap();
}

// TG-24, TG-20
#[test]
fn a_child_that_is_cancelled_while_it_starts() {
    let seen = RefCell::new(None);
    let ended = drive(single_thread::local_group(async |group| {
        let siblings = group.clone();
        group.spawn(async move {
            yields(1).await;
            siblings.cancel();
            Ok(())
        });
        let start = group.start(async |_: Started<()>| pending::<Result<(), Failure>>().await);
        seen.replace(Some(start));
        Ok(())
    }));
    ended.unwrap();
    let start = seen.take().unwrap();
    assert_eq!(drive(start).unwrap_err(), StartError::Cancelled);
}

// TG-24, TG-15
#[test]
fn a_child_that_panics_while_it_starts() {
    let seen = RefCell::new(None);
    let ended = catch_unwind(AssertUnwindSafe(|| {
        drive(single_thread::local_group(async |group| {
            let start = group.start(async |_: Started<()>| -> Result<(), Failure> {
                yields(1).await;
                panic!("while starting")
            });
            // In a child that outlives the group's body: it is cancelled, as the body is.
            seen.replace(Some(start));
            pending::<Result<(), Failure>>().await
        }))
    }));
    assert!(ended.is_err());
    let start = seen.take().unwrap();
    assert_eq!(drive(start).unwrap_err(), StartError::Panicked);
}
