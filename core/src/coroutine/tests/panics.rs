use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::{Pin, pin};
use std::rc::Rc;

use super::super::{Coroutine, Interrupt, State, Step, coroutine};
use super::{Bad, End, Gate, drop_after, now};

/// Calls `f`, in which the body has to panic; it is closed then.
fn panics<T, S>(
    mut body: Pin<&mut Coroutine<(), (), Bad, T, S>>,
    f: impl FnOnce(Pin<&mut Coroutine<(), (), Bad, T, S>>),
) {
    let caught = catch_unwind(AssertUnwindSafe(|| f(body.as_mut())));
    assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"oh"));
    assert_eq!(body.state(), State::Closed);
    assert!(matches!(now(body.as_mut().close()), Ok(None)));
}

// AG-8
#[test]
fn a_panic_closes_it_in_every_step() {
    let alive = Rc::new(());
    for at in 0..3 {
        let held = alive.clone();
        let gate = Gate::default();
        let mut body = pin!(coroutine(async |y| {
            let _held = held;
            if at == 0 {
                panic_any("oh");
            }
            let _ = y.yield_(()).await;
            if at == 1 {
                panic_any("oh");
            }
            gate.wait().await;
            panic_any("oh");
            #[expect(unreachable_code, reason = "gives the type")]
            End::Ok(())
        }));
        if at == 0 {
            panics(body.as_mut(), |body| drop(now(body.start())));
        } else {
            assert_eq!(now(body.as_mut().start()).unwrap(), Step::Yielded(()));
        }
        if at == 1 {
            panics(body.as_mut(), |body| drop(now(body.resume(()))));
        }
        if at == 2 {
            drop_after(body.as_mut().throw(Bad(1)), 1);
            gate.open();
            panics(body.as_mut(), |body| drop(now(body.proceed())));
        }
        assert_eq!(Rc::strong_count(&alive), 1, "the body is gone");
    }
}

// AG-8, AG-14
#[test]
fn a_panic_on_the_way_out_goes_on() {
    let mut body = pin!(coroutine(async |y| {
        match y.yield_(()).await {
            Err(Interrupt::Closed(_)) => panic_any("oh"),
            other => other,
        }
    }));
    now(body.as_mut().start()).unwrap();
    panics(body.as_mut(), |body| drop(now(body.close())));
}

// AG-9
#[test]
fn a_panic_of_a_destructor_goes_on() {
    struct Panics;

    impl Drop for Panics {
        fn drop(&mut self) {
            panic_any("oh");
        }
    }

    // Held by the closure, and then by the body in the middle of a step.
    for begun in [false, true] {
        let held = Panics;
        let mut body = pin!(coroutine(async |y| -> End<()> {
            let _held = held;
            std::future::pending::<()>().await;
            y.yield_(()).await
        }));
        if begun {
            drop_after(body.as_mut().start(), 1);
        }
        panics(body.as_mut(), |body| drop(now(body.close())));
    }
}
