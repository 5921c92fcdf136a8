//! Random operations on a pool, one after the other, beside a model.

use std::task::Poll;

use withal::Pool;
use withal::pool::PoolError;
use withal_tests::poll::ByHand;
use withal_tests::pooled::Items;
use withal_tests::{Deterministic, Log};

// PL-20, PL-24, PL-29, PL-31, PL-34
#[test]
fn a_pool_does_what_its_model_does() {
    for seed in 0..300 {
        let rt = Deterministic::new();
        rt.block_on(follow_model(&rt, seed));
    }
}

/// The idle ones, the next one last; the leased ones; and how many there may be.
#[derive(Debug, Default)]
struct Model {
    idle: Vec<u32>,
    leased: Vec<u32>,
    max: usize,
    made: u32,
}

async fn follow_model(rt: &Deterministic, seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let items = Items::new(&Log::new());
    let mut model = Model {
        max: random.usize(..4),
        ..Model::default()
    };
    let pool = Pool::builder(rt, items.clone()).max(model.max).build();
    let mut leases = Vec::new();
    for step in 0..random.usize(10..40) {
        let some = (!leases.is_empty()).then(|| random.usize(..leases.len()));
        match (random.u8(..10), some) {
            (0..4, _) => {
                let taken = ByHand::new(pool.take()).poll();
                let expected = if model.leased.len() >= model.max {
                    None
                } else {
                    Some(model.idle.pop().unwrap_or_else(|| {
                        model.made += 1;
                        model.made
                    }))
                };
                let taken = match taken {
                    Poll::Ready(taken) => Some(taken.unwrap()),
                    Poll::Pending => None,
                };
                let number = taken.as_ref().map(|lease| lease.number);
                assert_eq!(number, expected, "seed {seed}, step {step}: {model:?}");
                model.leased.extend(number);
                leases.extend(taken);
            }
            (how @ 4..8, Some(at)) => {
                let mut lease = leases.swap_remove(at);
                let number = model.leased.swap_remove(at);
                let stays = model.leased.len() < model.max && how < 6;
                match how {
                    4 | 5 => lease.release().await,
                    6 => {
                        lease.mark_broken();
                        lease.release().await;
                    }
                    _ => drop(lease.detach()),
                }
                if stays {
                    model.idle.push(number);
                }
            }
            (8, _) => {
                model.max = random.usize(..4);
                let room = model.max.saturating_sub(model.leased.len());
                let gone = model.idle.len().saturating_sub(room);
                model.idle.drain(..gone);
                pool.resize(model.max).await;
            }
            (9, _) => {
                let odd = random.u32(..2);
                pool.retain(|item| item.number % 2 == odd).await;
                model.idle.retain(|number| number % 2 == odd);
            }
            _ => {}
        }
        let now = pool.statistics();
        let expected = (model.idle.len(), model.leased.len(), model.max);
        let is = (now.idle, now.leased, now.max);
        assert_eq!(is, expected, "seed {seed}, step {step}: {now:?}");
        let alive = u64::try_from(now.size).unwrap();
        let gone = now.destroyed.total() + now.detached;
        assert_eq!(now.created, alive + gone, "seed {seed}, step {step}");
    }
    drop(leases);
    assert!(pool.close().await.is_clean());
    assert_eq!(pool.take().await.unwrap_err(), PoolError::Closed);
    items.assert_nothing_left(&pool.statistics());
}
