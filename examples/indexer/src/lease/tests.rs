use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;

use super::Lease;

#[test]
fn a_job_that_begins_after_the_lease_ended_does_nothing() {
    let lease = Lease::new(String::from("value"));
    let late = lease.clone();
    assert_eq!(lease.take_back().as_deref(), Some("value"));
    assert_eq!(late.with(|value| value.push('!')), None);
    assert_eq!(late.take_back(), None);
}

#[test]
fn taking_back_waits_for_the_running_job() {
    let lease = Lease::new(0);
    let running = lease.clone();
    let (began, has_began) = mpsc::channel();
    let job = thread::spawn(move || {
        running.with(|value| {
            began.send(()).expect("the test waits for this");
            // Long enough for the main thread to reach the lock; if it does not, the test is
            // still right, it only proves less.
            for _ in 0..100 {
                thread::yield_now();
            }
            *value = 1;
        })
    });
    has_began.recv().expect("the job sends before it ends");
    assert_eq!(lease.take_back(), Some(1));
    assert_eq!(job.join().expect("the job does not panic"), Some(()));
}

#[test]
fn a_panicking_job_leaves_the_value_to_be_taken_back() {
    let lease = Lease::new(1);
    let panicked = catch_unwind(AssertUnwindSafe(|| lease.with(|_| panic!("on purpose"))));
    assert!(panicked.is_err());
    assert_eq!(lease.take_back(), Some(1));
}
