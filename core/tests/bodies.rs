//! What can be the body of a scope.

#![cfg(feature = "std")]

mod common;

use std::future::Future;
use std::pin::Pin;

use common::{Numbered, now, send};
use withal_core::runtime::NoExecutor;
use withal_core::scope::Detailed;
use withal_core::{ScopeError, with, with_detailed, with_unseen_error};

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

// A-14, CM-2
#[test]
fn an_async_closure() {
    let rt = NoExecutor::new();
    let value = now(send(with(&rt, Numbered::new(1), async |number| {
        *number += 1;
        Ok::<_, String>(*number)
    })));
    assert_eq!(value, Ok(2));
}

//
#[test]
fn an_async_closure_with_its_types_spelled_out() {
    let rt = NoExecutor::new();
    let value = now(with(
        &rt,
        Numbered::new(1),
        async |number: &mut u32| -> Result<u32, String> {
            let parsed = parse("4").await?;
            Ok(*number + parsed)
        },
    ));
    assert_eq!(value, Ok(5));
}

//
#[test]
fn an_async_function() {
    let rt = NoExecutor::new();
    assert_eq!(now(send(with(&rt, Numbered::new(3), read))), Ok(3));
}

//
#[test]
fn a_function_that_returns_a_boxed_future() {
    let rt = NoExecutor::new();
    assert_eq!(now(send(with(&rt, Numbered::new(3), read_boxed))), Ok(3));
}

//
#[test]
fn a_boxed_closure_called_in_an_async_one() {
    type BoxedBody = Box<dyn for<'a> FnOnce(&'a mut u32) -> BoxFuture<'a, Result<u32, String>>>;
    let rt = NoExecutor::new();
    let body: BoxedBody = Box::new(|number| Box::pin(async move { Ok(*number) }));
    let value = now(with(&rt, Numbered::new(3), async |number| {
        body(number).await
    }));
    assert_eq!(value, Ok(3));
}

//
#[test]
fn a_function_of_more_arguments_called_in_an_async_closure() {
    let rt = NoExecutor::new();
    let value = now(with(&rt, Numbered::new(3), async |number| {
        add(number, 4).await
    }));
    assert_eq!(value, Ok(7));
}

//
#[test]
fn a_method_of_an_object_with_boxed_futures() {
    let rt = NoExecutor::new();
    let adder: Box<dyn Step> = Box::new(Adder(4));
    let value = now(send(with(&rt, Numbered::new(3), async |number| {
        adder.run(number).await
    })));
    assert_eq!(value, Ok(7));
}

// a closure that returns an async block is a body if what it is lent does not get there.
#[test]
fn a_closure_that_copies_what_it_is_lent() {
    async fn length(number: &mut u32) -> Result<u32, String> {
        Ok(*number)
    }
    let rt = NoExecutor::new();
    let value = now(with(&rt, Numbered::new(3), async |number: &mut u32| {
        let number = *number;
        let block = async move { Ok::<_, String>(number) };
        block.await
    }));
    assert_eq!(value, Ok(3));
    assert_eq!(now(with(&rt, Numbered::new(3), length)), Ok(3));
}

// CM-15
#[test]
fn it_borrows_what_surrounds_it() {
    let rt = NoExecutor::new();
    let prefix = String::from("number ");
    let mut lines = Vec::new();
    now(send(with(&rt, Numbered::new(3), async |number| {
        lines.push(format!("{prefix}{number}"));
        Ok::<_, String>(())
    })))
    .unwrap();
    lines.push(prefix);
    assert_eq!(lines, ["number 3", "number "]);
}

// CM-15
#[test]
fn it_moves_what_it_captures() {
    let rt = NoExecutor::new();
    let lines = vec![1, 2];
    let value = now(with(&rt, Numbered::new(3), async move |number| {
        Ok::<_, String>((lines, *number))
    }));
    assert_eq!(value, Ok((vec![1, 2], 3)));
}

// CM-15
#[test]
fn it_returns_what_it_borrowed_elsewhere() {
    let rt = NoExecutor::new();
    let words = [String::from("a"), String::from("b")];
    let word = now(with(&rt, Numbered::new(1), async |number| {
        Ok::<&str, String>(&words[*number as usize])
    }));
    assert_eq!(word.unwrap(), "b");
}

