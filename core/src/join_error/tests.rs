use alloc::format;
use alloc::string::ToString as _;
use core::error::Error as _;
use core::num::ParseIntError;

use super::{SpawnError, StartError};

// TG-24
#[test]
fn the_error_of_a_child_that_did_not_start_is_the_source() {
    let error: ParseIntError = "one".parse::<u8>().unwrap_err();
    let text = error.to_string();
    let failed = StartError::Failed(error);
    assert_eq!(failed.source().unwrap().to_string(), text);
    assert!(StartError::<ParseIntError>::NotStarted.source().is_none());
}

// TG-2
#[test]
fn a_refused_future_comes_back_and_need_not_be_printable() {
    let SpawnError(future) = SpawnError(async { 1 });
    let refused = SpawnError(future);
    assert_eq!(format!("{refused:?}"), "SpawnError(..)");
    assert_eq!(refused.to_string(), "the group was closed to new children");
}
