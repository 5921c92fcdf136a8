//! Loops over generators: one that leaves its stream open, and with an allocator one that closes it.

use core::ops::ControlFlow;
use core::pin::pin;

use withal_core::{for_each_by_ref, generator};

use crate::{Pause, print};

/// Loops twice over one stream, and adds up what it gives.
pub async fn looping() -> u32 {
    let mut numbers = pin!(generator(async |y| {
        for number in 1..=4 {
            y.yield_(number).await;
            Pause::default().await;
        }
    }));
    let mut sum = 0;
    let left = for_each_by_ref(&mut numbers, async |number| {
        Pause::default().await;
        sum += number;
        if number == 2 {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    if left.await.is_break() {
        print("left");
    }
    for_each_by_ref(&mut numbers, async |number| sum += number).await;
    print(" and looped again\n");
    sum
}

/// Leaves a loop while its stream has a scope open, whose exit waits.
#[cfg(feature = "alloc")]
pub async fn closing() -> Option<u32> {
    use core::convert::Infallible;
    use withal_core::runtime::NoExecutor;
    use withal_core::{for_each, scope_fn, with};

    let rt = NoExecutor::new();
    let numbers = generator(async |y| {
        let scope = scope_fn(async |lend: withal_core::scope::Lend<()>| {
            let ((), ended) = lend.lend(()).await;
            Pause::default().await;
            print("closed");
            Ok::<_, Infallible>(ended)
        });
        let scope = with(&rt, scope, async |_: &mut ()| {
            for number in 1.. {
                y.yield_(number).await;
            }
            Ok::<_, Infallible>(())
        });
        let _ended = scope.await;
    });
    let left = for_each(numbers, async |number| {
        Pause::default().await;
        ControlFlow::Break(number)
    });
    let left = left.await;
    print(", then returned\n");
    left.break_value()
}
