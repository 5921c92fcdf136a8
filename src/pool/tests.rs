//! How the pool tells which hooks there are.

use std::convert::Infallible;

use super::manager::{checks, resets, waits_to_destroy};
use super::{DestroyReason, PoolManager, create_with};

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
