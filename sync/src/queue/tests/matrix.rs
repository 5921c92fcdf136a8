//! Matrix M3: each operation on a queue in each state.

use alloc::format;
use alloc::string::{String, ToString};
use core::future::Future;
use core::task::Poll;

use crate::Queue;
use crate::queue::{TryPopError, TryPushError};
use crate::tests::Task;

#[derive(Clone, Copy, Debug)]
enum State {
    /// Two places, nothing in.
    Empty,
    /// Two places, `a` in.
    Some,
    /// Two places, `a` and `b` in.
    Full,
    /// Closed with `a` in.
    Draining,
    /// Closed with nothing in.
    Closed,
    /// Closed for good with `a` in.
    ClosedNow,
}

#[derive(Clone, Copy, Debug)]
enum Operation {
    Push,
    TryPush,
    Pop,
    TryPop,
    /// One that waits when the state comes about.
    WaitingPop,
    WaitingPush,
    Join,
    TaskDone,
    Close,
    CloseNow,
}

use Operation::*;

// M3.1, M3.2, M3.3, M3.4, M3.5, M3.6, M3.7, M3.8, M3.9, M3.10, Q-3, Q-4, Q-18, Q-19, Q-20, Q-21,
//
const M3: &[(Operation, State, &str)] = &[
    (Push, State::Empty, "in"),
    (Push, State::Some, "in"),
    (Push, State::Full, "waits"),
    (Push, State::Draining, "closed, x back"),
    (Push, State::Closed, "closed, x back"),
    (Push, State::ClosedNow, "closed, x back"),
    (TryPush, State::Empty, "in"),
    (TryPush, State::Some, "in"),
    (TryPush, State::Full, "full, x back"),
    (TryPush, State::Draining, "closed, x back"),
    (TryPush, State::Closed, "closed, x back"),
    (TryPush, State::ClosedNow, "closed, x back"),
    (Pop, State::Empty, "waits"),
    (Pop, State::Some, "a"),
    (Pop, State::Full, "a"),
    (Pop, State::Draining, "a"),
    (Pop, State::Closed, "the end"),
    (Pop, State::ClosedNow, "the end"),
    (TryPop, State::Empty, "empty"),
    (TryPop, State::Some, "a"),
    (TryPop, State::Full, "a"),
    (TryPop, State::Draining, "a"),
    (TryPop, State::Closed, "closed"),
    (TryPop, State::ClosedNow, "closed"),
    (WaitingPop, State::Empty, "waits"),
    (WaitingPop, State::Some, "woken, a"),
    (WaitingPop, State::Closed, "woken, the end"),
    (WaitingPop, State::ClosedNow, "woken, the end"),
    (WaitingPush, State::Some, "woken, in"),
    (WaitingPush, State::Full, "waits"),
    (WaitingPush, State::Draining, "woken, closed, x back"),
    (WaitingPush, State::ClosedNow, "woken, closed, x back"),
    (Join, State::Empty, "joined"),
    (Join, State::Some, "waits for 1"),
    (Join, State::Full, "waits for 2"),
    (Join, State::Draining, "waits for 1"),
    (Join, State::Closed, "joined"),
    (Join, State::ClosedNow, "joined"),
    (TaskDone, State::Empty, "refused at 0"),
    (TaskDone, State::Some, "0 left"),
    (TaskDone, State::Full, "1 left"),
    (TaskDone, State::Draining, "0 left"),
    (TaskDone, State::Closed, "refused at 0"),
    (TaskDone, State::ClosedNow, "refused at 0"),
    (Close, State::Empty, "closed, was open, keeps []"),
    (Close, State::Some, "closed, was open, keeps [a]"),
    (Close, State::Full, "closed, was open, keeps [ab]"),
    (Close, State::Draining, "closed, keeps [a]"),
    (Close, State::Closed, "closed, keeps []"),
    (Close, State::ClosedNow, "closed, keeps []"),
    (CloseNow, State::Empty, "closed, gives []"),
    (CloseNow, State::Some, "closed, gives [a]"),
    (CloseNow, State::Full, "closed, gives [ab]"),
    (CloseNow, State::Draining, "closed, gives [a]"),
    (CloseNow, State::Closed, "closed, gives []"),
    (CloseNow, State::ClosedNow, "closed, gives []"),
];