// CM-6, K12
#[test]
fn its_error_can_be_borrowed_where_the_exit_does_not_see_it() {
    let rt = NoExecutor::new();
    let reason = String::from("no");
    let result = now(with_unseen_error(&rt, Numbered::new(1), async |_| {
        Err::<(), &str>(&reason)
    }));
    assert_eq!(result, Err(ScopeError::Body("no")));
}

// K12
#[test]
fn its_error_can_be_local_where_the_exit_does_not_see_it() {
    let rt = NoExecutor::new();
    let error: Box<dyn std::error::Error> = "no".into();
    let result = now(with_unseen_error(&rt, Numbered::new(1), async move |_| {
        Err::<(), _>(error)
    }));
    assert_eq!(result.unwrap_err().into_body().unwrap().to_string(), "no");
}

// CM-6: nothing but `Debug` is asked of a body's error, so those that are no `Error` will do.
#[test]
fn its_error_need_not_be_an_error() {
    #[derive(Debug, PartialEq)]
    struct Plain;
    let rt = NoExecutor::new();
    let result = now(with(&rt, Numbered::new(1), async |_| Err::<(), _>(Plain)));
    assert_eq!(result, Err(ScopeError::Body(Plain)));
}

//
#[test]
fn question_marks_convert_the_error() {
    async fn run(rt: &NoExecutor) -> Result<u32, Box<dyn std::error::Error + Send + Sync>> {
        let value = with(rt, Numbered::new(1), async |number| {
            let parsed: u32 = "40".parse()?;
            Ok::<_, std::num::ParseIntError>(parsed + *number)
        })
        .await?;
        Ok(value + 1)
    }
    assert_eq!(now(send(run(&NoExecutor::new()))).unwrap(), 42);
}

//
#[test]
fn it_returns_early() {
    let rt = NoExecutor::new();
    let value = now(with(&rt, Numbered::new(1), async |number| {
        if *number == 1 {
            return Ok("early");
        }
        parse("x").await?;
        Ok::<_, String>("late")
    }));
    assert_eq!(value, Ok("early"));
}

// K12, CM-15
#[test]
fn its_error_is_a_trait_object_in_a_send_block() {
    type Error = Box<dyn std::error::Error + Send + Sync>;
    let rt = NoExecutor::new();
    let result = now(send(async {
        with(&rt, Numbered::new(1), async |_| {
            Err::<(), Error>("no".into())
        })
        .await
    }));
    assert_eq!(result.unwrap_err().to_string(), "no");
}

// A-7, CM-6
#[test]
fn the_detailed_form_takes_the_same_bodies() {
    let rt = NoExecutor::new();
    let Detailed { body, exit, .. } =
        now(send(with_detailed(&rt, Numbered::new(3), read))).unwrap();
    assert_eq!((body, exit), (Some(Ok(3)), Ok(())));
}

async fn parse(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("{text} is no number"))
}

async fn read(number: &mut u32) -> Result<u32, String> {
    Ok(*number)
}

fn read_boxed(number: &mut u32) -> BoxFuture<'_, Result<u32, String>> {
    Box::pin(async move { Ok(*number) })
}

async fn add(number: &mut u32, more: u32) -> Result<u32, String> {
    *number += more;
    Ok(*number)
}

/// A trait whose methods return boxed futures, as the usual attribute macro writes them.
trait Step: Send + Sync {
    fn run<'life0, 'life1, 'async_trait>(
        &'life0 self,
        number: &'life1 mut u32,
    ) -> Pin<Box<dyn Future<Output = Result<u32, String>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait;
}

struct Adder(u32);

impl Step for Adder {
    fn run<'life0, 'life1, 'async_trait>(
        &'life0 self,
        number: &'life1 mut u32,
    ) -> Pin<Box<dyn Future<Output = Result<u32, String>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        Box::pin(async move {
            let rt = NoExecutor::new();
            let more = with(&rt, Numbered::new(self.0), read)
                .await
                .map_err(|error| error.to_string())?;
            *number += more;
            Ok(*number)
        })
    }
}
