//! Models of a read-write lock, with a value whose races the checker sees.

use loom::cell::UnsafeCell;
use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

use super::{RwLock, WriteGuard};
use crate::flavour::Modelled;
use crate::tests::{Task, model_within};

struct Value(UnsafeCell<usize>);

// SAFETY: the model checker looks for races itself.
unsafe impl Sync for Value {}

impl Value {
    fn get(&self) -> usize {
        // SAFETY: the checker fails if somebody writes.
        self.0.with(|value| unsafe { *value })
    }

    fn add(&mut self) {
        // SAFETY: the checker fails if somebody else looks.
        self.0.with_mut(|value| unsafe { *value += 1 });
    }
}

type Lock = RwLock<Value, Modelled>;

const KINDS: [fn(Value) -> Lock; 2] = [RwLock::new, RwLock::fair];

/// Runs a model of each kind with at most so many preemptions: three threads take fewer.
fn each(preemptions: usize, of: impl Fn(Arc<Lock>) + Copy + Send + Sync + 'static) {
    for new in KINDS {
        let model = move || of(Arc::new(new(Value(UnsafeCell::new(0)))));
        model_within(preemptions, model);
    }
}

fn write(lock: &Lock) {
    block_on(async { lock.write().await.add() });
}

fn read(lock: &Lock) -> usize {
    block_on(async { lock.read().await.get() })
}

fn is_free(lock: &Lock) -> bool {
    lock.waiting() == 0 && lock.try_write().is_ok()
}

// RW-1, A-9: two readers and a writer
#[test]
fn readers_and_a_writer_exclude_one_another() {
    each(2, |lock| {
        let spawn = |work: fn(&Lock)| {
            let lock = lock.clone();
            thread::spawn(move || work(&lock))
        };
        let writer = spawn(write);
        let reader = spawn(|lock| assert!(read(lock) <= 1));
        assert!(read(&lock) <= 1);
        writer.join().unwrap();
        reader.join().unwrap();
        assert_eq!(read(&lock), 1);
        assert!(is_free(&lock));
    });
}

// RW-1, A-9: two writers and a reader
#[test]
fn writers_exclude_one_another() {
    each(3, |lock| {
        let other = {
            let lock = lock.clone();
            thread::spawn(move || {
                write(&lock);
                assert!(read(&lock) >= 1);
            })
        };
        write(&lock);
        assert!(read(&lock) >= 1);
        other.join().unwrap();
        assert_eq!(read(&lock), 2);
        assert!(is_free(&lock));
    });
}

// LK-4, LK-5, A-10: a writer that is dropped while others give back
#[test]
fn a_writer_that_is_cancelled_strands_nobody() {
    each(2, |lock| {
        let reading = lock.try_read().unwrap();
        let mut given_up = Task::new(lock.write());
        assert!(given_up.poll().is_pending());
        let other = {
            let lock = lock.clone();
            thread::spawn(move || read(&lock))
        };
        let writer = thread::spawn({
            let lock = lock.clone();
            move || write(&lock)
        });
        drop(reading);
        drop(given_up);
        other.join().unwrap();
        writer.join().unwrap();
        assert!(is_free(&lock));
    });
}

// LK-4, LK-5, A-10: a reader that is dropped after it was let in, or woken
#[test]
fn a_reader_that_is_cancelled_strands_nobody() {
    each(3, |lock| {
        let writing = lock.try_write().unwrap();
        let mut given_up = Task::new(lock.read());
        assert!(given_up.poll().is_pending());
        let writer = {
            let lock = lock.clone();
            thread::spawn(move || write(&lock))
        };
        drop(writing);
        drop(given_up);
        writer.join().unwrap();
        assert_eq!(read(&lock), 1);
        assert!(is_free(&lock));
    });
}

// RW-3: a writer that reads on while another comes
#[test]
fn a_downgrade_lets_no_writer_in_between() {
    each(3, |lock| {
        let mut writing = lock.try_write().unwrap();
        let writer = {
            let lock = lock.clone();
            thread::spawn(move || write(&lock))
        };
        writing.add();
        let reading = WriteGuard::downgrade(writing);
        assert_eq!(reading.get(), 1);
        drop(reading);
        writer.join().unwrap();
        assert_eq!(read(&lock), 2);
        assert!(is_free(&lock));
    });
}
