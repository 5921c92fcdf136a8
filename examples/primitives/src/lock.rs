//! One task at a time, over awaits.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use futures_util::future::try_join3;
use withal::runtime::Runtime;
use withal::{ScopeError, with};

use crate::{Mutex, Print};

/// More was asked for than there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Overdrawn;

impl fmt::Display for Overdrawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is not so much in the account")
    }
}

impl Error for Overdrawn {}

type LockError = ScopeError<Overdrawn, Infallible>;

/// Looks at the balance, asks somebody about it, and changes it: nobody may come in between.
async fn withdraw<R: Runtime>(
    rt: &R,
    account: &Mutex<R, u32>,
    name: &str,
    amount: u32,
    tick: Duration,
    print: Print<'_>,
) -> Result<(), LockError> {
    // `async with lock`. A mutex guard that is held for the rest of a block does the same:
    // `let mut balance = account.lock().await;`
    let withdrawn = with(rt, account.lock(), async |balance| {
        let before = **balance;
        rt.sleep(tick).await;
        **balance = before.checked_sub(amount).ok_or(Overdrawn)?;
        print(format_args!("{name} takes {amount} of {before}"));
        Ok(())
    });
    match withdrawn.await {
        Err(ScopeError::Body(Overdrawn)) => print(format_args!("{name} gets nothing")),
        other => other?,
    }
    Ok(())
}

/// Runs it, and gives what is left in the account.
///
/// # Cancel safety
///
/// Dropped, it releases the lock; a withdrawal has happened as a whole, or not at all.
///
/// # Errors
///
/// Whatever a scope can fail by; a lock cannot.
pub async fn run<R: Runtime>(rt: &R, tick: Duration, print: Print<'_>) -> Result<u32, LockError> {
    // Fair: they come in the order in which they asked, as in asyncio.
    let account = Mutex::fair(100);
    try_join3(
        withdraw(rt, &account, "Ann", 60, tick, print),
        withdraw(rt, &account, "Ben", 60, tick, print),
        withdraw(rt, &account, "Cleo", 30, tick, print),
    )
    .await?;
    let left = account.into_inner();
    print(format_args!("{left} are left"));
    Ok(left)
}
