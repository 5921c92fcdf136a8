use super::*;

// TG-26
#[test]
fn no_more_children_run_than_the_limit_says() {
    let (now, most) = (Cell::new(0_usize), Cell::new(0_usize));
    let trace = Trace::default();
    let ended = drive(
        single_thread::local_group(async |group| {
            for n in 0..7 {
                let (now, most, trace) = (&now, &most, &trace);
                group.spawn(async move {
                    now.set(now.get() + 1);
                    most.set(most.get().max(now.get()));
                    trace.push(n);
                    yields(n % 3).await;
                    now.set(now.get() - 1);
                    Ok::<_, Failure>(())
                });
            }
            Ok(group.len())
        })
        .limit(2),
    );
    assert_eq!(ended.unwrap(), 7);
    assert_eq!(most.get(), 2);
    trace.assert("0 1 2 3 4 5 6");
}

// TG-26
#[test]
fn a_limit_can_be_changed() {
    let trace = Trace::default();
    let gate = Latch::new();
    let mut group = Task::waiting(
        single_thread::local_group(async |group| {
            for n in 0..4 {
                let (trace, gate) = (&trace, &gate);
                group.spawn(async move {
                    trace.push(n);
                    gate.wait().await;
                    Ok::<_, Failure>(())
                });
            }
            yields(1).await;
            trace.push("raise");
            group.limit(2);
            yields(1).await;
            trace.push("lower");
            group.limit(1);
            gate.wait().await;
            Ok(())
        })
        .limit(0),
    );
    while group.poll().is_pending() {
        if trace
            .0
            .lock()
            .unwrap()
            .last()
            .is_some_and(|last| last == "lower")
        {
            trace.assert("raise 0 1 lower");
            gate.open();
        }
    }
    trace.assert("2 3");
}

// TG-26: a place above the limit is left as well.
#[test]
fn a_child_that_waits_for_its_turn_can_be_cancelled() {
    let trace = Trace::default();
    let ended = drive(
        single_thread::local_group(async |group| {
            let gate = Latch::new();
            let gate = alloc::sync::Arc::new(gate);
            let opened = gate.clone();
            group.spawn(async move {
                opened.wait().await;
                Ok::<_, Failure>(())
            });
            let guard = Guard(&trace, "waiting");
            let waiting = group.spawn(async move {
                drop(guard);
                Ok(())
            });
            let last = group.spawn(async { Ok(3) });
            yields(1).await;
            waiting.cancel();
            assert_eq!(waiting.await, Err(JoinError::Cancelled));
            trace.push("cancelled");
            gate.open();
            Ok(last.await.unwrap())
        })
        .limit(1),
    );
    assert_eq!(ended.unwrap(), 3);
    trace.assert("~waiting cancelled");
}
