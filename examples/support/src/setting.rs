//! What a program runs on, and where it prints.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use withal::runtime::Runtime;

/// What a program runs on: a runtime, how long things take there, and where it prints.
///
/// Scopes own what they use, so that they can be exited whatever becomes of their caller: each has
/// a clone of this.
#[derive(Clone)]
pub struct Setting<R> {
    /// The runtime.
    pub rt: R,
    /// How long it takes to connect, to ask, to say goodbye.
    pub tick: Duration,
    print: Arc<dyn Fn(fmt::Arguments<'_>) + Send + Sync>,
}

impl<R: Runtime> Setting<R> {
    /// A setting.
    pub fn new(
        rt: &R,
        tick: Duration,
        print: impl Fn(fmt::Arguments<'_>) + Send + Sync + 'static,
    ) -> Self {
        Self {
            rt: rt.clone(),
            tick,
            print: Arc::new(print),
        }
    }

    /// As asyncio's programs have it: a tick is what they sleep for, and lines go to standard output.
    pub fn usual(rt: &R) -> Self {
        Self::new(rt, Duration::from_millis(100), |line| println!("{line}"))
    }

    /// Waits for one tick.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it drops the timer.
    pub async fn tick(&self) {
        self.rt.sleep(self.tick).await;
    }

    /// Prints a line.
    pub fn print(&self, line: fmt::Arguments<'_>) {
        (self.print)(line);
    }
}

impl<R: fmt::Debug> fmt::Debug for Setting<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setting")
            .field("rt", &self.rt)
            .field("tick", &self.tick)
            .finish_non_exhaustive()
    }
}
