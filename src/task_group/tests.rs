//! What is seen from inside, and that tasks may hold groups. What groups promise is tested with the
//! kit, on every runtime.

use super::slab::Slab;

#[test]
fn a_number_that_is_free_is_given_out_again() {
    let mut slab = Slab::new();
    let put = |slab: &mut Slab<char>, value| {
        let number = slab.next();
        slab.insert(value);
        number
    };
    assert_eq!([put(&mut slab, 'a'), put(&mut slab, 'b')], [0, 1]);
    assert_eq!(slab.remove(0), Some('a'));
    assert_eq!(
        (slab.remove(0), slab.get(0), slab.get(7)),
        (None, None, None)
    );
    assert_eq!(put(&mut slab, 'c'), 0);
    assert_eq!(put(&mut slab, 'd'), 2);
    assert!(slab.remove(1).is_some() && slab.remove(2).is_some());
    let numbers: Vec<_> = slab.iter_numbered().collect();
    assert_eq!((numbers, slab.len()), (vec![(0, &'c')], 1));
    assert_eq!([put(&mut slab, 'e'), put(&mut slab, 'f')], [2, 1]);
    slab.remove(0);
    let left = slab.iter_numbered().map(|(_, value)| value);
    assert_eq!(left.collect::<String>(), "fe");
    assert!(!slab.is_empty());
}

#[cfg(feature = "tokio")]
mod spawned {
    use std::fmt::Debug;
    use std::future::Future;
    use std::pin::Pin;
    use std::rc::Rc;
    use std::time::Duration;

    use crate::runtime::{Cleanup, Spawn};
    use crate::task_group::{RunTaskGroup, TaskGroup};
    use crate::tokio::{TokioMain, TokioRuntime};
    use crate::{ErrorGroup, Task, TaskHandle, task_group, timeout};

    fn spawned<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> T {
        let main = TokioMain::multi_thread().unwrap();
        let rt = main.runtime();
        main.block_on(async move { rt.spawn(task).await.unwrap() })
    }

    async fn later(word: &str) -> &str {
        ::tokio::task::yield_now().await;
        word
    }

    // TG-14: a body that borrows, in a task.
    #[test]
    fn a_task_runs_a_group_over_what_it_borrows() {
        let length = spawned(async {
            let rt = TokioRuntime::current().unwrap();
            let words = ["with".to_owned(), "all".to_owned()];
            let run = task_group(&rt, async |group| {
                let mut length = 0;
                for word in &words {
                    let word = later(word).await;
                    let count = word.len();
                    let child = group.spawn(async move { Ok::<_, String>(count) });
                    length += child.await.unwrap();
                }
                Ok(length)
            });
            let run = run.limit(2).grace(Duration::from_secs(1));
            let within = timeout(&rt, Duration::from_secs(20), run);
            within.await.unwrap().unwrap()
        });
        assert_eq!(length, 7);
    }

    // TG-13: a group in a child of a group.
    #[test]
    fn a_child_runs_a_group() {
        type Summed = Pin<Box<dyn Future<Output = Result<u32, ErrorGroup<String>>> + Send>>;

        fn sum(rt: TokioRuntime, depth: u32) -> Summed {
            Box::pin(async move {
                let run = task_group(&rt, async |group| {
                    if depth == 0 {
                        return Ok(1);
                    }
                    let deeper = group.spawn_group(sum(rt.clone(), depth - 1));
                    Ok(deeper.await.unwrap() + 1)
                });
                run.await
            })
        }

        let sum = spawned(async {
            let rt = TokioRuntime::current().unwrap();
            sum(rt, 5).await.unwrap()
        });
        assert_eq!(sum, 6);
    }

    // TG-14: a body that stays on its thread.
    #[test]
    fn a_body_may_hold_what_is_not_send() {
        let main = TokioMain::current_thread().unwrap();
        let rt = main.runtime();
        let value = main.block_on(async {
            let shared = Rc::new(7);
            let run = task_group(&rt, async |group| {
                let own = shared.clone();
                let child = group.spawn(async { Ok::<_, String>(1) });
                Ok(*own + child.await.unwrap())
            });
            run.await.unwrap()
        });
        assert_eq!(value, 8);
    }

    /// Generic code can demand it.
    #[expect(
        clippy::manual_async_fn,
        reason = "an `async fn` would not demand `Send`"
    )]
    fn generic<R, E>(rt: R) -> impl Future<Output = usize> + Send
    where
        R: Spawn + Cleanup,
        E: Debug + Send + Sync + 'static,
    {
        async move {
            let run = task_group(&rt, async |group: TaskGroup<R, E>| {
                group.spawn(async { Ok(()) }).await.unwrap();
                Ok(group.len())
            });
            run.await.unwrap_or(7)
        }
    }

    #[test]
    fn generic_code_runs_a_group() {
        let left = spawned(async {
            let rt = TokioRuntime::current().unwrap();
            generic::<_, String>(rt).await
        });
        assert_eq!(left, 0);
    }

    const _: () = {
        const fn shared<T: Send + Sync + Unpin>() {}
        const fn sent<T: Send>() {}
        shared::<TaskGroup<TokioRuntime, std::cell::Cell<u8>>>();
        shared::<TaskHandle<u8>>();
        shared::<Task<std::cell::Cell<u8>>>();
        sent::<RunTaskGroup<TokioRuntime, std::cell::Cell<u8>, *const u8, ()>>();
    };
}
