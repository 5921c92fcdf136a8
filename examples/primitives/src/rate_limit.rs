//! At most ten requests at once.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use withal::runtime::Runtime;
use withal::scope::{Lend, scope_fn};
use withal::{timeout, with};

use crate::{Print, Semaphore};

const REQUESTS: usize = 30;
const FOR_EVER: Duration = Duration::from_secs(3600);

/// What came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Served {
    /// How many requests were answered.
    pub answered: usize,
    /// How many took too long.
    pub given_up: usize,
    /// The most connections that were open at the same time.
    pub most_at_once: usize,
    /// The permits that are free at the end.
    pub free: usize,
}

/// Counts what goes on at the same time.
#[derive(Default)]
struct AtOnce {
    now: AtomicUsize,
    most: AtomicUsize,
}

/// One request, over a connection of its own: the scopes nest, and the permit is the outer one.
///
/// The permit owns its share of the semaphore. So it goes back when the connection has been closed,
/// also if the request is cancelled; a borrowed one would go back at once.
async fn request<R: Runtime>(
    rt: &R,
    limit: &Arc<Semaphore<R>>,
    at_once: &Arc<AtOnce>,
    takes: Duration,
    tick: Duration,
) -> bool {
    let requested = with(rt, limit.acquire_owned(), async |_permit| {
        let (own, at_once) = (rt.clone(), Arc::clone(at_once));
        let connection = scope_fn(async move |lend: Lend<()>| {
            let now = at_once.now.fetch_add(1, Ordering::Relaxed) + 1;
            at_once.most.fetch_max(now, Ordering::Relaxed);
            let (_, ended) = lend.lend(()).await;
            own.sleep(tick).await; // Says goodbye.
            at_once.now.fetch_sub(1, Ordering::Relaxed);
            Ok::<_, Infallible>(ended)
        });
        let asked = with(rt, connection, async |_| {
            rt.sleep(takes).await;
            Ok::<_, Infallible>(())
        });
        asked.await
    });
    requested.await.is_ok()
}

/// Sends thirty requests at once. One hangs, and is given up: its permit serves others.
///
/// # Cancel safety
///
/// Dropped, it closes each connection, and then its permit goes back.
pub async fn send<R: Runtime>(rt: &R, limit: &Arc<Semaphore<R>>, tick: Duration) -> Served {
    let at_once: Arc<AtOnce> = Arc::default();
    let requests = (0..REQUESTS).map(|number| {
        let (takes, patience) = if number == 7 {
            (FOR_EVER, 3 * tick)
        } else {
            (tick, FOR_EVER)
        };
        timeout(rt, patience, request(rt, limit, &at_once, takes, tick))
    });
    let ended = join_all(requests).await;
    let count = |result| ended.iter().filter(|ended| ended.ok() == result).count();
    Served {
        answered: count(Some(true)),
        given_up: count(None),
        most_at_once: at_once.most.load(Ordering::Relaxed),
        free: limit.available_permits(),
    }
}

/// [`send`], with ten permits.
///
/// # Cancel safety
///
/// As [`send`].
pub async fn run<R: Runtime>(rt: &R, tick: Duration, print: Print<'_>) -> Served {
    let limit = Arc::new(Semaphore::new(10));
    let served = send(rt, &limit, tick).await;
    print(format_args!(
        "{} answered, {} given up; at most {} at once; {} permits are back",
        served.answered, served.given_up, served.most_at_once, served.free,
    ));
    served
}
