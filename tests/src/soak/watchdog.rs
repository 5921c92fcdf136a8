//! Notices when nothing moves any more.

use std::sync::{Arc, Weak, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::reports::playing;

/// Gives up on a script that stands still. Ends when it is dropped.
pub(super) struct Watchdog {
    _end: mpsc::Sender<()>,
}

impl Watchdog {
    pub(super) fn start(patience: Duration) -> Self {
        let (end, ended) = mpsc::channel();
        thread::spawn(move || {
            let mut seen = (Weak::new(), Instant::now());
            while ended.recv_timeout(patience / 10) == Err(mpsc::RecvTimeoutError::Timeout) {
                let Some(stage) = playing() else {
                    continue;
                };
                if !seen.0.ptr_eq(&Arc::downgrade(&stage)) {
                    seen = (Arc::downgrade(&stage), Instant::now());
                } else if seen.1.elapsed() >= patience {
                    stage.give_up();
                }
            }
        });
        Self { _end: end }
    }
}
