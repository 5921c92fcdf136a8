//! A manager of pooled objects that does what it is told, and keeps books of them.

use std::collections::BTreeSet;
use std::future::pending;
use std::panic::panic_any;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use withal::pool::{DestroyReason, PoolManager, PoolStatistics};

use crate::Log;
use crate::poll::yields;

/// The objects, and what becomes of them. Clones keep the same books.
///
/// It logs `+1` when the object 1 is made, `?1` when it has been checked, `~1` when it has been reset,
/// and `-1:why` when it has been destroyed.
#[derive(Clone, Debug)]
pub struct Items {
    log: Log,
    books: Arc<Mutex<Books>>,
}

#[derive(Debug, Default)]
struct Books {
    made: u32,
    alive: BTreeSet<u32>,
    /// Dropped without a word to the manager, or kept by somebody.
    unannounced: BTreeSet<u32>,
    create: Does,
    check: Does,
    reset: Does,
    destroy: Does,
    random: Option<fastrand::Rng>,
}

/// What a hook does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Does {
    /// It is ready at once.
    #[default]
    End,
    /// It is ready after so many polls more.
    Yield(usize),
    /// It fails.
    Fail,
    /// It never ends.
    Hang,
    /// It panics.
    Panic,
}

/// A pooled object.
#[derive(Debug)]
pub struct Item {
    /// The first one is 1.
    pub number: u32,
    /// What its manager is to see.
    pub broken: bool,
    books: Arc<Mutex<Books>>,
}

/// A hook failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ItemError(pub &'static str);

impl std::fmt::Display for ItemError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for ItemError {}

impl Items {
    /// All hooks end at once.
    pub fn new(log: &Log) -> Self {
        Self {
            log: log.clone(),
            books: Arc::default(),
        }
    }

    /// Hooks that end, wait, fail, hang or panic at random.
    pub fn random(log: &Log, seed: u64) -> Self {
        let items = Self::new(log);
        items.lock().random = Some(fastrand::Rng::with_seed(seed));
        items
    }

    /// All of them end at once from now on.
    pub fn calm(&self) {
        let mut books = self.lock();
        books.random = None;
        (books.create, books.check) = (Does::End, Does::End);
        (books.reset, books.destroy) = (Does::End, Does::End);
    }

    /// Says what `create` does from now on.
    pub fn create_does(&self, does: Does) -> &Self {
        self.lock().create = does;
        self
    }

    /// Says what `check` does from now on.
    pub fn check_does(&self, does: Does) -> &Self {
        self.lock().check = does;
        self
    }

    /// Says what `reset` does from now on.
    pub fn reset_does(&self, does: Does) -> &Self {
        self.lock().reset = does;
        self
    }

    /// Says what `destroy` does from now on.
    pub fn destroy_does(&self, does: Does) -> &Self {
        self.lock().destroy = does;
        self
    }

    /// How many were made.
    pub fn made(&self) -> u32 {
        self.lock().made
    }

    /// Those that have not been dropped.
    pub fn alive(&self) -> Vec<u32> {
        self.lock().alive.iter().copied().collect()
    }

    /// How many of those that are gone `destroy` was not told of.
    pub fn unannounced(&self) -> u64 {
        self.lock().unannounced.len() as u64
    }

    /// Fails unless the books and the pool's own agree, and nothing is left of a pool that is closed.
    #[track_caller]
    pub fn assert_nothing_left(&self, pool: &PoolStatistics) {
        assert_eq!(self.alive(), [], "still alive: {pool:?}");
        assert_eq!(u64::from(self.made()), pool.created, "{pool:?}");
        let gone = pool.destroyed.total() + pool.detached;
        assert_eq!(pool.created, gone, "{pool:?}");
        let unannounced = pool.destroyed.without_hook + pool.detached;
        assert_eq!(self.unannounced(), unannounced, "{pool:?}");
        assert_eq!(
            (pool.size, pool.leased, pool.waiting),
            (0, 0, 0),
            "{pool:?}"
        );
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn act(&self, hook: &'static str, pick: fn(&Books) -> Does) -> Result<(), ItemError> {
        let does = {
            let mut books = self.lock();
            let told = pick(&books);
            books
                .random
                .as_mut()
                .map_or(told, |random| match random.u8(..16) {
                    0..6 => Does::End,
                    6..12 => Does::Yield(random.usize(1..4)),
                    12..14 => Does::Fail,
                    14 => Does::Hang,
                    _ => Does::Panic,
                })
        };
        match does {
            Does::End => Ok(()),
            Does::Yield(times) => {
                yields(times).await;
                Ok(())
            }
            Does::Fail => Err(ItemError(hook)),
            Does::Hang => pending().await,
            Does::Panic => panic_any(hook),
        }
    }
}

impl PoolManager for Items {
    type Object = Item;
    type Error = ItemError;

    async fn create(&self) -> Result<Item, ItemError> {
        self.act("create", |books| books.create).await?;
        let mut books = self.lock();
        books.made += 1;
        let number = books.made;
        books.alive.insert(number);
        drop(books);
        self.log.push(format_args!("+{number}"));
        Ok(Item {
            number,
            broken: false,
            books: self.books.clone(),
        })
    }

    async fn check(&self, item: &mut Item) -> Result<(), ItemError> {
        self.act("check", |books| books.check).await?;
        self.log.push(format_args!("?{}", item.number));
        Ok(())
    }

    fn is_broken(&self, item: &mut Item) -> bool {
        item.broken
    }

    async fn reset(&self, item: &mut Item) -> Result<(), ItemError> {
        self.act("reset", |books| books.reset).await?;
        self.log.push(format_args!("~{}", item.number));
        Ok(())
    }

    async fn destroy(&self, item: Item, why: DestroyReason<ItemError>) -> Result<(), ItemError> {
        // Whatever comes of it: this is the word.
        self.lock().alive.remove(&item.number);
        self.act("destroy", |books| books.destroy).await?;
        self.log.push(format_args!("-{}:{why:?}", item.number));
        Ok(())
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        if books.alive.remove(&self.number) {
            books.unannounced.insert(self.number);
        }
    }
}

/// [`Items`] that need no reset, no check, and no word when they go.
#[derive(Clone, Debug)]
pub struct PlainItems(pub Items);

impl PoolManager for PlainItems {
    type Object = Item;
    type Error = ItemError;

    fn create(&self) -> impl Future<Output = Result<Item, ItemError>> + Send {
        self.0.create()
    }

    fn is_broken(&self, item: &mut Item) -> bool {
        item.broken
    }
}
