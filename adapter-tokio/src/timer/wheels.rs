//! The wheel of each runtime.
//!
//! It lives as long as a sleep, or a [`TokioRuntime`] that has made one, and while the runtime's
//! timer is set for it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::driver::{TokioDriver, Wheel};
use crate::TokioRuntime;

/// By the runtime's number.
static WHEELS: Mutex<BTreeMap<u64, Weak<Wheel>>> = Mutex::new(BTreeMap::new());

thread_local! {
    /// The one that this thread asked for last.
    static LAST: RefCell<(u64, Weak<Wheel>)> = const { RefCell::new((0, Weak::new())) };
}

pub(super) fn of(runtime: &TokioRuntime) -> Arc<Wheel> {
    let number = runtime.id.instance;
    let known = LAST.try_with(|last| {
        let (of, wheel) = &*last.borrow();
        if *of == number { wheel.upgrade() } else { None }
    });
    if let Ok(Some(wheel)) = known {
        return wheel;
    }
    let wheel = listed(number, runtime);
    // A thread that is ending remembers nothing.
    let _ = LAST.try_with(|last| last.replace((number, Arc::downgrade(&wheel))));
    wheel
}

fn listed(number: u64, runtime: &TokioRuntime) -> Arc<Wheel> {
    let mut wheels = WHEELS.lock().unwrap_or_else(PoisonError::into_inner);
    let wheel = wheels.entry(number).or_default();
    wheel.upgrade().unwrap_or_else(|| {
        let new = TokioDriver::new_wheel(runtime.handle.clone(), number);
        *wheel = Arc::downgrade(&new);
        new
    })
}

/// The wheel of this number is gone.
pub(super) fn forget(number: u64) {
    let mut wheels = WHEELS.lock().unwrap_or_else(PoisonError::into_inner);
    // Unless there is another one already.
    if wheels
        .get(&number)
        .is_some_and(|wheel| wheel.strong_count() == 0)
    {
        wheels.remove(&number);
    }
}
