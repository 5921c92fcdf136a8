//! The branches of tuples: a struct for each length, which can be projected.

use std::fmt::Debug;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::Context;

use pin_project_lite::pin_project;

use super::policy::{Join, JoinSettled, Policy, TryJoin, TryJoinGrouped};
use super::sealed::{self, Finish, IntoLocal, PollEach, Set, Uniform};
use super::{Run, Slot, TaskError};
use crate::ErrorGroup;
use crate::cancel::Siblings;
use crate::cleanup::{Kind, ThreadBound};
use crate::join::Outcome;

macro_rules! tuple {
    ($Tuple:ident, $doc:literal: $($F:ident $T:ident $E:ident $slot:ident $index:tt),+) => {
        pin_project! {
            #[doc = $doc]
            #[derive(Debug)]
            #[must_use = "it does nothing unless polled"]
            pub struct $Tuple<$($F),+> {
                $(#[pin] $slot: $F),+
            }
        }

        impl<$($F),+> $Tuple<$($F),+> {
            /// All of them, pinned.
            #[inline]
            pub(super) fn slots(self: Pin<&mut Self>) -> ($(Pin<&mut $F>,)+) {
                let this = self.project();
                ($(this.$slot,)+)
            }
        }

        impl<$($F: Future),+> sealed::Futures for ($($F,)+) {
            type Branches = $Tuple<$(Slot<$F, $F::Output>),+>;

            fn into_branches(
                self,
                name: &'static str,
                location: &'static Location<'static>,
            ) -> Self::Branches {
                $Tuple {
                    $($slot: Slot::new(name, location, self.$index)),+
                }
            }
        }

        impl<K: Kind, $($F, $T),+> Set for $Tuple<$(Slot<$F, $T, K>),+> {
            fn count(&self) -> usize {
                [$($index),+].len()
            }

            fn drop_apart(self: Pin<&mut Self>, siblings: &Siblings) {
                let (slots, mut dropping) = (self.slots(), siblings.dropping());
                $(slots.$index.drop_future(&mut dropping);)+
            }
        }

        impl<P, K, $($F, $T),+> PollEach<P> for $Tuple<$(Slot<$F, $T, K>),+>
        where
            K: Kind,
            $($F: Future<Output = $T>, P: Policy<$T>),+
        {
            #[inline]
            fn poll_each(self: Pin<&mut Self>, cx: &mut Context<'_>, run: &mut Run, limit: usize) {
                let slots = self.slots();
                $(if $index < limit {
                    slots.$index.poll_slot::<P>(cx, run, $index);
                })+
            }

            fn take_panic(self: Pin<&mut Self>, index: usize) -> Option<TaskError> {
                let slots = self.slots();
                match index {
                    $($index => slots.$index.take()?.err(),)+
                    _ => None,
                }
            }
        }

        impl<T, K: Kind, $($F),+> Uniform for $Tuple<$(Slot<$F, T, K>),+> {
            type Item = T;

            fn take(self: Pin<&mut Self>, index: usize) -> Option<Result<T, TaskError>> {
                let slots = self.slots();
                match index {
                    $($index => slots.$index.take(),)+
                    _ => None,
                }
            }
        }

        impl<$($F: Future<Output = $T>, $T),+> IntoLocal for $Tuple<$(Slot<$F, $T>),+> {
            type Local = $Tuple<$(Slot<$F, $T, ThreadBound>),+>;

            fn into_local(self) -> Self::Local {
                $Tuple {
                    $($slot: self.$slot.into_local()),+
                }
            }
        }

        impl<K, $($F, $T),+> Finish<Join> for $Tuple<$(Slot<$F, $T, K>),+>
        where
            K: Kind,
            $($F: Future<Output = $T>),+
        {
            type Output = ($($T,)+);

            fn finish(self: Pin<&mut Self>, _: &Run) -> Self::Output {
                let slots = self.slots();
                ($(slots.$index.take_value(),)+)
            }
        }

        impl<E, K, $($F, $T),+> Finish<TryJoin> for $Tuple<$(Slot<$F, Result<$T, E>, K>),+>
        where
            K: Kind,
            E: Debug,
            $($F: Future<Output = Result<$T, E>>),+
        {
            type Output = Result<($($T,)+), E>;

            fn finish(self: Pin<&mut Self>, run: &Run) -> Self::Output {
                let slots = self.slots();
                if run.decided().is_none() {
                    return Ok(($(slots.$index.take_success(),)+));
                }
                Err(run.first_error([$(slots.$index.take_error()),+].into_iter()))
            }
        }

        impl<E, K, $($F, $T),+> Finish<TryJoinGrouped> for $Tuple<$(Slot<$F, Result<$T, E>, K>),+>
        where
            K: Kind,
            $($F: Future<Output = Result<$T, E>>),+
        {
            type Output = Result<($($T,)+), ErrorGroup<E>>;

            fn finish(self: Pin<&mut Self>, run: &Run) -> Self::Output {
                let slots = self.slots();
                if run.decided().is_none() {
                    return Ok(($(slots.$index.take_success(),)+));
                }
                Err(run.group_errors([$(slots.$index.take_error()),+].into_iter()))
            }
        }

        impl<K, $($F, $T, $E),+> Finish<JoinSettled>
            for $Tuple<$(Slot<$F, Result<$T, $E>, K>),+>
        where
            K: Kind,
            $($F: Future<Output = Result<$T, $E>>),+
        {
            type Output = ($(Outcome<$T, $E>,)+);

            fn finish(self: Pin<&mut Self>, _: &Run) -> Self::Output {
                let slots = self.slots();
                ($(slots.$index.take_outcome(),)+)
            }
        }
    };
}

tuple!(Tuple1, "The branches of one future.": F0 T0 E0 a 0);
tuple!(Tuple2, "The branches of two futures.": F0 T0 E0 a 0, F1 T1 E1 b 1);
tuple!(Tuple3, "The branches of three futures.": F0 T0 E0 a 0, F1 T1 E1 b 1, F2 T2 E2 c 2);
tuple!(Tuple4, "The branches of four futures.": F0 T0 E0 a 0, F1 T1 E1 b 1, F2 T2 E2 c 2, F3 T3 E3 d 3);
tuple!(Tuple5, "The branches of five futures.": F0 T0 E0 a 0, F1 T1 E1 b 1, F2 T2 E2 c 2, F3 T3 E3 d 3, F4 T4 E4 e 4);
tuple!(Tuple6, "The branches of six futures.": F0 T0 E0 a 0, F1 T1 E1 b 1, F2 T2 E2 c 2, F3 T3 E3 d 3, F4 T4 E4 e 4, F5 T5 E5 f 5);
tuple!(Tuple7, "The branches of seven futures.": F0 T0 E0 a 0, F1 T1 E1 b 1, F2 T2 E2 c 2, F3 T3 E3 d 3, F4 T4 E4 e 4, F5 T5 E5 f 5, F6 T6 E6 g 6);
tuple!(Tuple8, "The branches of eight futures.": F0 T0 E0 a 0, F1 T1 E1 b 1, F2 T2 E2 c 2, F3 T3 E3 d 3, F4 T4 E4 e 4, F5 T5 E5 f 5, F6 T6 E6 g 6, F7 T7 E7 h 7);
tuple!(Tuple9, "The branches of nine futures.": F0 T0 E0 a 0, F1 T1 E1 b 1, F2 T2 E2 c 2, F3 T3 E3 d 3, F4 T4 E4 e 4, F5 T5 E5 f 5, F6 T6 E6 g 6, F7 T7 E7 h 7, F8 T8 E8 i 8);
tuple!(Tuple10, "The branches of ten futures.": F0 T0 E0 a 0, F1 T1 E1 b 1, F2 T2 E2 c 2, F3 T3 E3 d 3, F4 T4 E4 e 4, F5 T5 E5 f 5, F6 T6 E6 g 6, F7 T7 E7 h 7, F8 T8 E8 i 8, F9 T9 E9 j 9);
tuple!(Tuple11, "The branches of eleven futures.": F0 T0 E0 a 0, F1 T1 E1 b 1, F2 T2 E2 c 2, F3 T3 E3 d 3, F4 T4 E4 e 4, F5 T5 E5 f 5, F6 T6 E6 g 6, F7 T7 E7 h 7, F8 T8 E8 i 8, F9 T9 E9 j 9, F10 T10 E10 k 10);
tuple!(Tuple12, "The branches of twelve futures.": F0 T0 E0 a 0, F1 T1 E1 b 1, F2 T2 E2 c 2, F3 T3 E3 d 3, F4 T4 E4 e 4, F5 T5 E5 f 5, F6 T6 E6 g 6, F7 T7 E7 h 7, F8 T8 E8 i 8, F9 T9 E9 j 9, F10 T10 E10 k 10, F11 T11 E11 l 11);
