//! Which groups can be used where: programs as people write them. That they compile is half of the
//! test.

use alloc::boxed::Box;
use core::pin::Pin;
use std::sync::Mutex;
use std::thread;

use super::*;
use crate::group::LocalGroup;

/// As a runtime with several threads does: the future moves to another one.
fn spawn<F: Future<Output: Send> + Send + 'static>(future: F) -> F::Output {
    thread::spawn(|| drive(future)).join().unwrap()
}

// TG-27
#[test]
fn children_borrow_from_the_task_and_the_task_is_spawned() {
    let lengths = spawn(async {
        let text = String::from("a bcd ef");
        let words: Vec<&str> = text.split(' ').collect();
        let longest = Mutex::new("");
        let lengths = local_group(async |group| {
            let mut handles = Vec::new();
            for word in &words {
                let longest = &longest;
                handles.push(group.spawn(async move {
                    yields(1).await;
                    let mut longest = longest.lock().unwrap();
                    if word.len() > longest.len() {
                        *longest = word;
                    }
                    Ok::<_, Failure>(*word)
                }));
            }
            let mut lengths = Vec::new();
            for handle in handles {
                let word: &str = handle.await.unwrap();
                yields(1).await;
                lengths.push(word.len());
            }
            Ok(lengths)
        });
        let lengths = lengths.await.unwrap();
        assert_eq!(longest.into_inner().unwrap(), "bcd");
        lengths
    });
    assert_eq!(lengths, [1, 3, 2]);
}

// TG-27
#[test]
fn a_child_may_have_what_it_borrows_mutably() {
    let sums = spawn(async {
        let mut sums = [0; 3];
        local_group(async |group| {
            for (i, sum) in sums.iter_mut().enumerate() {
                group.spawn(async move {
                    for n in 0..=i {
                        yields(1).await;
                        *sum += n;
                    }
                    Ok::<_, Failure>(())
                });
            }
            Ok(())
        })
        .await
        .unwrap();
        sums
    });
    assert_eq!(sums, [0, 1, 3]);
}

// TG-27, TG-3
#[test]
fn children_with_the_group_in_them_and_errors_that_borrow() {
    let failed = spawn(async {
        let text = String::from("no number");
        let parsed = local_group(async |group| {
            let siblings = group.clone();
            let text = &text;
            group.spawn(async move {
                siblings.spawn(async move {
                    yields(1).await;
                    text.parse::<u8>().map_err(|_| text.as_str())
                });
                Ok(())
            });
            Ok(())
        });
        let error = parsed.await.unwrap_err().single().unwrap();
        String::from(error)
    });
    assert_eq!(failed, "no number");
}

// TG-27, CM-15
#[test]
fn groups_in_children_scopes_and_groups() {
    let sum = spawn(async {
        let rt = NoExecutor::new();
        let base = String::from("1");
        let sum = with(&rt, Held::yielding(1), async |_| {
            let sum = local_group(async |outer| {
                let inner = outer.spawn_group(local_group(async |inner| {
                    let child = inner.spawn(async {
                        yields(1).await;
                        Ok::<_, Failure>(base.len() + 10)
                    });
                    Ok(child.await.unwrap())
                }));
                let more = outer.spawn(async {
                    let rt = NoExecutor::new();
                    let five = with(&rt, Held::yielding(1), async |_| {
                        yields(1).await;
                        Ok::<_, Failure>(base.len() + 4)
                    });
                    Ok(five.await.unwrap())
                });
                Ok(inner.await.unwrap() + more.await.unwrap())
            });
            sum.await.map_err(|_| "failed")
        });
        sum.await.unwrap()
    });
    assert_eq!(sum, 16);
}

// TG-27
#[test]
fn children_that_stay_on_their_thread() {
    let shared = Rc::new(Cell::new(0));
    let ended = drive(single_thread::local_group(async |group| {
        let child = group.spawn({
            let shared = shared.clone();
            async move {
                yields(1).await;
                shared.set(1);
                Ok::<_, Rc<str>>(shared)
            }
        });
        let again = child.await.unwrap();
        again.set(again.get() + 1);
        Ok(Rc::strong_count(&again))
    }));
    assert_eq!((ended.unwrap(), shared.get()), (2, 2));
}

// TG-27
#[test]
fn children_of_unlike_types_in_boxes_and_from_functions() {
    async fn double(n: u32) -> Result<u32, Failure> {
        yields(1).await;
        Ok(n * 2)
    }
    fn spawn_double<'env>(
        group: &LocalGroup<'env, Failure>,
        n: &'env u32,
    ) -> super::super::LocalHandle<u32> {
        group.spawn(async move { double(*n).await })
    }
    fn spawn_any<'env, F>(group: &LocalGroup<'env, Failure>, future: F)
    where
        F: Future<Output = Result<u32, Failure>> + Send + 'env,
    {
        group.spawn(future);
    }
    async fn body(group: LocalGroup<'_, Failure>) -> Result<usize, Failure> {
        spawn_any(&group, double(1));
        Ok(group.len())
    }
    let n = 4;
    let ended = drive(local_group(async |group| {
        let boxed: Pin<Box<dyn Future<Output = Result<u32, Failure>> + Send>> = Box::pin(double(3));
        let sum = group.spawn(double(1)).await.unwrap()
            + group.spawn(boxed).await.unwrap()
            + spawn_double(&group, &n).await.unwrap();
        Ok(sum)
    }));
    assert_eq!(ended.unwrap(), 16);
    assert_eq!(drive(local_group(body)).unwrap(), 1);
}

// TG-27, CM-15: what moves between threads, and what does not.
#[test]
fn groups_are_send_when_their_parts_are() {
    fn send<T: Send>(value: T) -> T {
        value
    }
    fn sync<T: Sync>(_: &T) {}
    let future = send(local_group(async |group| {
        sync(&group);
        let handle = send(group.spawn(async { Ok::<_, Failure>(Cell::new(1)) }));
        Ok(handle.await.unwrap())
    }));
    assert_eq!(drive(future).unwrap().get(), 1);
}
