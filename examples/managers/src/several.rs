//! Several scopes, one in the other: nested, as a tuple, and on a stack.

use withal::exit_stack::ExitStack;
use withal::runtime::Runtime;
use withal::with;

use crate::stand_in::service::{Handle, Service};
use crate::{Error, Setting};

/// What is done with all of them.
fn process<R: Runtime>(on: &Setting<R>, services: [&Handle; 3]) -> String {
    let names = services.map(Handle::name).join(", ");
    on.print(format_args!("using {names}"));
    names
}

// Rows S1.22 and S2.6: nested. A scope may be made of what an earlier one has lent.
/// The first, then the second, in which the first is used, then the third.
///
/// # Cancel safety
///
/// Dropped, it exits what is entered, the last one first. So do the others.
///
/// # Errors
///
/// That of a service that does not answer. So it is with the others.
pub async fn nested<R: Runtime>(on: &Setting<R>, names: [&str; 3]) -> Result<String, Error> {
    let [a, b, c] = names;
    let used = with(&on.rt, Service::new(on, a), async |a| {
        let used = with(&on.rt, a.service(on, b), async |b| {
            let used = with(&on.rt, Service::new(on, c), async |c| {
                Ok::<_, Error>(process(on, [&*a, &*b, &*c]))
            });
            Ok::<_, Error>(used.await?)
        });
        Ok::<_, Error>(used.await?)
    });
    Ok(used.await?)
}

// Rows S1.22 and S2.7: a tuple. It is entered from left to right.
/// The same, where none depends on another.
///
/// # Errors
///
/// As [`nested`].
pub async fn tuple<R: Runtime>(on: &Setting<R>, names: [&str; 3]) -> Result<String, Error> {
    let [a, b, c] = names.map(|name| Service::new(on, name));
    let used = with(&on.rt, (a, b, c), async |(a, b, c)| {
        Ok::<_, Error>(process(on, [&*a, &*b, &*c]))
    });
    Ok(used.await?)
}

// Row S1.22: a stack.
/// The same, where the number is known only when it runs.
///
/// # Errors
///
/// As [`nested`].
pub async fn stack<R: Runtime>(on: &Setting<R>, names: [&str; 3]) -> Result<String, Error> {
    let used = <ExitStack<R, Error>>::run(&on.rt, async |stack| {
        let mut entered = Vec::new();
        for name in names {
            entered.push(stack.enter(Service::new(on, name)).await?);
        }
        match &entered[..] {
            [a, b, c] => Ok(process(on, [&**a, &**b, &**c])),
            _ => unreachable!("there are as many as names"),
        }
    });
    Ok(used.await?)
}

/// Each of them; and each again, with a second service that does not answer.
///
/// # Cancel safety
///
/// Dropped, it exits what is entered.
///
/// # Errors
///
/// None that it does not print.
pub async fn run<R: Runtime>(on: &Setting<R>) -> Result<(), Error> {
    for names in [["db", "cache", "queue"], ["db", "nobody", "queue"]] {
        for used in [
            nested(on, names).await,
            tuple(on, names).await,
            stack(on, names).await,
        ] {
            match used {
                Ok(names) => on.print(format_args!("used {names}")),
                Err(error) => on.print(format_args!("{error}")),
            }
        }
    }
    Ok(())
}
