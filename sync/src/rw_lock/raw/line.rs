//! The line of those that wait, and the sections that move it on.

use core::sync::atomic::Ordering;

use super::{Access, READER, Raw, WAITERS, WRITER, Wants, with_reader};
use crate::flavour::Flavour;
use crate::wait_queue::{List, Wakers, until_done};
use crate::word::RawWord;

impl<F: Flavour> Raw<F> {
    /// In a section: takes the lock, or sees to it that the last holder will look for waiters.
    pub(in crate::rw_lock) fn take_or_announce(&self, access: Access) -> bool {
        while !self.try_take(access) {
            let word = self.word.load(Ordering::Relaxed);
            let waits = match access {
                Access::Read => word & (WRITER | WAITERS) != 0 && word != WAITERS,
                Access::Write => word & !WAITERS != 0,
            };
            if waits && self.exchange(word, word | WAITERS).is_ok() {
                return false;
            }
        }
        true
    }

    /// In a section, for one that waits in the list: takes the lock if it happens to be free; or if
    /// others read, and this is the first, so that no writer waits before it.
    pub(in crate::rw_lock) fn take_from_line(
        &self,
        waiters: &List<Wants>,
        access: Access,
        first: bool,
    ) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let free = word & !WAITERS == 0;
            let joins = access == Access::Read && first && word & WRITER == 0;
            if !free && !joins {
                return false;
            }
            let mut taken = match access {
                Access::Read => with_reader(word),
                Access::Write => word | WRITER,
            };
            // This one is about to be unlinked.
            if waiters.len() == 1 {
                taken &= !WAITERS;
            }
            match self.exchange_weak(word, taken) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
    }

    /// Lets in the readers that are first in line, if others are reading.
    #[cold]
    pub(in crate::rw_lock) fn admit_all(&self) {
        until_done(|wakers| self.waiters.with(|waiters| self.admit(waiters, wakers)));
    }

    #[cold]
    pub(in crate::rw_lock) fn release_to_waiters(&self, access: Access) {
        let mut held = true;
        until_done(|wakers| {
            self.waiters.with(|waiters| {
                if core::mem::take(&mut held) {
                    self.release_in_section(waiters, access, wakers)
                } else {
                    self.admit(waiters, wakers)
                }
            })
        });
    }

    /// In a section: gives back, and serves whose turn it is. Whether that were all that the wakers
    /// have room for; if not, `admit_all`.
    pub(in crate::rw_lock) fn release_in_section(
        &self,
        waiters: &mut List<Wants>,
        access: Access,
        wakers: &mut Wakers,
    ) -> bool {
        if access == Access::Read {
            // The last one passes on what all others have released.
            let mut word = self.word.load(Ordering::Acquire);
            // Others are reading, or nobody waits any more.
            while word != READER | WAITERS {
                match self.word.compare_exchange_weak(
                    word,
                    word - READER,
                    Ordering::Release,
                    Ordering::Acquire,
                ) {
                    Ok(_) => return true,
                    Err(now) => word = now,
                }
            }
        }
        self.pass(waiters, wakers)
    }

    /// In a section, by the last holder: hands the lock to the first in line, or frees it and wakes
    /// that one to try its luck.
    fn pass(&self, waiters: &mut List<Wants>, wakers: &mut Wakers) -> bool {
        // Nobody else changes the word while this holder is in (3), so a store will do.
        let first = waiters.front(|first| {
            let hand_over = self.fair || first.patience.is_at_end();
            (first.access, hand_over)
        });
        let Some((access, hand_over)) = first else {
            self.word.store(0, Ordering::Release);
            return true;
        };
        if !hand_over {
            self.word.store(WAITERS, Ordering::Release);
            wakers.push(waiters.rouse());
            return true;
        }
        // Counted in first (5).
        let holder = match access {
            Access::Read => READER,
            Access::Write => WRITER,
        };
        self.word.store(holder | WAITERS, Ordering::Release);
        if let Some(((), waker)) = waiters.serve(|_| ()) {
            wakers.push(waker);
        }
        self.admit(waiters, wakers)
    }

    /// In a section: lets in the readers that are first in line, if others are reading. Whether those
    /// were all that the wakers have room for.
    fn admit(&self, waiters: &mut List<Wants>, wakers: &mut Wakers) -> bool {
        while waiters.front(|wants| wants.access == Access::Read) == Some(true)
            && self.readers() > 0
        {
            if !wakers.has_room() {
                return false;
            }
            // Counted in first (5). Of the others, one at least stays in (3).
            let mut word = self.word.load(Ordering::Relaxed);
            while let Err(now) = self.exchange_weak(word, with_reader(word)) {
                word = now;
            }
            if let Some(((), waker)) = waiters.serve(|_| ()) {
                wakers.push(waker);
            }
        }
        self.note_empty(waiters);
        true
    }

    /// In a section that has unlinked one who was not served: those behind it may go on.
    pub(in crate::rw_lock) fn close_ranks(&self, waiters: &mut List<Wants>, wakers: &mut Wakers) {
        let done = self.admit(waiters, wakers);
        // Free, so the one that left may have been the one that was woken (4).
        if done && self.word.load(Ordering::Relaxed) == WAITERS {
            wakers.push(waiters.rouse());
        }
    }

    /// In a section: takes the flag back if nobody waits any more.
    fn note_empty(&self, waiters: &List<Wants>) {
        if waiters.is_empty() {
            self.word.fetch_and(!WAITERS, Ordering::Relaxed);
        }
    }
}
