//! Tuples, arrays and vectors of scopes, beside scopes nested by hand.

#![cfg(feature = "std")]

mod common;

use std::convert::Infallible;
use std::rc::Rc;

use common::{Numbered, Trace, drive, now, send, yield_now};
use withal_core::error_group::Phase;
use withal_core::runtime::NoExecutor;
use withal_core::scope::{AnyError, Concurrently, concurrently};
use withal_core::{
    Abandon, ErrorGroup, ExitReason, HandOver, Local, LocalScope, Scope, ScopeError, with,
};

fn numbered(trace: &Trace, number: u32) -> Numbered {
    Numbered::traced(number, trace)
}

// CM-10, CM-15, CM-16
#[test]
fn a_tuple_is_entered_left_to_right_and_exited_right_to_left() {
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    let scopes = (
        numbered(&trace, 1),
        numbered(&trace, 2),
        numbered(&trace, 3),
    );
    let sum = with(&rt, scopes, async |(a, b, c)| {
        *a += 10;
        Ok::<_, Infallible>(*a + *b + *c)
    });
    assert_eq!(now(send(sum)).unwrap(), 16);
    assert_eq!(trace.take(), "+1 +2 +3 -3 -2 -1");
}

// CM-10
#[test]
fn so_are_arrays_and_vectors() {
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    let scopes = [1, 2, 3].map(|number| numbered(&trace, number));
    let sum = with(&rt, scopes, async |numbers| {
        Ok::<_, Infallible>(numbers.iter().sum::<u32>())
    });
    assert_eq!(now(send(sum)).unwrap(), 6);
    assert_eq!(trace.take(), "+1 +2 +3 -3 -2 -1");
    let scopes: Vec<_> = (1..4).map(|number| numbered(&trace, number)).collect();
    let sum = with(&rt, scopes, async |numbers| {
        Ok::<_, Infallible>(numbers.iter().sum::<u32>())
    });
    assert_eq!(now(send(sum)).unwrap(), 6);
    assert_eq!(trace.take(), "+1 +2 +3 -3 -2 -1");
}

// CM-10
#[test]
fn none_at_all_is_a_scope_as_well() {
    let rt = NoExecutor::new();
    let none: [Numbered; 0] = [];
    let ended = with(&rt, none, async |_| Ok::<_, Infallible>(1));
    assert_eq!(now(ended).unwrap(), 1);
    let none = concurrently(Vec::<Numbered>::new());
    let ended = with(&rt, none, async |none| Ok::<_, Infallible>(none.len()));
    assert_eq!(now(ended).unwrap(), 0);
}

// CM-15: eight in a tuple, inside of eight nested scopes; nothing but the default limits.
#[test]
fn a_tuple_of_eight_inside_of_eight_nested_scopes_compiles() {
    macro_rules! nested {
        ($rt:ident, $trace:ident;) => {{
            let n = |number| numbered(&$trace, number);
            let scopes = (n(11), n(12), n(13), n(14), n(15), n(16), n(17), n(18));
            let local = String::from("local");
            let local = local.as_str();
            with(&$rt, scopes, async |(a, _, _, _, _, _, _, h)| {
                yield_now().await;
                Ok::<u32, String>(*a + *h + u32::try_from(local.len()).unwrap_or_default())
            })
            .await
        }};
        ($rt:ident, $trace:ident; $number:literal $($inner:literal)*) => {
            with(&$rt, numbered(&$trace, $number), async |_| {
                nested!($rt, $trace; $($inner)*).map_err(|error| error.to_string())
            })
            .await
        };
    }
    let (rt, trace) = (NoExecutor::new(), Trace::default());
    let scopes = async { nested!(rt, trace; 1 2 3 4 5 6 7 8) };
    assert_eq!(drive(send(scopes)).unwrap(), 34);
    assert_eq!(
        trace.take(),
        "+1 +2 +3 +4 +5 +6 +7 +8 +11 +12 +13 +14 +15 +16 +17 +18 \
         -18 -17 -16 -15 -14 -13 -12 -11 -8 -7 -6 -5 -4 -3 -2 -1"
    );
}

/// A scope that borrows.
struct Borrowing<'a>(&'a str);

impl<'a> Scope for Borrowing<'a> {
    type Resource = &'a str;
    type Error = Infallible;
    type OnDrop = Abandon;

    async fn enter(&mut self) -> Result<&'a str, Infallible> {
        yield_now().await;
        Ok(self.0)
    }

    async fn exit(self, _: &'a str, _: ExitReason<'_>) -> Result<(), Infallible> {
        yield_now().await;
        Ok(())
    }
}

// CM-15: scopes and a body that borrow, in a future that is `Send`.
#[test]
fn a_body_that_borrows_can_be_sent() {
    async fn lengths(rt: &NoExecutor, text: &str) -> usize {
        let local = String::from("local");
        let scopes = (Borrowing(text), Borrowing(&local));
        let nested = with(rt, scopes, async |(text, local)| {
            let kept: &str = text;
            yield_now().await;
            let scopes = concurrently([Borrowing(kept), Borrowing(local)]);
            let lengths = with(rt, scopes, async |texts| {
                yield_now().await;
                Ok::<_, Infallible>(texts[0].len() + texts[1].len())
            });
            lengths.await.map_err(|error| error.to_string())
        });
        nested.await.unwrap()
    }
    fn spawned<F: Future<Output = usize> + Send + 'static>(future: F) -> usize {
        std::thread::spawn(move || drive(future)).join().unwrap()
    }
    let length = spawned(async {
        let (rt, text) = (NoExecutor::new(), String::from("text"));
        lengths(&rt, &text).await
    });
    assert_eq!(length, 9);
}

