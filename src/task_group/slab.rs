//! Values by number; a number that is free is given out again.

pub(super) struct Slab<T> {
    entries: Vec<Entry<T>>,
    /// The first free entry, or the one behind the last.
    free: usize,
    len: usize,
}

enum Entry<T> {
    Full(T),
    /// The free entry after this one.
    Free(usize),
}

impl<T> Slab<T> {
    pub(super) const fn new() -> Self {
        Self {
            entries: Vec::new(),
            free: 0,
            len: 0,
        }
    }

    /// The number of the next value.
    pub(super) fn next(&self) -> usize {
        self.free
    }

    /// Puts `value` at the [next](Self::next) number.
    pub(super) fn insert(&mut self, value: T) {
        self.len += 1;
        match self.entries.get_mut(self.free) {
            Some(entry) => {
                if let Entry::Free(next) = *entry {
                    self.free = next;
                }
                *entry = Entry::Full(value);
            }
            None => {
                self.entries.push(Entry::Full(value));
                self.free = self.entries.len();
            }
        }
    }

    pub(super) fn remove(&mut self, number: usize) -> Option<T> {
        let entry = self.entries.get_mut(number)?;
        let Entry::Full(_) = entry else {
            return None;
        };
        let removed = std::mem::replace(entry, Entry::Free(self.free));
        self.free = number;
        self.len -= 1;
        match removed {
            Entry::Full(value) => Some(value),
            Entry::Free(_) => None,
        }
    }

    pub(super) fn get(&self, number: usize) -> Option<&T> {
        match self.entries.get(number)? {
            Entry::Full(value) => Some(value),
            Entry::Free(_) => None,
        }
    }

    pub(super) fn iter_numbered(&self) -> impl Iterator<Item = (usize, &T)> {
        let entries = self.entries.iter().enumerate();
        entries.filter_map(|(number, entry)| match entry {
            Entry::Full(value) => Some((number, value)),
            Entry::Free(_) => None,
        })
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }
}
