//! Scopes in scopes: 1, 4 and 16 deep.

use std::future::Future;
use std::hint::black_box;

use async_dropper_simple::AsyncDropper;
use tokio::runtime::Runtime;
use withal::with;

use super::work::{
    BoxedScope, Dropped, Failed, Permit, RT, Session, acquire, number, release, work,
};
use crate::now::now;
use crate::{Bar, Case, Contender};

/// The three depths of what `$level` nests by calling itself.
macro_rules! depths {
    ($level:ident) => {
        /// One level.
        pub(crate) async fn one() -> Result<u64, Failed> {
            $level!(1)
        }

        /// Four levels.
        pub(crate) async fn four() -> Result<u64, Failed> {
            $level!(1 2 3 4)
        }

        /// Sixteen levels.
        pub(crate) async fn sixteen() -> Result<u64, Failed> {
            $level!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)
        }
    };
}

macro_rules! with_permit {
    () => { Ok::<_, Failed>(0) };
    ($level:literal $($inner:literal)*) => {
        with(&RT, Permit($level), async |resource| {
            let inner = with_permit!($($inner)*)?;
            Ok::<_, Failed>(work(resource) + inner)
        })
        .await
        .map_err(|_| Failed)
    };
}

macro_rules! with_session {
    () => { Ok::<_, Failed>(0) };
    ($level:literal $($inner:literal)*) => {
        with(&RT, Session($level), async |resource| {
            let inner = with_session!($($inner)*)?;
            Ok::<_, Failed>(work(resource) + inner)
        })
        .await
        .map_err(|_| Failed)
    };
}

/// As lean as it can be: no panic is caught, and a drop exits nothing.
macro_rules! by_hand {
    () => { Ok::<_, Failed>(0) };
    ($level:literal $($inner:literal)*) => {
        async {
            let mut resource = acquire($level).await?;
            let inner = by_hand!($($inner)*);
            let result = inner.map(|inner| work(&mut resource) + inner);
            release(resource, result.is_ok()).await?;
            result
        }
        .await
    };
}

macro_rules! guarded {
    () => { Ok::<_, Failed>(0) };
    ($level:literal $($inner:literal)*) => {
        async {
            let resource = black_box($level);
            let mut resource = scopeguard::guard(resource, |resource| {
                black_box(resource);
            });
            let inner = guarded!($($inner)*)?;
            Ok::<_, Failed>(work(&mut resource) + inner)
        }
        .await
    };
}

macro_rules! boxed {
    () => { Ok::<_, Failed>(0) };
    ($level:literal $($inner:literal)*) => {
        async {
            let mut scope = Permit($level);
            let mut resource = BoxedScope::enter(&mut scope).await?;
            let inner = boxed!($($inner)*);
            let result = inner.map(|inner| work(&mut resource) + inner);
            BoxedScope::exit(&mut scope, resource, result.is_ok()).await?;
            result
        }
        .await
    };
}

macro_rules! dropper {
    () => { Ok::<_, Failed>(0) };
    ($level:literal $($inner:literal)*) => {
        async {
            let mut resource = AsyncDropper::new(Dropped(black_box($level)));
            let inner = dropper!($($inner)*)?;
            Ok::<_, Failed>(work(&mut resource.inner_mut().0) + inner)
        }
        .await
    };
}

/// `with` and a scope whose exit is declared synchronous.
pub(crate) mod synchronous {
    use super::*;
    depths!(with_permit);
}

/// `with` and a scope whose exit may wait.
pub(crate) mod may_wait {
    use super::*;
    depths!(with_session);
}

pub(super) mod by_hand {
    use super::*;
    depths!(by_hand);
}

pub(super) mod guarded {
    use super::*;
    depths!(guarded);
}

mod boxed {
    use super::*;
    depths!(boxed);
}

mod dropper {
    use super::*;
    depths!(dropper);
}

pub(super) fn cases() -> Vec<Case> {
    macro_rules! synchronous {
        ($levels:literal, $depth:ident $(, $more:expr)?) => {
            Case::new(format!("synchronous exit, depth {}", $levels))
                .with(
                    contender("withal", synchronous::$depth)
                        .bar(Bar::Times(4.6, "hand-written"))
                        .bar(Bar::Allocations(0.0))
                        $(.bar($more))?,
                )
                .with(contender("hand-written", by_hand::$depth))
                .with(contender("scopeguard", guarded::$depth))
                .with(contender("boxed (async-trait)", boxed::$depth))
        };
    }
    macro_rules! may_wait {
        ($levels:literal, $depth:ident $(, $more:expr)?) => {
            Case::new(format!("exit that may wait, depth {}", $levels))
                .with(
                    contender("withal", may_wait::$depth)
                        .bar(Bar::Allocations($levels.into()))
                        $(.bar($more))?,
                )
                .with(contender("hand-written", by_hand::$depth))
                .with(contender("boxed (async-trait)", boxed::$depth))
                .with(on_tokio(dropper::$depth))
                .with(boxes($levels))
        };
    }
    vec![
        synchronous!(1, one),
        synchronous!(4, four),
        synchronous!(
            16,
            sixteen,
            linear(
                &synchronous::one(),
                &synchronous::four(),
                &synchronous::sixteen()
            )
        ),
        may_wait!(1, one),
        may_wait!(4, four),
        may_wait!(
            16,
            sixteen,
            linear(&may_wait::one(), &may_wait::four(), &may_wait::sixteen())
        ),
    ]
}

/// Whether each level adds the same to the future's size.
fn linear(one: &impl Future, four: &impl Future, sixteen: &impl Future) -> Bar {
    let (one, four, sixteen) = (size_of_val(one), size_of_val(four), size_of_val(sixteen));
    let (low, high) = ((four - one) / 3, (sixteen - four) / 12);
    let bar = format!("{high} bytes a level, as many as at depth 4 ({low})");
    Bar::Known(bar, 4 * (four - one) == sixteen - four)
}

/// What so many exits cost in memory, if each is boxed.
fn boxes(levels: u64) -> Contender {
    let name = match levels {
        1 => "limit: a box of 64 bytes".to_owned(),
        _ => format!("limit: {levels} boxes of 64 bytes, one after the other"),
    };
    Contender::batch(name, move |times| {
        (0..times * levels).for_each(|_| drop(black_box(Box::new([0_u64; 8]))));
    })
}

/// Polled by hand, once; its future's size is of interest.
fn contender<F>(name: &str, make: impl Fn() -> F + 'static) -> Contender
where
    F: Future<Output = Result<u64, Failed>>,
{
    let bytes = size_of_val(&make());
    Contender::new(name, move || number(now(make()))).bytes(bytes)
}

/// It blocks the thread that drops, which takes a multi-threaded Tokio.
fn on_tokio<F>(make: impl Fn() -> F + 'static) -> Contender
where
    F: Future<Output = Result<u64, Failed>>,
{
    let tokio = Runtime::new().expect("a runtime starts");
    let bytes = size_of_val(&make());
    Contender::batch("async-dropper-simple (Tokio multi-thread)", move |times| {
        tokio.block_on(async {
            for _ in 0..times {
                black_box(number(make().await));
            }
        });
    })
    .bytes(bytes)
}