/// A scope of one thread.
struct Counted(Rc<()>);

impl LocalScope for Counted {
    type Resource = Rc<()>;
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Rc<()>, Infallible> {
        Ok(self.0.clone())
    }

    async fn exit(self, _: Rc<()>, _: ExitReason<'_>) -> Result<(), Infallible> {
        Ok(())
    }
}

// CM-10
#[test]
fn scopes_of_one_thread_make_a_tuple() {
    let (rt, users) = (NoExecutor::new(), Rc::new(()));
    let scopes = (Local(Counted(users.clone())), Local(Counted(users.clone())));
    let inside = with(&rt, scopes, async |(a, _)| {
        Ok::<_, Infallible>(Rc::strong_count(a))
    });
    assert_eq!(now(inside).unwrap(), 5);
    let scopes = concurrently([Local(Counted(users.clone())), Local(Counted(users.clone()))]);
    let inside = with(&rt, scopes, async |all| {
        Ok::<_, Infallible>(Rc::strong_count(&all[0]))
    });
    assert_eq!(now(inside).unwrap(), 5);
    assert_eq!(Rc::strong_count(&users), 1);
}

/// A scope that fails where it says so, with a text.
struct Failing(&'static str);

impl Scope for Failing {
    type Resource = ();
    type Error = &'static str;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), &'static str> {
        match self.0 {
            "enter" => Err("cannot enter"),
            _ => Ok(()),
        }
    }

    async fn exit(self, (): (), _: ExitReason<'_>) -> Result<(), &'static str> {
        match self.0 {
            "exit" => Err("cannot exit"),
            _ => Ok(()),
        }
    }
}

/// A scope with another error.
struct Parsing;

impl Scope for Parsing {
    type Resource = ();
    type Error = std::num::ParseIntError;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), std::num::ParseIntError> {
        Ok(())
    }

    async fn exit(self, (): (), _: ExitReason<'_>) -> Result<(), std::num::ParseIntError> {
        "x".parse::<u32>().map(|_| ())
    }
}

fn phases<E>(errors: &ErrorGroup<E>) -> Vec<(&str, Phase)> {
    let leaves = errors.leaves();
    leaves
        .map(|(path, _)| (path.steps()[0].origin, ()))
        .map(|(origin, ())| (origin.name().unwrap_or("?"), origin.phase()))
        .collect()
}

// CM-11, CM-13, A-7
#[test]
fn each_error_has_its_type_and_its_origin() {
    let rt = NoExecutor::new();
    let scopes = (Parsing, Failing("exit"), Failing("enter"));
    let line = line!() + 1;
    let ended = now(with(&rt, scopes, async |_| Ok::<_, Infallible>(())));
    let Err(ScopeError::Enter(errors)) = &ended else {
        panic!("it was entered: {ended:?}")
    };
    let failing = "several::Failing";
    let expected = [
        ("several::Parsing", Phase::Exit),
        (failing, Phase::Exit),
        (failing, Phase::Enter),
    ];
    assert_eq!(phases(errors), expected);
    for (path, _) in errors.leaves() {
        let location = path.origin().location();
        assert_eq!((location.file(), location.line()), (file!(), line));
    }
    // It is an error like any other.
    let boxed: Box<dyn std::error::Error + Send + Sync> = Box::new(ended.unwrap_err());
    let source = boxed.source().unwrap().source().unwrap();
    assert!(source.is::<AnyError>(), "{source}");
    assert_eq!(source.to_string(), "invalid digit found in string");
}

// CM-10, A-7
#[test]
fn an_error_of_a_nested_tuple_is_in_a_nested_group() {
    let rt = NoExecutor::new();
    let scopes = ((Failing("exit"), Failing("")), [Parsing, Parsing]);
    let ended = now(with(&rt, scopes, async |_| Ok::<_, Infallible>(7))).unwrap_err();
    let Some(withal_core::scope::ExitError::Failed(errors)) = ended.exit() else {
        panic!("it was exited cleanly: {ended:?}")
    };
    assert!(errors.entries()[0].node.as_group().is_some());
    let second = errors.entries()[1].node.as_leaf().unwrap();
    let second = second.to_string();
    assert!(second.contains("exit of `several::Parsing[1]`"), "{second}");
    assert_eq!(ended.into_value().unwrap(), 7);
}

// the type of what is made has a name.
#[test]
fn concurrent_scopes_can_be_a_field() {
    struct Service {
        scopes: Concurrently<(Failing, Parsing)>,
    }
    let service = Service {
        scopes: concurrently((Failing(""), Parsing))
            .exits_in_order()
            .enters_in_order(),
    };
    let shown = format!("{:?}", service.scopes);
    assert!(shown.contains("exits_in_order: true"), "{shown}");
    let ended = now(with(&NoExecutor::new(), service.scopes, async |_| {
        Ok::<_, Infallible>(())
    }));
    assert!(ended.is_err());
}
