//! Model of the spin lock: loom watches each access to what it guards.

use alloc::sync::Arc;

use super::spin::Spin;

#[test]
fn a_spin_lock_lets_one_thread_in_at_a_time_and_shows_it_what_the_others_did() {
    loom::model(|| {
        let lock = Arc::new(Spin::new(0));
        let other = loom::thread::spawn({
            let lock = lock.clone();
            move || lock.with(|count| *count += 1)
        });
        lock.with(|count| *count += 1);
        other.join().unwrap();
        assert_eq!(lock.with(|count| *count), 2);
    });
}

#[test]
fn a_spin_lock_opens_again_when_its_section_panics() {
    loom::model(|| {
        let lock = Arc::new(Spin::new(0));
        let other = loom::thread::spawn({
            let lock = lock.clone();
            move || lock.with(|count| *count += 1)
        });
        let panicked = crate::panic::catch(|| lock.with(|_| panic!("inside of the section")));
        assert!(panicked.is_err());
        other.join().unwrap();
        assert_eq!(lock.with(|count| *count), 1);
    });
}
