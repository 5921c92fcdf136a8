//! Models of an event that is set, cleared and waited for at the same time.

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

use super::Event;
use crate::flavour::Modelled;
use crate::tests::{Task, model};

fn event() -> Arc<Event<Modelled>> {
    Arc::new(Event::new())
}

// EV-2, A-9: two that set it, against one that begins to wait
#[test]
fn a_set_is_seen_by_who_begins_to_wait() {
    model(|| {
        let event = event();
        let other = {
            let event = event.clone();
            thread::spawn(move || event.set())
        };
        let first = event.set();
        block_on(event.wait());
        assert!(first != other.join().unwrap(), "one of the two sets it");
        assert_eq!(event.waiting(), 0);
    });
}

// EV-3, A-9: set and cleared, against one that begins to wait behind another
#[test]
fn a_pulse_lets_go_who_waits_and_perhaps_who_comes() {
    model(|| {
        let event = event();
        let mut early = Task::new(event.wait());
        assert!(early.poll().is_pending());
        let late = {
            let event = event.clone();
            thread::spawn(move || {
                let mut late = Task::new(event.wait());
                let passed = late.poll().is_ready();
                drop(late);
                passed
            })
        };
        event.set();
        event.clear();
        assert!(early.woken() && early.poll().is_ready());
        late.join().unwrap();
        assert_eq!((event.waiting(), event.is_set()), (0, false));
    });
}

// EV-5, A-10: one that is dropped, against a set
#[test]
fn one_that_is_cancelled_takes_no_other_along() {
    model(|| {
        let event = event();
        let given_up = {
            let event = event.clone();
            thread::spawn(move || _ = Task::new(event.wait()).poll())
        };
        let mut stays = Task::new(event.wait());
        assert!(stays.poll().is_pending());
        event.set();
        assert!(stays.woken() && stays.poll().is_ready());
        given_up.join().unwrap();
        assert_eq!(event.waiting(), 0);
    });
}
