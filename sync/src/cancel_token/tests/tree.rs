//! Who follows whom, in trees of every shape.

use alloc::vec;
use alloc::vec::Vec;
use std::thread;

use crate::cancel_token::{CancelKind, CancelToken};
use crate::tests::{Die, Task};

// CS-2
#[test]
fn cancelling_reaches_all_below_and_nobody_else() {
    // Parents by number, each before its children.
    let parents = [0, 0, 0, 1, 1, 3, 3, 2, 5];
    let below = |mut n: usize, ancestor| loop {
        if n == ancestor {
            return true;
        }
        if n == 0 {
            return false;
        }
        n = parents[n];
    };
    for cancelled in 0..parents.len() {
        let mut tokens = vec![CancelToken::new()];
        for parent in &parents[1..] {
            tokens.push(tokens[*parent].child());
        }
        assert!(tokens[cancelled].cancel());
        for (n, token) in tokens.iter().enumerate().rev() {
            let reached = below(n, cancelled);
            assert_eq!(token.is_cancelled(), reached, "{n} under {cancelled}");
            assert_eq!(token.child().is_cancelled(), reached);
            assert_eq!(token.cancel(), !reached);
        }
    }
}

// CS-2
#[test]
fn children_of_one_that_is_dropped_follow_its_parent() {
    for drops_root in [false, true] {
        let root = CancelToken::new();
        let (first, middle, last) = (root.child(), root.child(), root.child());
        let below = [middle.child(), middle.child()];
        let deep = below[1].child();
        drop(middle);
        let reached = [&first, &below[0], &below[1], &deep, &last];
        if drops_root {
            drop(root);
            // There is nobody above them: each is alone.
            assert!(below[1].cancel() && deep.is_cancelled());
            assert!(!first.is_cancelled() && !below[0].is_cancelled());
            assert!(below[0].cancel() && first.cancel() && last.cancel());
        } else {
            assert!(root.cancel());
        }
        assert!(reached.iter().all(|token| token.is_cancelled()));
    }
}

// CS-2
#[test]
fn children_that_come_and_go_leave_nothing_behind() {
    let root = CancelToken::new();
    let stays = root.child();
    for round in 0..200_000 {
        let child = root.child();
        let below = child.child();
        if round % 2 == 0 {
            drop(child);
        }
        if round % 3 == 0 {
            below.cancel();
        }
    }
    assert_eq!(root.node.len_below(), 1);
    // The root itself, and for `stays`.
    assert_eq!(alloc::sync::Arc::strong_count(&root.node), 2);
    root.cancel();
    assert!(stays.is_cancelled());
    assert_eq!(root.node.len_below(), 0);
}

const MANY: usize = 100_000;

// CS-2
#[test]
fn a_deep_tree_is_cancelled_and_dropped_without_recursion() {
    for waits_at in [0, MANY / 2, MANY - 1] {
        let mut chain = vec![CancelToken::new()];
        for n in 1..MANY {
            chain.push(chain[n - 1].child());
        }
        let mut waits = Task::waiting(chain[waits_at].cancelled_owned());
        chain[0].cancel_with(CancelKind::Shutdown);
        waits.ready();
        let last = &chain[MANY - 1];
        assert_eq!(last.reason().unwrap().kind(), CancelKind::Shutdown);
    }
    // With nobody in between, whichever end goes first.
    let root = CancelToken::new();
    let mut last = root.child();
    for _ in 0..MANY {
        last = last.child();
    }
    root.cancel();
    assert!(last.is_cancelled());
}

// CS-2
#[test]
fn a_wide_tree_is_cancelled_and_wakes_each_once() {
    let root = CancelToken::new();
    let tokens: Vec<_> = (0..MANY).map(|_| root.child()).collect();
    let mut waits: Vec<_> = tokens
        .iter()
        .step_by(100)
        .map(|token| Task::waiting(token.cancelled()))
        .collect();
    root.cancel();
    assert!(tokens.iter().all(CancelToken::is_cancelled));
    for wait in &mut waits {
        assert_eq!(wait.wakes(), 1);
        wait.ready();
    }
}

// CS-2: a tree grows, shrinks and is cancelled at random, held against a list.
#[test]
fn random_trees_agree_with_a_list_of_ancestors() {
    for seed in 1..200 {
        let mut die = Die(seed);
        // Each with its ancestors that may cancel it, by number.
        let mut tokens = vec![(CancelToken::new(), vec![0], false)];
        for n in 1..60 {
            let at = die.throw(u32::try_from(tokens.len()).unwrap()) as usize;
            match die.throw(5) {
                0 if tokens.len() > 1 => drop(tokens.swap_remove(at)),
                1 => {
                    let (token, path, _) = &tokens[at];
                    let number = path[path.len() - 1];
                    assert_eq!(token.cancel(), !tokens[at].2, "seed {seed}");
                    for (_, path, cancelled) in &mut tokens {
                        *cancelled |= path.contains(&number);
                    }
                }
                _ => {
                    let (parent, path, cancelled) = &tokens[at];
                    let mut path = path.clone();
                    path.push(n);
                    let child = (parent.child(), path, *cancelled);
                    tokens.push(child);
                }
            }
            for (token, path, cancelled) in &tokens {
                assert_eq!(token.is_cancelled(), *cancelled, "seed {seed}: {path:?}");
            }
        }
    }
}

// CS-2, A-9
#[test]
fn on_many_threads_nobody_is_missed() {
    for _ in 0..50 {
        let root = CancelToken::new();
        let middle = root.child();
        let work = |parent: &CancelToken| {
            let mut last = parent.clone();
            for n in 0.. {
                let child = last.child();
                let mut wait = Task::new(child.cancelled_owned());
                if wait.poll().is_ready() {
                    return assert!(child.is_cancelled());
                }
                // Branches and chains, some of whose links are gone.
                last = if n % 5 == 0 { parent.clone() } else { child };
                if n == 100 {
                    last.cancel();
                }
            }
        };
        thread::scope(|threads| {
            threads.spawn(|| work(&root));
            threads.spawn(|| work(&middle));
            threads.spawn(|| middle.cancel());
            threads.spawn(|| {
                root.cancel();
                assert!(middle.is_cancelled() && middle.child().is_cancelled());
            });
        });
        assert_eq!((root.node.len_below(), middle.node.len_below()), (0, 0));
    }
}
