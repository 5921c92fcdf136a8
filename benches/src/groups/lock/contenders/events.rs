use std::sync::atomic::{AtomicBool, Ordering};

use super::{Event, EventSubject, Home};

/// Ours first. A case takes those that are bound to its executor or to none.
pub(in super::super) const EVENTS: &[EventSubject] = &[
    EventSubject::of::<Withal>(),
    EventSubject::of::<BoundToTokio>(),
    EventSubject::of::<BoundToSmol>(),
    EventSubject::of::<Tokio>(),
    EventSubject::of::<Maitake>(),
    EventSubject::of::<EventListener>(),
];

macro_rules! ours {
    ($event:ident, $name:literal, $bound_to:expr, $type:ty) => {
        struct $event($type);

        impl Event for $event {
            const NAME: &'static str = $name;
            const BOUND_TO: Option<Home> = $bound_to;

            fn new() -> Self {
                Self(<$type>::new())
            }

            fn give(&self) {
                self.0.set();
            }

            async fn take(&self) {
                self.0.wait().await;
                self.0.clear();
            }
        }
    };
}

ours!(Withal, "withal", None, withal_sync::Event);
ours!(
    BoundToTokio,
    "withal (bound)",
    Some(Home::Tokio),
    withal::tokio::Event
);
ours!(
    BoundToSmol,
    "withal (bound)",
    Some(Home::Smol),
    withal::smol::Event
);

struct Tokio(tokio::sync::Notify);

impl Event for Tokio {
    const NAME: &'static str = "tokio Notify";

    fn new() -> Self {
        Self(tokio::sync::Notify::new())
    }

    fn give(&self) {
        self.0.notify_one();
    }

    async fn take(&self) {
        self.0.notified().await;
    }
}

struct Maitake(maitake_sync::WaitQueue);

impl Event for Maitake {
    const NAME: &'static str = "maitake-sync WaitQueue";

    fn new() -> Self {
        Self(maitake_sync::WaitQueue::new())
    }

    fn give(&self) {
        self.0.wake();
    }

    async fn take(&self) {
        self.0.wait().await.expect("it is open");
    }
}

/// It keeps no state, so a flag stands beside it, as its documentation shows.
struct EventListener {
    given: AtomicBool,
    event: event_listener::Event,
}

impl EventListener {
    fn try_take(&self) -> bool {
        self.given.swap(false, Ordering::AcqRel)
    }
}

impl Event for EventListener {
    const NAME: &'static str = "event-listener and a flag";

    fn new() -> Self {
        Self {
            given: AtomicBool::new(false),
            event: event_listener::Event::new(),
        }
    }

    fn give(&self) {
        self.given.store(true, Ordering::Release);
        self.event.notify(1);
    }

    async fn take(&self) {
        while !self.try_take() {
            let listener = self.event.listen();
            if self.try_take() {
                return;
            }
            listener.await;
        }
    }
}
