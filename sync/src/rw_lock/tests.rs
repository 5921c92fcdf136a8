//! What a read-write lock promises, polled by hand.

mod cancelled;

use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::flavour::Flavour;
use crate::rw_lock::{RwLock, WriteGuard};
use crate::tests::{Task, each_flavour, now, panicking_waker, panics};

each_flavour!(
    many_read_or_one_writes,
    a_writer_that_waits_holds_up_the_readers_that_come,
    readers_in_a_row_are_let_in_together,
    a_waiter_is_overtaken_for_one_wake_at_most,
    a_reader_that_was_woken_joins_one_that_overtook_it,
    nobody_is_overtaken_in_a_fair_lock,
    a_waiter_can_be_dropped_at_any_point,
    a_writer_that_leaves_lets_the_readers_behind_it_in,
    readers_that_were_let_in_and_dropped_pass_on,
    a_writer_reads_on_with_the_readers_behind_it,
    a_panic_gives_back_and_poisons_nothing,
    owned_guards_keep_the_lock,
    a_reader_behind_a_writer_does_not_join,
    a_leaked_writer_that_was_let_in_keeps_the_lock,
    a_waker_that_panics_hides_no_other,
);

fn both<F: Flavour>() -> [RwLock<u32, F>; 2] {
    [RwLock::new(0), RwLock::fair(0)]
}

// RW-1
fn many_read_or_one_writes<F: Flavour>() {
    for lock in both::<F>() {
        let (a, b) = (now(lock.read()), now(lock.read()));
        assert_eq!((*a + *b, lock.readers()), (0, 2));
        assert!(lock.try_write().is_err() && !lock.has_writer());
        let mut writer = Task::waiting(lock.write());
        drop(a);
        assert!(!writer.woken());
        drop(b);
        *writer.ready() += 1;
        let writer = lock.try_write().unwrap();
        assert!(lock.has_writer());
        assert!(lock.try_read().is_err() && lock.try_write().is_err());
        drop(writer);
        assert_eq!(*lock.try_read().unwrap(), 1);
    }
}

// RW-2
fn a_writer_that_waits_holds_up_the_readers_that_come<F: Flavour>() {
    for lock in both::<F>() {
        let early = now(lock.read());
        let mut writer = Task::waiting(lock.write());
        assert!(lock.try_read().is_err());
        let mut late = Task::waiting(lock.read());
        drop(early);
        let writing = writer.ready();
        assert!(late.poll().is_pending());
        drop(writing);
        assert!(late.woken());
        drop(late.ready());
    }
}

// RW-2
fn readers_in_a_row_are_let_in_together<F: Flavour>() {
    for lock in both::<F>() {
        let writing = now(lock.write());
        // More than one section can wake.
        let mut readers: Vec<_> = (0..100).map(|_| Task::waiting(lock.read())).collect();
        let mut writer = Task::waiting(lock.write());
        let mut late = Task::waiting(lock.read());
        drop(writing);
        let guards: Vec<_> = readers.iter_mut().map(Task::ready).collect();
        assert_eq!(lock.readers(), 100);
        assert!(readers.iter().all(|reader| reader.wakes() == 1));
        assert!(!writer.woken() && !late.woken());
        drop(guards);
        drop(writer.ready());
        drop(late.ready());
    }
}

// LK-2, RW-2
fn a_waiter_is_overtaken_for_one_wake_at_most<F: Flavour>() {
    let lock = RwLock::<_, F>::new(0);
    let writing = now(lock.write());
    let mut waits = Task::waiting(lock.write());
    drop(writing);
    // Woken, and not handed the lock: a newcomer may have it meanwhile, to read or to write.
    assert!(waits.woken() && !lock.has_writer());
    let reading = lock.try_read().unwrap();
    assert!(lock.try_read().is_err(), "but not two");
    assert!(waits.poll().is_pending());
    drop(reading);
    assert!(lock.has_writer(), "it was handed over");
    assert!(lock.try_write().is_err());
    drop(waits.ready());

    let writing = now(lock.write());
    let mut waits = [Task::waiting(lock.read()), Task::waiting(lock.read())];
    drop(writing);
    let writing = lock.try_write().unwrap();
    assert!(waits[0].poll().is_pending());
    drop(writing);
    assert_eq!(lock.readers(), 2);
    waits.iter_mut().for_each(|task| drop(task.ready()));
}

// RW-2
fn a_reader_that_was_woken_joins_one_that_overtook_it<F: Flavour>() {
    let lock = RwLock::<_, F>::new(0);
    let writing = now(lock.write());
    let (mut a, mut b) = (Task::waiting(lock.read()), Task::waiting(lock.read()));
    drop(writing);
    let overtaker = lock.try_read().unwrap();
    let a = a.ready();
    assert!(b.woken());
    let b = b.ready();
    assert_eq!(lock.readers(), 3);
    drop((a, b, overtaker));
    assert!(lock.try_write().is_ok());
}

// LK-2, LK-3
fn nobody_is_overtaken_in_a_fair_lock<F: Flavour>() {
    let lock = RwLock::<_, F>::fair(0);
    let writing = now(lock.write());
    let mut waits = Task::waiting(lock.write());
    let mut readers = [Task::waiting(lock.read()), Task::waiting(lock.read())];
    drop(writing);
    assert!(lock.has_writer());
    assert!(lock.try_read().is_err() && lock.try_write().is_err());
    // Polled out of turn, they wait still.
    assert!(readers[1].poll().is_pending());
    drop(waits.ready());
    assert_eq!(lock.readers(), 2);
    readers.iter_mut().for_each(|task| drop(task.ready()));
}

