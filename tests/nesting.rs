//! Scopes, timeouts and races in one another: programs of ordinary shape compile, are `Send`, and
//! run, optimised or not.
//!
//! How deep a future may nest is the compiler's limit, and every layer counts against it. Scopes
//! alone reach sixteen levels (measured: 18); scopes that each sit in a timeout reach twelve, and
//! any number where one of the layers is boxed. Past the limit it says "queries overflow the depth
//! limit".

use std::pin::{Pin, pin};
use std::time::Duration;

use withal::{Either, either, timeout, with};
use withal_tests::poll::drive;
use withal_tests::{Deterministic, Log, Probe};

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

const SECOND: Duration = Duration::from_secs(1);

/// Scopes as deep as there are names, each with a `?` behind it and a use of its resource.
macro_rules! scopes {
    ($rt:ident, $log:ident, $end:expr,) => {
        $end?
    };
    ($rt:ident, $log:ident, $end:expr, $name:literal $($inner:literal)*) => {
        with(&$rt, Probe::new(&$log, $name), async |name| {
            let inner: usize = scopes!($rt, $log, $end, $($inner)*);
            Ok::<usize, String>(inner + name.len())
        })
        .await
        .map_err(|error| error.to_string())?
    };
}

/// The same, each in a timeout of its own.
macro_rules! timed {
    ($rt:ident, $log:ident, $end:expr,) => {
        $end?
    };
    ($rt:ident, $log:ident, $end:expr, $name:literal $($inner:literal)*) => {
        timeout(&$rt, SECOND, with(&$rt, Probe::new(&$log, $name), async |name| {
            let inner: usize = timed!($rt, $log, $end, $($inner)*);
            Ok::<usize, String>(inner + name.len())
        }))
        .await
        .map_err(|error| error.to_string())?
        .map_err(|error| error.to_string())?
    };
}

/// The same, each scope boxed in its timeout.
macro_rules! boxed {
    ($rt:ident, $log:ident, $end:expr,) => {
        $end?
    };
    ($rt:ident, $log:ident, $end:expr, $name:literal $($inner:literal)*) => {
        timeout(&$rt, SECOND, boxed(with(&$rt, Probe::new(&$log, $name), async |name| {
            let inner: usize = boxed!($rt, $log, $end, $($inner)*);
            Ok::<usize, String>(inner + name.len())
        })))
        .await
        .map_err(|error| error.to_string())?
        .map_err(|error| error.to_string())?
    };
}

/// The same, with a timeout, a race or neither in turn.
macro_rules! mixed {
    ($rt:ident, $log:ident, $end:expr,) => {
        $end?
    };
    ($rt:ident, $log:ident, $end:expr, $a:literal $b:literal $c:literal $d:literal $($inner:literal)*) => {
        with(&$rt, Probe::new(&$log, $a), async |a| {
            let inner = timeout(&$rt, SECOND, with(&$rt, Probe::new(&$log, $b), async |b| {
                let inner = either(
                    with(&$rt, Probe::new(&$log, $c), async |c| {
                        let inner: usize = with(&$rt, Probe::new(&$log, $d), async |d| {
                            let inner: usize = mixed!($rt, $log, $end, $($inner)*);
                            Ok::<usize, String>(inner + d.len())
                        })
                        .await
                        .map_err(|error| error.to_string())?;
                        Ok::<usize, String>(inner + c.len())
                    }),
                    std::future::pending::<String>(),
                );
                match inner.await {
                    Either::Left(inner) => {
                        let inner = inner.map_err(|error| error.to_string())?;
                        Ok::<usize, String>(inner + b.len())
                    }
                    Either::Right(error) => Err(error),
                }
            }));
            let inner = inner
                .await
                .map_err(|error| error.to_string())?
                .map_err(|error| error.to_string())?;
            Ok::<usize, String>(inner + a.len())
        })
        .await
        .map_err(|error| error.to_string())?
    };
}

