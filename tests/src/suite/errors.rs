//! What the errors of a scope say.

use std::error::Error;
use std::time::Duration;

use withal::runtime::Runtime;
use withal::scope::ExitError;
use withal::{ScopeError, with};

use crate::probe::{Failed, ProbeError};
use crate::{Log, Probe};

/// The table of these cases, given to the macro `$make`.
#[doc(hidden)]
#[macro_export]
macro_rules! errors_cases {
    ($make:ident $with:tt $of:tt) => {
        $crate::$make! { $with $of errors:
            each_says_where_it_came_from,
            the_source_leads_to_the_scopes_own_error,
            the_parts_can_be_taken_out,
            the_value_need_not_be_printable,
            it_passes_through_question_mark,
        }
    };
}

type Of<T> = ScopeError<Failed, ProbeError, T>;

async fn of(rt: &impl Runtime, probe: Probe, body: Result<u8, Failed>) -> Of<u8> {
    with(rt, probe, async |_| body).await.unwrap_err()
}

/// One of each that is not a matter of time.
async fn four(rt: &impl Runtime) -> [Of<u8>; 4] {
    let log = Log::new();
    let probe = || Probe::new(&log, "a");
    let refused = Err(Failed("refused"));
    [
        of(rt, probe().enter_fails(), Ok(7)).await,
        of(rt, probe(), refused).await,
        of(rt, probe().exit_fails(), Ok(7)).await,
        of(rt, probe().exit_fails(), refused).await,
    ]
}

// A-7, CM-30
pub async fn each_says_where_it_came_from(rt: &impl Runtime) {
    let texts = four(rt).await.map(|error| error.to_string());
    assert_eq!(
        texts,
        [
            "scope could not be entered",
            "refused",
            "scope was not exited cleanly",
            "refused (and the scope was not exited cleanly)",
        ]
    );
    let overdue = Of::<u8>::Overdue(Duration::from_secs(3));
    assert!(
        overdue.to_string().contains("cleanup budget of 3s"),
        "{overdue}"
    );
    let over = ExitError::<ProbeError>::OverBudget(Duration::from_secs(3));
    assert!(over.to_string().contains("cleanup budget of 3s"), "{over}");
}

/// The causes of an error, outermost first.
fn causes(error: &dyn Error) -> Vec<String> {
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    causes
}

//
pub async fn the_source_leads_to_the_scopes_own_error(rt: &impl Runtime) {
    let [enter, body, exit, both] = four(rt).await.map(|error| causes(&error));
    assert_eq!(enter, ["probe a failed"]);
    assert_eq!(body, Vec::<String>::new());
    assert_eq!(exit, ["exit failed", "probe a failed"]);
    assert_eq!(both, exit);
}

// A-7, CM-7, CM-8
pub async fn the_parts_can_be_taken_out(rt: &impl Runtime) {
    let refused = Failed("refused");
    let failed = ExitError::Failed(ProbeError("a".to_owned()));
    let [enter, body, exit, both] = four(rt).await;
    let parts = |error: &Of<u8>| (error.body().copied(), error.exit().cloned());
    assert_eq!(parts(&enter), (None, None));
    assert_eq!(parts(&body), (Some(refused), None));
    assert_eq!(parts(&exit), (None, Some(failed.clone())));
    assert_eq!(parts(&both), (Some(refused), Some(failed.clone())));

    assert_eq!(body.clone().into_body(), Ok(refused));
    assert_eq!(both.clone().into_body(), Ok(refused));
    assert_eq!(exit.clone().into_value(), Ok(7));
    // What is not there leaves the error whole.
    assert_eq!(exit.clone().into_body(), Err(exit.clone()));
    assert_eq!(both.clone().into_value(), Err(both.clone()));

    let (error, value) = (failed.clone(), ());
    assert_eq!(exit.without_value(), ScopeError::Exit { error, value });
    let (body, exit) = (refused, failed);
    assert_eq!(both.without_value(), ScopeError::Both { body, exit });
}

// A-7, CM-7
pub async fn the_value_need_not_be_printable(rt: &impl Runtime) {
    struct Silent;
    let log = Log::new();
    let scope = Probe::new(&log, "a").exit_fails();
    let ended = with(rt, scope, async |_| Ok::<_, Failed>(Silent)).await;
    let Err(error) = ended else {
        panic!("the exit fails");
    };
    assert!(format!("{error:?}").contains("ProbeError"), "{error:?}");
    let Silent = error.into_value().unwrap();
}

// A-2, CM-30
pub async fn it_passes_through_question_mark(rt: &impl Runtime) {
    type Inner = ScopeError<Failed, ProbeError, u8>;

    async fn boxed(rt: &impl Runtime) -> Result<u8, Box<dyn Error + Send + Sync>> {
        let log = Log::new();
        let value = with(rt, Probe::new(&log, "a"), async |_| {
            let refused = async |_: &mut String| Err::<u8, _>(Failed("refused"));
            let value = with(rt, Probe::new(&log, "b"), refused).await?;
            // The inner scope's error is that of the outer body, with its own type.
            Ok::<_, Inner>(value)
        });
        Ok(value.await?)
    }

    let error = boxed(rt).await.unwrap_err();
    assert_eq!(error.to_string(), "refused");
    let outer = error.downcast_ref::<ScopeError<Inner, ProbeError, u8>>();
    let inner = ScopeError::Body(Failed("refused"));
    assert_eq!(outer, Some(&ScopeError::Body(inner)));
}
