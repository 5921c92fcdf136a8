//! Cancelling tokens: a chain of them, and siblings; made, cancelled at the root, looked at and dropped.

use tokio_util::sync::CancellationToken;
use withal::CancelToken;

use super::cancelled::{NESTED, SIBLINGS};
use crate::{Bar, Case, Contender};

pub(super) fn cases() -> [Case; 2] {
    [
        Case::new("a chain of 1,000 tokens, cancelled")
            .with(ours(NESTED, || chain(CancelToken::new(), |it| it.child())))
            .with(peer(NESTED, || {
                chain(CancellationToken::new(), |it| it.child_token())
            })),
        Case::new("10,000 sibling tokens, cancelled")
            .with(ours(SIBLINGS, || {
                siblings(CancelToken::new(), |it| it.child())
            }))
            .with(peer(SIBLINGS, || {
                siblings(CancellationToken::new(), |it| it.child_token())
            })),
    ]
}

fn ours(parts: u32, tokens: fn() -> Vec<CancelToken>) -> Contender {
    let run = move || {
        let tokens = tokens();
        tokens[0].cancel();
        assert!(tokens.iter().all(CancelToken::is_cancelled));
    };
    let contender = Contender::new("withal", run).each_of(parts.into());
    contender.bar(Bar::Fastest(1.1))
}

fn peer(parts: u32, tokens: fn() -> Vec<CancellationToken>) -> Contender {
    let run = move || {
        let tokens = tokens();
        tokens[0].cancel();
        assert!(tokens.iter().all(CancellationToken::is_cancelled));
    };
    Contender::new("tokio-util (CancellationToken)", run).each_of(parts.into())
}

fn chain<T>(root: T, child: fn(&T) -> T) -> Vec<T> {
    let mut tokens = vec![root];
    for level in 1..NESTED as usize {
        tokens.push(child(&tokens[level - 1]));
    }
    tokens
}

fn siblings<T>(root: T, child: fn(&T) -> T) -> Vec<T> {
    let mut tokens = vec![root];
    for _ in 1..SIBLINGS {
        tokens.push(child(&tokens[0]));
    }
    tokens
}
