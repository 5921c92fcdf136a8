//! Models of a condition under a mutex.

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

use crate::flavour::Modelled;
use crate::mutex::Mutex;
use crate::tests::{Task, model, model_within};

type Condition = super::Condition<Modelled>;

struct Flag {
    is_up: Mutex<bool, Modelled>,
    changed: Condition,
}

impl Flag {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            is_up: Mutex::new(false),
            changed: Condition::new(),
        })
    }

    async fn wait(&self) {
        let is_up = self.is_up.lock().await;
        drop(self.changed.wait_until(is_up, |is_up| *is_up).await);
    }

    async fn raise(&self) {
        *self.is_up.lock().await = true;
        self.changed.notify_one();
    }
}

// CV-2, CV-8, A-9: a notification against one that begins to wait
#[test]
fn a_notification_cannot_slip_in_before_the_wait() {
    model(|| {
        let flag = Flag::new();
        let raiser = {
            let flag = flag.clone();
            thread::spawn(move || block_on(flag.raise()))
        };
        block_on(flag.wait());
        raiser.join().unwrap();
        assert!(flag.is_up.try_lock().is_ok());
        assert_eq!((flag.changed.waiting(), flag.is_up.waiting()), (0, 0));
    });
}

// CV-5, CV-6, A-10: one that is dropped at any stage, before another that waits
#[test]
fn a_notification_of_one_that_is_cancelled_goes_to_the_other() {
    model_within(2, || {
        let flag = Flag::new();
        let mut given_up = Task::new(flag.wait());
        assert!(given_up.poll().is_pending());
        let other = {
            let flag = flag.clone();
            thread::spawn(move || block_on(flag.wait()))
        };
        let raiser = {
            let flag = flag.clone();
            thread::spawn(move || block_on(flag.raise()))
        };
        if given_up.poll().is_ready() {
            // It was not in vain; so the other one needs another.
            flag.changed.notify_one();
        }
        drop(given_up);
        other.join().unwrap();
        raiser.join().unwrap();
        assert!(flag.is_up.try_lock().is_ok());
        assert_eq!((flag.changed.waiting(), flag.is_up.waiting()), (0, 0));
    });
}
