//! A generator, and a coroutine that is answered, thrown an error at, and closed.

use core::fmt::Error;
use core::pin::pin;

use withal_core::coroutine::{Interrupt, Step, Yielder};
use withal_core::{coroutine, generator};

use crate::{Pause, next, print};

type Sums<'g> = Yielder<'g, u32, u32, Error>;

/// Adds up what it is given, until it is thrown an error at.
async fn sum(y: Sums<'_>) -> Result<u32, Interrupt<Error>> {
    let mut sum = 0;
    loop {
        match y.yield_(sum).await {
            Ok(number) => sum += number,
            Err(Interrupt::Thrown(Error)) => return Ok(sum),
            Err(closed) => {
                Pause::default().await;
                print("closed\n");
                return Err(closed);
            }
        }
        Pause::default().await;
    }
}

/// What the sums come to, if all goes well.
pub async fn talking() -> Option<u32> {
    let mut numbers = pin!(generator(async |y| {
        y.yield_(1).await;
        Pause::default().await;
        y.delegate(generator(async |y| y.yield_(2).await)).await;
    }));
    let mut sums = pin!(coroutine(async |y: Sums<'_>| {
        let first = y.delegate(coroutine(sum)).await?;
        let second = y.delegate(coroutine(sum)).await?;
        Ok::<_, Interrupt<Error>>(first + second)
    }));
    sums.as_mut().start().await.ok()?;
    while let Some(number) = next(numbers.as_mut()).await {
        sums.as_mut().resume(number).await.ok()?;
    }
    let step = sums.as_mut().throw(Error).await.ok()?;
    print("talked");
    let Step::Yielded(0) = step else {
        return None;
    };
    let Step::Yielded(sum) = sums.as_mut().resume(3).await.ok()? else {
        return None;
    };
    print(" and ");
    matches!(sums.as_mut().close().await, Ok(None)).then_some(sum)
}
