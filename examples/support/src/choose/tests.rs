use super::{Chosen, choose_from};

/// What is started: the first letter of its runtime, and its name.
fn started(program: Option<&str>, runtime: Option<&str>) -> Result<Vec<String>, String> {
    let mut started = Vec::new();
    let start = |chosen, name: &str| {
        let on = match chosen {
            Chosen::Tokio(_) => "tokio",
            Chosen::Smol(_) => "smol",
            Chosen::AsyncStd(_) => "async-std",
        };
        started.push(format!("{name} on {on}"));
        if name == "three" {
            return Err("no program three".into());
        }
        Ok(())
    };
    choose_from(&["one", "two"], program, runtime, start).map_err(|error| error.to_string())?;
    Ok(started)
}

#[test]
fn all_of_them_are_started_in_turn_on_tokio() {
    let expected = ["one on tokio", "two on tokio"].map(str::to_owned);
    assert_eq!(started(None, None), Ok(expected.to_vec()));
}

#[test]
fn one_of_them_is_started_on_the_runtime_that_is_named() {
    for runtime in ["tokio", "smol", "async-std"] {
        let expected = format!("two on {runtime}");
        assert_eq!(started(Some("two"), Some(runtime)), Ok(vec![expected]));
    }
}

#[test]
fn what_there_is_not_is_an_error() {
    let error = "no runtime none: tokio, smol or async-std".to_owned();
    assert_eq!(started(Some("one"), Some("none")), Err(error));
    let error = "no program three".to_owned();
    assert_eq!(started(Some("three"), None), Err(error));
}
