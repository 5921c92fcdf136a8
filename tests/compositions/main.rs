//! Random compositions of the combinators. `WITHAL_COMPOSITIONS` says how many, `WITHAL_SEED` where to
//! begin.

use std::env;
use std::thread;

use withal_tests::compositions::{Compositions, Summary};

/// How many, unless told: a twentieth of what is run before a release.
const SCRIPTS: u64 = 50_000;

fn number(variable: &str) -> Option<u64> {
    let value = env::var(variable).ok()?;
    Some(
        value
            .parse()
            .unwrap_or_else(|_| panic!("{variable} is a number")),
    )
}

// K1, K2, K3, K4, K10, K11, A-3, CM-17, CM-18, TO-3, TO-8, CB-2
#[test]
fn every_composition_keeps_the_laws() {
    let seed = number("WITHAL_SEED").unwrap_or_else(|| fastrand::u64(..));
    let scripts = number("WITHAL_COMPOSITIONS").unwrap_or(SCRIPTS);
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    let share = scripts.div_ceil(threads);
    let runs: Vec<_> = (0..threads)
        .map(|thread| Compositions {
            scripts: share,
            seed: seed.wrapping_add(thread * share),
            broken: false,
        })
        .map(|run| thread::spawn(move || run.run()))
        .collect();
    let mut total = Summary::default();
    for run in runs {
        match run.join().expect("a run catches what its parts panic with") {
            Ok(summary) => {
                total.scripts += summary.scripts;
                total.scopes += summary.scopes;
                total.finished += summary.finished;
            }
            Err(failure) => panic!("{failure}"),
        }
    }
    println!("seed {seed}: {total:?}");
    assert!(total.scripts >= scripts && total.scopes > scripts);
    assert!(total.finished > scripts / 10 && total.finished < total.scripts);
}

// K1
#[test]
fn a_combinator_that_does_not_wait_is_noticed() {
    let broken = Compositions {
        scripts: SCRIPTS,
        seed: 1,
        broken: true,
    };
    let failure = broken.run().expect_err("it does not wait");
    assert!(failure.what.contains("while scope"), "{failure}");
    assert!(failure.parts <= 4, "{failure}");
}