#[test]
fn each_operation_in_each_state() {
    for (operation, state, expected) in M3 {
        let happens = happens(*operation, *state);
        assert_eq!(happens, *expected, "{operation:?} in {state:?}");
    }
}

fn happens(operation: Operation, state: State) -> String {
    let queue = Queue::bounded(2);
    match operation {
        WaitingPop => {
            let mut pop = Task::waiting(queue.pop());
            match state {
                State::Some => queue.try_push('a').unwrap(),
                State::Closed => drop(queue.close()),
                State::ClosedNow => drop(queue.close_now()),
                _ => {}
            }
            return woken(&mut pop, popped);
        }
        WaitingPush => {
            queue.try_push('a').unwrap();
            queue.try_push('b').unwrap();
            let mut push = Task::waiting(queue.push('x'));
            match state {
                State::Some => drop(queue.try_pop()),
                State::Draining => drop(queue.close()),
                State::ClosedNow => drop(queue.close_now()),
                _ => {}
            }
            return woken(&mut push, |pushed| pushed_or(pushed.map_err(|e| e.item)));
        }
        _ => bring_about(state, &queue),
    }
    match operation {
        Push => match Task::new(queue.push('x')).poll() {
            Poll::Ready(pushed) => pushed_or(pushed.map_err(|refused| refused.item)),
            Poll::Pending => "waits".to_string(),
        },
        TryPush => match queue.try_push('x') {
            Err(TryPushError::Full(item)) => format!("full, {item} back"),
            pushed => pushed_or(pushed.map_err(TryPushError::into_item)),
        },
        Pop => match Task::new(queue.pop()).poll() {
            Poll::Ready(item) => popped(item),
            Poll::Pending => "waits".to_string(),
        },
        TryPop => match queue.try_pop() {
            Ok(item) => item.to_string(),
            Err(TryPopError::Empty) => "empty".to_string(),
            Err(TryPopError::Closed) => "closed".to_string(),
        },
        Join => {
            let mut join = Task::new(queue.join());
            if join.poll().is_ready() {
                return "joined".to_string();
            }
            let left = queue.statistics().unfinished;
            for done in 0..left {
                assert!(!join.woken(), "after {done} of {left}");
                queue.task_done().unwrap();
            }
            join.ready();
            format!("waits for {left}")
        }
        TaskDone => {
            let done = queue.task_done();
            let left = queue.statistics().unfinished;
            match done {
                Ok(()) => format!("{left} left"),
                Err(_) => format!("refused at {left}"),
            }
        }
        Close => {
            let open = if queue.close() { ", was open" } else { "" };
            assert!(queue.is_closed());
            format!("closed{open}, keeps [{}]", rest(&queue))
        }
        CloseNow => {
            let given: String = queue.close_now().into_iter().collect();
            assert!(queue.is_closed() && queue.is_empty());
            assert_eq!(queue.statistics().unfinished, 0);
            format!("closed, gives [{given}]")
        }
        WaitingPop | WaitingPush => unreachable!("they have returned"),
    }
}

fn bring_about(state: State, queue: &Queue<char>) {
    if !matches!(state, State::Empty | State::Closed) {
        queue.try_push('a').unwrap();
    }
    match state {
        State::Empty | State::Some => {}
        State::Full => queue.try_push('b').unwrap(),
        State::Draining | State::Closed => drop(queue.close()),
        State::ClosedNow => drop(queue.close_now()),
    }
}

fn rest(queue: &Queue<char>) -> String {
    core::iter::from_fn(|| queue.try_pop().ok()).collect()
}

fn woken<T: Future>(task: &mut Task<T>, say: impl FnOnce(T::Output) -> String) -> String {
    let woken = task.woken();
    match task.poll() {
        Poll::Ready(output) => {
            assert!(woken, "it is ready and was not woken");
            format!("woken, {}", say(output))
        }
        Poll::Pending => {
            assert!(!woken, "it was woken in vain");
            "waits".to_string()
        }
    }
}

fn popped(item: Option<char>) -> String {
    item.map_or("the end".to_string(), |item| item.to_string())
}

fn pushed_or(pushed: Result<(), char>) -> String {
    match pushed {
        Ok(()) => "in".to_string(),
        Err(item) => format!("closed, {item} back"),
    }
}
