//! A program and a runtime, by their names.

use std::env;
use std::error::Error;

use withal::async_std::AsyncStdRuntime;
use withal::smol::SmolRuntime;
use withal::tokio::TokioMain;

#[cfg(test)]
mod tests;

/// The runtime that was chosen.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "each program names them all")]
pub enum Chosen {
    /// Tokio, with several threads.
    Tokio(TokioMain),
    /// smol's global executor.
    Smol(SmolRuntime),
    /// async-std.
    AsyncStd(AsyncStdRuntime),
}

impl Chosen {
    fn by_name(name: &str) -> Result<Self, Box<dyn Error>> {
        Ok(match name {
            "tokio" => Self::Tokio(TokioMain::multi_thread()?),
            "smol" => Self::Smol(SmolRuntime::global()),
            "async-std" => Self::AsyncStd(AsyncStdRuntime::new()),
            other => return Err(format!("no runtime {other}: tokio, smol or async-std").into()),
        })
    }
}

/// Starts what the command line names: a program, or all of them in turn, and then the runtime, or
/// Tokio. Each has a runtime of its own, and a title.
///
/// # Errors
///
/// There is no such runtime, or it does not start; or what `start` returns, after which no other
/// program is started. It is `start` that knows whether there is such a program.
pub fn choose(
    names: &[&str],
    start: impl FnMut(Chosen, &str) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let mut args = env::args().skip(1);
    let (program, runtime) = (args.next(), args.next());
    choose_from(names, program.as_deref(), runtime.as_deref(), start)
}

fn choose_from(
    all: &[&str],
    program: Option<&str>,
    runtime: Option<&str>,
    mut start: impl FnMut(Chosen, &str) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let one = program.as_slice();
    for name in if one.is_empty() { all } else { one } {
        println!("{name}:");
        start(Chosen::by_name(runtime.unwrap_or("tokio"))?, name)?;
    }
    Ok(())
}
