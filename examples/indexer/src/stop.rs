//! What ends a run before its time: Ctrl-C, and the time limit. Both *ask* first: what is in work is
//! finished. What takes longer than the grace for that is cancelled, and so is everything when Ctrl-C
//! is pressed once more.

use std::time::Duration;

use withal::runtime::Runtime;
use withal::{CancelScope, CancelToken, RunOptions, cancel_scope};

/// How long the cleanup of what was cancelled may take, before the program ends without.
const BUDGET: Duration = Duration::from_secs(10);

/// How long a run may take.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "a program's own type")]
pub struct Limits {
    /// After this time it is asked to end.
    pub time: Option<Duration>,
    /// So long after it was asked, it is cancelled.
    pub grace: Duration,
}

/// How a run ended.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a program's own type: every case is to be handled"
)]
pub enum Ending<T> {
    /// Of its own accord.
    Finished(T),
    /// It was asked to.
    Stopped {
        /// By whom.
        by: Stop,
        /// What it came to. `None`: it was cancelled, as it took too long or Ctrl-C was pressed again.
        output: Option<T>,
    },
}

/// Who ends a run before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "as above")]
pub enum Stop {
    /// Ctrl-C.
    Interrupt,
    /// The time limit.
    TimeLimit,
}

impl<T> Ending<T> {
    /// That of a run which Ctrl-C, pressed twice, has forced.
    pub const FORCED: Self = Self::Stopped {
        by: Stop::Interrupt,
        output: None,
    };

    /// What the run came to, if it did.
    pub fn output(&self) -> Option<&T> {
        match self {
            Self::Finished(output) => Some(output),
            Self::Stopped { output, .. } => output.as_ref(),
        }
    }

    /// With another output.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Ending<U> {
        match self {
            Self::Finished(output) => Ending::Finished(change(output)),
            Self::Stopped { by, output } => Ending::Stopped {
                by,
                output: output.map(change),
            },
        }
    }
}

/// Runs `work`, and asks it to end, by the token that it is given, when `interrupt` is pressed or its
/// time is over. If it does not within the grace, it is cancelled; this returns once every scope in it
/// has been exited.
///
/// The second press is for [`Interrupt::options`].
pub async fn until_stopped<R: Runtime, T>(
    rt: &R,
    limits: Limits,
    interrupt: &Interrupt,
    work: impl AsyncFnOnce(CancelToken) -> T,
) -> Ending<T> {
    let mut scope = cancel_scope(rt, async move |scope: CancelScope<R>| {
        work(scope.token().clone()).await
    })
    .parent(&interrupt.asked)
    .grace(limits.grace)
    .budget(BUDGET);
    if let Some(limit) = limits.time {
        scope = scope.timeout(limit);
    }
    let end = scope.await;
    let by = if end.elapsed() {
        Stop::TimeLimit
    } else {
        Stop::Interrupt
    };
    match (end.cancel_called(), end.ok()) {
        (false, Some(output)) => Ending::Finished(output),
        (_, output) => Ending::Stopped { by, output },
    }
}

/// Ctrl-C: the first press asks, the second forces.
#[derive(Clone, Debug, Default)]
pub struct Interrupt {
    asked: CancelToken,
    forced: CancelToken,
}

/// Which press it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "as above")]
pub enum Press {
    /// Runs are asked to end.
    Asks,
    /// Runs are cancelled where they are.
    Forces,
    /// There is no more that the program could do.
    Further,
}

impl Interrupt {
    /// Takes over Ctrl-C for this process, and tells each press, on a thread of its own.
    ///
    /// # Errors
    ///
    /// If the system refuses, or somebody has taken it over before.
    pub fn install(pressed: impl Fn(Press) + Send + 'static) -> Result<Self, ctrlc::Error> {
        let interrupt = Self::new();
        let key = interrupt.clone();
        ctrlc::set_handler(move || pressed(key.press()))?;
        Ok(interrupt)
    }

    /// One that no key is tied to.
    pub fn new() -> Self {
        Self::default()
    }

    /// Does what the key does.
    pub fn press(&self) -> Press {
        if self.asked.cancel_with("Ctrl-C") {
            Press::Asks
        } else if self.forced.cancel_with("Ctrl-C, again") {
            Press::Forces
        } else {
            Press::Further
        }
    }

    /// Whether it was pressed.
    pub fn is_pressed(&self) -> bool {
        self.asked.is_cancelled()
    }

    /// To run a program with that the second press forces to its end.
    pub fn options(&self) -> RunOptions {
        RunOptions::new().force(&self.forced).budget(BUDGET)
    }
}
