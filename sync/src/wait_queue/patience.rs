/// How often one that was woken to try its luck is overtaken yet, before it is handed the lock.
///
/// Whoever overtakes spares the switch to another task. A thread that sleeps takes some 20 µs to
/// wake, which is 256 sections of 80 ns; one that the system does not run takes milliseconds, and
/// would be overtaken tens of thousands of times.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience(u16);

impl Patience {
    /// That of one who begins to wait.
    pub(crate) const FULL: Self = Self(256);
    /// That of one who ran, and missed it.
    pub(crate) const SPENT: Self = Self(0);

    /// The lock is given back: whether it is to be handed over now. If not, it may be overtaken.
    pub(crate) fn is_at_end(&mut self) -> bool {
        match self.0.checked_sub(1) {
            Some(rest) => {
                self.0 = rest;
                false
            }
            None => true,
        }
    }
}
