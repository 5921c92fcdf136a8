//! How the pool tells which hooks there are, and what can be spawned of it.

use std::convert::Infallible;

use super::manager::{checks, resets, waits_to_destroy};
use super::{DestroyReason, Lease, Pool, PoolManager, create_with};
use crate::runtime::Runtime;
use crate::with;

struct All;

impl PoolManager for All {
    type Object = u8;
    type Error = Infallible;

    async fn create(&self) -> Result<u8, Infallible> {
        Ok(0)
    }

    async fn check(&self, _: &mut u8) -> Result<(), Infallible> {
        Ok(())
    }

    async fn reset(&self, _: &mut u8) -> Result<(), Infallible> {
        Ok(())
    }

    async fn destroy(&self, _: u8, _: DestroyReason<Infallible>) -> Result<(), Infallible> {
        Ok(())
    }
}

fn hooks<M: PoolManager>(_: &M) -> [bool; 3] {
    [checks::<M>(), resets::<M>(), waits_to_destroy::<M>()]
}

// PL-23
#[test]
fn a_hook_that_is_there_is_seen() {
    assert_eq!(hooks(&All), [true; 3]);
    let none = create_with(async || Ok::<_, Infallible>(String::new()));
    assert_eq!(hooks(&none), [false; 3]);
}

/// Compiles: what a task does with a pool is `Send`, whatever the manager, and bodies borrow.
#[expect(dead_code, reason = "its type is what is tested")]
fn spawns<R: Runtime, M: PoolManager>(rt: &R, pool: Pool<R, M>) {
    fn sent<T: Send>(value: T) -> T {
        value
    }
    let own_rt = rt.clone();
    drop(rt.spawn(sent(async move {
        let text = String::from("borrowed");
        let part = &text[..3];
        let used = with(&own_rt, pool.lease(), async |lease: &mut Lease<R, M>| {
            let exchange = lease.exchange();
            pool.fill(1).await.ok();
            exchange.complete();
            Ok::<_, Infallible>(part.len())
        });
        used.await.ok();
        if let Ok(lease) = pool.take().await {
            lease.release().await;
        }
        pool.resize(1).await;
        pool.retain(|_| part.is_empty()).await;
        pool.close().await;
    })));
}
