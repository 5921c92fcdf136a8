/// Finds a future in the [`FutureSet`](super::FutureSet) that it was pushed into.
///
/// It finds nothing once the future has ended or was removed, whatever was pushed since. In another
/// set it finds nothing, or a stranger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub(super) index: u32,
    /// Odd: those of free places are even.
    pub(super) generation: u32,
}

impl Key {
    /// A number that no other future in the set has at this time, for tables beside the set.
    ///
    /// It is that of a place, which is used again once its future is gone. Futures that are pushed
    /// into a new set have 0, 1, 2, … until the first of them is gone.
    pub fn index(self) -> usize {
        self.index as usize
    }
}
