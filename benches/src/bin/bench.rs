//! `bench [GROUP [WORD…]]`: measures, and prints a table for each case.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::slice;
use std::time::Duration;

use clap::Parser;
use withal_benches::groups::GROUPS;
use withal_benches::measure::{self, Effort};
use withal_benches::{Group, report};

/// What withal costs, beside its peers.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench")]
struct Options {
    /// The group to measure; all, if none is named
    #[arg(value_name = "GROUP", value_parser = find)]
    group: Option<Group>,

    /// Only its cases in whose names all these words occur: `queue spsc unbounded`
    #[arg(value_name = "WORD")]
    words: Vec<String>,

    /// Also write the rows to this file, as an array of JSON objects
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// How many rounds, at least 9
    #[arg(long, env = "WITHAL_BENCH_ROUNDS", default_value_t = 51, value_parser = enough)]
    rounds: usize,

    /// How long a sample takes at least, in milliseconds
    #[arg(
        long,
        env = "WITHAL_BENCH_SAMPLE_MS",
        default_value_t = 1,
        value_name = "MS"
    )]
    sample_ms: u64,

    /// Run everything once, to see that it works; the figures mean nothing
    #[arg(long)]
    quick: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    match bench(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bench(options: &Options) -> Result<(), String> {
    // Opened first: a wrong path is worth knowing before the minutes are spent.
    let file = options.json.as_ref().map(|path| {
        let file = File::create(path);
        file.map_err(|error| format!("{}: {error}", path.display()))
    });
    let file = file.transpose()?;
    let effort = if options.quick {
        Effort::QUICK
    } else {
        Effort {
            rounds: options.rounds,
            sample: Duration::from_millis(options.sample_ms),
        }
    };
    let groups = options.group.as_ref().map_or(GROUPS, slice::from_ref);
    let mut rows = Vec::new();
    for group in groups {
        println!("\n== {}: {}", group.name, group.about);
        rows.extend(measure::cases(group, &options.words, effort, |rows| {
            println!("\n{}", report::table(rows).trim_end());
        }));
    }
    if rows.is_empty() {
        return Err(format!("no case is about {}", options.words.join(" and ")));
    }
    if let Some(mut file) = file {
        let json = report::json(&rows).map_err(|error| error.to_string())?;
        file.write_all(json.as_bytes())
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn find(name: &str) -> Result<Group, String> {
    let known = GROUPS.iter().find(|group| group.name == name);
    known.copied().ok_or_else(|| {
        let names: Vec<_> = GROUPS.iter().map(|group| group.name).collect();
        format!("there is no such group; there are: {}", names.join(", "))
    })
}

/// The median of fewer says too little.
fn enough(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(rounds) if rounds >= 9 => Ok(rounds),
        Ok(_) => Err("fewer than 9".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::Options;
    use clap::Parser;

    fn parse(line: &str) -> Result<Options, String> {
        let parsed = Options::try_parse_from(line.split(' '));
        parsed.map_err(|error| error.to_string())
    }

    #[test]
    fn groups_are_known_by_name() {
        let options = parse("bench --json out.json scope").unwrap();
        assert_eq!(options.group.map(|group| group.name), Some("scope"));
        assert!(options.json.is_some() && !options.quick);
    }

    #[test]
    fn the_words_after_a_group_choose_cases() {
        let options = parse("bench queue spsc unbounded").unwrap();
        assert_eq!(options.words, ["spsc", "unbounded"]);
    }

    #[test]
    fn an_unknown_group_is_named_together_with_the_known_ones() {
        let error = parse("bench scoop").unwrap_err();
        assert!(error.contains("'scoop'"), "{error}");
        assert!(error.contains("there are: scope"), "{error}");
    }

    #[test]
    fn too_few_rounds_are_refused() {
        assert!(parse("bench --rounds 8").is_err());
        assert_eq!(parse("bench --rounds 9").unwrap().rounds, 9);
    }
}