/// Runs what a macro above makes, in a future that has to be `Send`.
macro_rules! run {
    ($scopes:ident, $log:ident, $end:expr, $($name:literal)*) => {{
        let rt = Deterministic::new();
        let program = async {
            let length = $scopes!(rt, $log, $end, $($name)*);
            Ok::<usize, String>(length)
        };
        drive(pin!(send(program)), 100).expect("it ends")
    }};
}

// CM-15, CM-17
#[test]
fn sixteen_scopes() {
    let log = Log::new();
    let end = run!(
        scopes, log, Ok::<usize, String>(0),
        "0" "1" "2" "3" "4" "5" "6" "7" "8" "9" "10" "11" "12" "13" "14" "15"
    );
    assert_eq!(end, Ok(22));
    log.assert(&nested(16));
}

// CM-6, CM-17, A-2
#[test]
fn an_error_leaves_sixteen_scopes() {
    let log = Log::new();
    let end = run!(
        scopes, log, Err::<usize, String>("no".to_owned()),
        "0" "1" "2" "3" "4" "5" "6" "7" "8" "9" "10" "11" "12" "13" "14" "15"
    );
    assert_eq!(end, Err("no".to_owned()));
    log.assert(&nested(16));
}

// CM-15, CM-17, K1
#[test]
fn twelve_scopes_in_twelve_timeouts() {
    let log = Log::new();
    let end = run!(
        timed, log, Ok::<usize, String>(0),
        "0" "1" "2" "3" "4" "5" "6" "7" "8" "9" "10" "11"
    );
    assert_eq!(end, Ok(14));
    log.assert(&nested(12));
}

// CM-15, CM-17, K1
#[test]
fn twenty_boxed_scopes_in_twenty_timeouts() {
    let log = Log::new();
    let end = run!(
        boxed, log, Ok::<usize, String>(0),
        "0" "1" "2" "3" "4" "5" "6" "7" "8" "9" "10" "11" "12" "13" "14" "15" "16" "17" "18" "19"
    );
    assert_eq!(end, Ok(30));
    log.assert(&nested(20));
}

// CM-15, CM-17, K1
#[test]
fn twelve_scopes_in_timeouts_and_races() {
    let log = Log::new();
    let end = run!(
        mixed, log, Ok::<usize, String>(0),
        "0" "1" "2" "3" "4" "5" "6" "7" "8" "9" "10" "11"
    );
    assert_eq!(end, Ok(14));
    log.assert(&nested(12));
}

// CM-17, K1, K2
#[test]
fn a_timeout_around_sixteen_scopes_expires() {
    let log = Log::new();
    let rt = Deterministic::new();
    let inner = async {
        let length = scopes!(
            rt, log, std::future::pending::<Result<usize, String>>().await,
            "0" "1" "2" "3" "4" "5" "6" "7" "8" "9" "10" "11" "12" "13" "14" "15"
        );
        Ok::<usize, String>(length)
    };
    let mut program = pin!(send(timeout(&rt, SECOND, inner)));
    assert!(drive(program.as_mut(), 1).is_none());
    assert_eq!(log.count("+"), 16);
    assert_eq!(log.count("-"), 0);
    rt.advance(SECOND);
    let elapsed = drive(program, 100).expect("it ends");
    assert!(elapsed.is_err());
    log.assert(&nested(16));
}

/// A scope in a type of its own, whatever it nests.
fn boxed<'a, T>(scope: impl Future<Output = T> + Send + 'a) -> BoxFuture<'a, T> {
    Box::pin(scope)
}

/// The trace of `depth` scopes, inner before outer.
fn nested(depth: usize) -> String {
    let entered = (0..depth).map(|name| format!("+{name}"));
    let exited = (0..depth).rev().map(|name| format!("-{name}"));
    entered.chain(exited).collect::<Vec<_>>().join(" ")
}

fn send<T: Send>(value: T) -> T {
    value
}
