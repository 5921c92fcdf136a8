/// How far the branches of a combinator are.
#[derive(Debug, Default)]
pub struct Run {
    ended: usize,
    stopped_by: Option<usize>,
    decided: Option<usize>,
    panicked: Option<usize>,
}

impl Run {
    /// Whether those that have not ended are being cancelled.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped_by.is_some()
    }

    /// The branch that was the first to decide, or to panic.
    pub(super) fn stopped_by(&self) -> Option<usize> {
        self.stopped_by
    }

    /// The branch that was the first to decide, as the policy has it.
    pub(super) fn decided(&self) -> Option<usize> {
        self.decided
    }

    /// The first branch whose panic is to go on.
    pub(super) fn panicked(&self) -> Option<usize> {
        self.panicked
    }

    /// How many branches have ended, their cleanup included.
    pub(super) fn ended(&self) -> usize {
        self.ended
    }

    pub(super) fn end(&mut self) {
        self.ended += 1;
    }

    pub(super) fn decide(&mut self, index: usize) {
        self.decided.get_or_insert(index);
        self.stopped_by.get_or_insert(index);
    }

    pub(super) fn panic(&mut self, index: usize) {
        self.panicked.get_or_insert(index);
        self.stopped_by.get_or_insert(index);
    }
}
