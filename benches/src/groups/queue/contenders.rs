//! What queues do, and those that do it.

mod crossfire;
mod many_consumers;
mod ours;
mod single_consumer;

use std::future::Future;

pub(super) use self::ours::{on_one_thread, try_on_one_thread};
use super::shapes::{self, Shape};
use crate::executor::{Home, Sides};

/// A queue of numbers, by its ends. Errors panic: nothing is ever closed while it is in use.
pub(super) trait Queue: Sized + 'static {
    const NAME: &'static str;
    /// On whose tasks it takes turns, if it is bound to them.
    const BOUND_TO: Option<Home> = None;
    type Sender: Send + 'static;
    type Receiver: Send + 'static;

    /// As many ends as `shape` has senders and receivers; `None`, if it has no such shape.
    fn make(shape: Shape) -> Option<Ends<Self>>;

    fn send(sender: &mut Self::Sender, item: u64) -> impl Future<Output = ()> + Send;
    fn receive(receiver: &mut Self::Receiver) -> impl Future<Output = u64> + Send;
    fn try_send(sender: &mut Self::Sender, item: u64);
    fn try_receive(receiver: &mut Self::Receiver) -> u64;
}

/// The senders and the receivers of one queue.
pub(super) type Ends<Q> = (Vec<<Q as Queue>::Sender>, Vec<<Q as Queue>::Receiver>);

/// What is done with a [`Queue`], without its type. Nothing, where that has no such shape.
#[derive(Clone, Copy)]
pub(super) struct Subject {
    pub(super) name: &'static str,
    pub(super) bound_to: Option<Home>,
    /// Whether it has the shape.
    pub(super) has: fn(Shape) -> bool,
    pub(super) alone: fn(u64),
    pub(super) alone_try: fn(u64),
    pub(super) flow: fn(Shape, u64) -> Sides,
    pub(super) ping_pong: fn(u64) -> Sides,
}

impl Subject {
    const fn of<Q: Queue>() -> Self {
        Self {
            name: Q::NAME,
            bound_to: Q::BOUND_TO,
            has: |shape| Q::make(shape).is_some(),
            alone: shapes::alone::<Q>,
            alone_try: shapes::alone_try::<Q>,
            flow: shapes::flow::<Q>,
            ping_pong: shapes::ping_pong::<Q>,
        }
    }
}

/// Ours first. A case takes those that have its shape, and are bound to its executor or to none.
pub(super) const SUBJECTS: &[Subject] = &[
    Subject::of::<ours::Withal>(),
    Subject::of::<ours::BoundToTokio>(),
    Subject::of::<ours::BoundToSmol>(),
    Subject::of::<ours::WithStdsLock>(),
    Subject::of::<many_consumers::Kanal>(),
    Subject::of::<crossfire::Spsc>(),
    Subject::of::<crossfire::Mpsc>(),
    Subject::of::<crossfire::Mpmc>(),
    Subject::of::<crossfire::UnboundedSpsc>(),
    Subject::of::<crossfire::UnboundedMpsc>(),
    Subject::of::<crossfire::UnboundedMpmc>(),
    Subject::of::<many_consumers::Flume>(),
    Subject::of::<many_consumers::Loole>(),
    Subject::of::<many_consumers::AsyncChannel>(),
    Subject::of::<single_consumer::Tokio>(),
    Subject::of::<single_consumer::TokioUnbounded>(),
    Subject::of::<single_consumer::Tachyonix>(),
    Subject::of::<single_consumer::Thingbuf>(),
    Subject::of::<single_consumer::Futures>(),
    Subject::of::<single_consumer::FuturesUnbounded>(),
];

/// As many handles.
fn clones<T: Clone>(end: T, count: usize) -> Vec<T> {
    vec![end; count]
}
