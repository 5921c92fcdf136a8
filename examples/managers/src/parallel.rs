//! Several scopes, entered and exited side by side.

use withal::runtime::Runtime;
use withal::{concurrently, with};

use crate::stand_in::service::Service;
use crate::{Error, Setting};

// Rows S1.23 and S4.11. The older programs gather the raw enters, and lose what is entered when one
// fails; and they gather the exits, told that nothing had gone wrong. Here all that are in are exited,
// whatever happens; each is told why; and every error comes out.
/// Uses services that do not depend on each other. It takes as long as the slowest.
///
/// # Cancel safety
///
/// Dropped, it exits what is entered.
///
/// # Errors
///
/// All that went wrong.
pub async fn use_all<R: Runtime, const N: usize>(
    on: &Setting<R>,
    names: [&str; N],
) -> Result<(), Error> {
    let services = concurrently(names.map(|name| Service::new(on, name)));
    with(&on.rt, services, async |services| {
        let names = services.each_ref().map(|service| service.name());
        on.print(format_args!("using {}", names.join(", ")));
        if names.contains(&"empty") {
            return Err(Error::NotFound("anything in there".to_owned()));
        }
        Ok(())
    })
    .await?;
    Ok(())
}

/// All well; one that does not answer; two that do not let go after a body that failed.
///
/// # Cancel safety
///
/// As [`use_all`].
///
/// # Errors
///
/// None that it does not print.
pub async fn run<R: Runtime>(on: &Setting<R>) -> Result<(), Error> {
    let begun = on.rt.now();
    use_all(on, ["db", "cache", "queue"]).await?;
    let ticks = on.rt.elapsed(begun, on.rt.now()).as_micros() / on.tick.as_micros();
    on.print(format_args!("took {ticks} ticks"));
    for names in [["db", "queue", "nobody"], ["db!", "empty", "queue!"]] {
        if let Err(error) = use_all(on, names).await {
            on.print(format_args!("{error}"));
        }
    }
    Ok(())
}
