//! Which end of a branch decides for all of them. The others are then cancelled.

use std::future::Future;
use std::pin::Pin;

use super::sealed::{Finish, PollEach, Uniform};
use super::{Run, Slot, TaskError, Tuple2};
use crate::cleanup::Kind;
use crate::join::Outcome;
use crate::race::AllFailed;

/// Says what decides among branches with the output `T`.
pub(super) trait Policy<T> {
    /// Whether a panic goes on, after the others were cancelled. Otherwise it is an end like another.
    const PANICS: bool = true;

    /// Whether a branch that has ended with `value` decides.
    fn decides(value: &T) -> bool;
}

/// [`join`](crate::join()): nothing decides.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Join;

/// [`try_join`](crate::try_join): an error decides.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TryJoin;

/// [`try_join`](crate::try_join), [grouped](super::Together::grouped): as [`TryJoin`].
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TryJoinGrouped;

/// [`join_settled`](crate::join_settled): nothing decides, a panic neither.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct JoinSettled;

/// [`race`](crate::race()): any end decides.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Race;

/// [`race_ok`](crate::race_ok): a success decides.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RaceOk;

/// [`either`](crate::either()): any end decides.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Either;

impl<T> Policy<T> for Join {
    fn decides(_: &T) -> bool {
        false
    }
}

impl<T, E> Policy<Result<T, E>> for TryJoin {
    fn decides(value: &Result<T, E>) -> bool {
        value.is_err()
    }
}

impl<T, E> Policy<Result<T, E>> for TryJoinGrouped {
    fn decides(value: &Result<T, E>) -> bool {
        value.is_err()
    }
}

impl<T> Policy<T> for JoinSettled {
    const PANICS: bool = false;

    fn decides(_: &T) -> bool {
        false
    }
}

impl<T> Policy<T> for Race {
    fn decides(_: &T) -> bool {
        true
    }
}

impl<T> Policy<T> for Either {
    fn decides(_: &T) -> bool {
        true
    }
}

impl<T, E> Policy<Result<T, E>> for RaceOk {
    fn decides(value: &Result<T, E>) -> bool {
        value.is_ok()
    }
}

#[diagnostic::do_not_recommend]
impl<S: Uniform + PollEach<Race>> Finish<Race> for S {
    type Output = S::Item;

    fn finish(self: Pin<&mut Self>, run: &Run) -> S::Item {
        let winner = run.decided().and_then(|index| self.take(index));
        value(winner)
    }
}

#[diagnostic::do_not_recommend]
impl<S, T, E> Finish<RaceOk> for S
where
    S: Uniform<Item = Result<T, E>> + PollEach<RaceOk>,
{
    type Output = Result<T, AllFailed<E>>;

    fn finish(mut self: Pin<&mut Self>, run: &Run) -> Self::Output {
        if let Some(index) = run.decided() {
            if let Ok(winner) = value(self.as_mut().take(index)) {
                return Ok(winner);
            }
        }
        let failures = (0..self.count()).filter_map(|index| self.as_mut().take(index)?.ok()?.err());
        Err(AllFailed::new(failures.collect()))
    }
}

impl<A, B, T, U, K> Finish<Either> for Tuple2<Slot<A, T, K>, Slot<B, U, K>>
where
    A: Future<Output = T>,
    B: Future<Output = U>,
    K: Kind,
{
    type Output = crate::Either<T, U>;

    fn finish(self: Pin<&mut Self>, run: &Run) -> Self::Output {
        let (left, right) = self.slots();
        match run.decided() {
            Some(0) => crate::Either::Left(left.take_value()),
            _ => crate::Either::Right(right.take_value()),
        }
    }
}

/// What a branch that was neither cancelled nor panicked has ended with.
pub(super) fn value<T>(result: Option<Result<T, TaskError>>) -> T {
    match result {
        Some(Ok(value)) => value,
        _ => unreachable!("a branch has ended without its value"),
    }
}

/// The success of a branch, where a failure would have decided.
pub(super) fn success<T, E>(result: Option<Result<Result<T, E>, TaskError>>) -> T {
    match value(result) {
        Ok(success) => success,
        Err(_) => unreachable!("a branch has failed, and that did not decide"),
    }
}

pub(super) fn outcome<T, E>(result: Option<Result<Result<T, E>, TaskError>>) -> Outcome<T, E> {
    match result {
        Some(result) => result.into(),
        None => unreachable!("a branch has ended without an outcome"),
    }
}