// LK-4, A-10
fn a_waiter_can_be_dropped_at_any_point<F: Flavour>() {
    for lock in both::<F>() {
        drop((Task::new(lock.read()), Task::new(lock.write())));
        let writing = now(lock.write());
        let (gone, mut next) = (Task::waiting(lock.write()), Task::waiting(lock.write()));
        let (reader, mut last) = (Task::waiting(lock.read()), Task::waiting(lock.read()));
        assert_eq!(lock.waiting(), 4);
        drop(writing);
        // After its wake: the next one has it.
        assert!(gone.woken() && !next.woken());
        drop(gone);
        assert!(next.woken());
        drop(next.ready());
        assert!(reader.woken());
        drop(reader);
        assert!(last.woken());
        drop(last.ready());
        assert_eq!((lock.waiting(), lock.readers()), (0, 0));
        assert!(lock.try_write().is_ok());
    }
}

// LK-4, A-10
fn a_writer_that_leaves_lets_the_readers_behind_it_in<F: Flavour>() {
    for lock in both::<F>() {
        let reading = now(lock.read());
        let writer = Task::waiting(lock.write());
        let mut readers: Vec<_> = (0..70).map(|_| Task::waiting(lock.read())).collect();
        drop(writer);
        assert_eq!(lock.readers(), 71);
        assert!(lock.try_read().is_ok(), "nobody waits any more");
        assert!(readers.iter().all(|reader| reader.wakes() == 1));
        drop(readers.drain(..35));
        assert_eq!(lock.readers(), 36);
        drop((reading, readers));
        assert!(lock.try_write().is_ok());
    }
}

// LK-4, A-10
fn readers_that_were_let_in_and_dropped_pass_on<F: Flavour>() {
    let lock = RwLock::<_, F>::fair(0);
    let writing = now(lock.write());
    let (a, b) = (Task::waiting(lock.read()), Task::waiting(lock.read()));
    let mut writer = Task::waiting(lock.write());
    drop(writing);
    drop(a);
    assert!(!writer.woken());
    drop(b);
    assert!(writer.woken());
    drop(writer.ready());
}

// RW-3
fn a_writer_reads_on_with_the_readers_behind_it<F: Flavour>() {
    for lock in both::<F>() {
        let reading = WriteGuard::downgrade(now(lock.write()));
        assert!(lock.try_read().is_ok() && lock.try_write().is_err());
        drop(reading);
        let mut writing = now(lock.write());
        let mut first = Task::waiting(lock.read());
        let mut writer = Task::waiting(lock.write());
        let mut last = Task::waiting(lock.read());
        *writing = 5;
        let reading = WriteGuard::downgrade(writing);
        assert_eq!((*reading, *first.ready()), (5, 5));
        assert!(!writer.woken() && !last.woken());
        drop(reading);
        drop(writer.ready());
        drop(last.ready());
        assert!(lock.try_write().is_ok());
    }
}

// LK-8
fn a_panic_gives_back_and_poisons_nothing<F: Flavour>() {
    let lock = RwLock::<_, F>::new(0);
    assert!(panics(|| {
        let _writing = lock.try_write().unwrap();
        panic!("in a section");
    }));
    *lock.try_write().unwrap() += 1;
    assert_eq!(*now(lock.read()), 1);
}

// RW-1
fn owned_guards_keep_the_lock<F: Flavour>() {
    let lock = Arc::new(RwLock::<_, F>::new(7));
    assert_eq!(
        format!("{lock:?}"),
        "RwLock { value: 7, readers: 0, waiting: 0 }"
    );
    let mut writing = now(lock.write_owned());
    *writing += 1;
    let mut waits = Task::waiting(lock.read_owned());
    assert_eq!(
        format!("{lock:?}"),
        "RwLock { value: <locked>, readers: 0, waiting: 1 }"
    );
    assert!(lock.try_read_owned().is_err() && lock.try_write_owned().is_err());
    let reading = WriteGuard::downgrade(writing);
    drop(lock);
    assert_eq!((*reading, *waits.ready()), (8, 8));
}

// RW-2
fn a_reader_behind_a_writer_does_not_join<F: Flavour>() {
    for lock in both::<F>() {
        let reading = now(lock.read());
        let mut writer = Task::waiting(lock.write());
        let mut reader = Task::waiting(lock.read());
        // Polled for no reason.
        assert!(reader.poll().is_pending());
        drop(reading);
        drop(writer.ready());
        drop(reader.ready());
    }
}

// LK-4: safe code may leak.
fn a_leaked_writer_that_was_let_in_keeps_the_lock<F: Flavour>() {
    let lock = RwLock::<_, F>::fair(0);
    let reading = now(lock.read());
    Task::waiting(lock.write()).leak();
    drop(reading);
    assert!(lock.has_writer() && lock.try_read().is_err());
}

//
fn a_waker_that_panics_hides_no_other<F: Flavour>() {
    for lock in both::<F>() {
        let reading = now(lock.read());
        let writer = Task::waiting(lock.write());
        let mut bad = Task::new(lock.read());
        assert!(bad.poll_with(&panicking_waker()).is_pending());
        // More than one section can wake.
        let good: Vec<_> = (0..100).map(|_| Task::waiting(lock.read())).collect();
        assert!(panics(|| drop(writer)));
        assert!(good.iter().all(Task::woken));
        drop((reading, bad.ready(), good));
        // Nor does it leave a guard behind that nobody has.
        let writing = now(lock.write());
        let mut bad = Task::new(lock.read());
        assert!(bad.poll_with(&panicking_waker()).is_pending());
        assert!(panics(|| WriteGuard::downgrade(writing)));
        drop(bad.ready());
        assert!(lock.try_write().is_ok());
    }
}
