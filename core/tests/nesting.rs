//! Scopes in scopes: sixteen levels compile, run and stay small, optimised or not.

#![cfg(feature = "std")]

mod common;

use std::mem::size_of_val;

use common::{Numbered, Trace, now, send};
use withal_core::runtime::NoExecutor;
use withal_core::with;

/// Scopes nested as deep as there are numbers, each the tail of the one around it.
macro_rules! nested {
    ($rt:ident, $trace:ident, $number:literal) => {
        with(&$rt, Numbered::traced($number, &$trace), async |number| {
            Ok::<u32, String>(*number)
        })
    };
    ($rt:ident, $trace:ident, $number:literal $($inner:literal)+) => {
        with(&$rt, Numbered::traced($number, &$trace), async |_| {
            nested!($rt, $trace, $($inner)+).await.map_err(|error| error.to_string())
        })
    };
}

/// The same, with a `?` and the resource used behind it at every level.
macro_rules! nested_with_question_marks {
    ($rt:ident, $trace:ident, $result:expr, $number:literal) => {
        with(&$rt, Numbered::traced($number, &$trace), async |number| {
            let inner: u32 = $result?;
            Ok::<u32, String>(*number + inner)
        })
    };
    ($rt:ident, $trace:ident, $result:expr, $number:literal $($inner:literal)+) => {
        with(&$rt, Numbered::traced($number, &$trace), async |number| {
            let inner = nested_with_question_marks!($rt, $trace, $result, $($inner)+)
                .await
                .map_err(|error| error.to_string())?;
            Ok::<u32, String>(*number + inner)
        })
    };
}

// CM-15, CM-16, CM-17
#[test]
fn sixteen_levels_exit_inner_before_outer() {
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    let scopes = nested!(rt, trace, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
    assert_eq!(now(send(scopes)), Ok(15));
    assert_eq!(
        trace.take(),
        "+0 +1 +2 +3 +4 +5 +6 +7 +8 +9 +10 +11 +12 +13 +14 +15 \
         -15 -14 -13 -12 -11 -10 -9 -8 -7 -6 -5 -4 -3 -2 -1 -0"
    );
}

// CM-15, CM-17, A-2
#[test]
fn sixteen_levels_with_question_marks() {
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    let scopes = nested_with_question_marks!(
        rt, trace, Ok::<u32, String>(0), 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
    );
    assert_eq!(now(send(scopes)), Ok(120));
    assert!(trace.take().ends_with("-2 -1 -0"));
}

// CM-6, CM-17, A-2
#[test]
fn an_error_leaves_sixteen_levels() {
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    let scopes = nested_with_question_marks!(
        rt, trace, Err::<u32, String>("no".to_owned()), 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
    );
    assert_eq!(now(send(scopes)).unwrap_err().to_string(), "no");
    assert_eq!(
        trace.take(),
        "+0 +1 +2 +3 +4 +5 +6 +7 +8 +9 +10 +11 +12 +13 +14 +15 \
         -15! -14! -13! -12! -11! -10! -9! -8! -7! -6! -5! -4! -3! -2! -1! -0!"
    );
}

/// In bytes, for a level of nesting whose scope holds a number and a reference count. It is there
/// so that growth is noticed; measured, see what the test prints.
const LEVEL: usize = 224;

// CM-15
#[test]
fn a_level_costs_the_same_at_any_depth() {
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    let one = size_of_val(&nested!(rt, trace, 0));
    let two = size_of_val(&nested!(rt, trace, 0 1));
    let eight = size_of_val(&nested!(rt, trace, 0 1 2 3 4 5 6 7));
    let sixteen = size_of_val(&nested!(
        rt, trace, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
    ));
    println!("1 level: {one} bytes, 2: {two}, 8: {eight}, 16: {sixteen}");
    println!("a level: {} bytes", (sixteen - eight) / 8);
    assert!(one <= LEVEL, "{one}");
    assert!(two - one <= LEVEL, "{}", two - one);
    assert_eq!((sixteen - eight) / 8, two - one, "not linear");
}
