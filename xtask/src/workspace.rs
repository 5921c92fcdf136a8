//! The members of the workspace, and where they are.

use std::env;
use std::path::PathBuf;

/// A member of the workspace.
pub(crate) struct Package {
    pub(crate) name: &'static str,
    /// Where its manifest is, from the root.
    pub(crate) dir: &'static str,
    /// Its features, without `default`: `checks::features_are_listed` compares them.
    pub(crate) features: &'static [&'static str],
    /// Whether it goes to a registry.
    pub(crate) published: bool,
}

/// Every member: `checks::members_are_listed` fails when one is missing.
pub(crate) const PACKAGES: &[Package] = &[
    CORE,
    SYNC,
    Package {
        name: "withal-tokio",
        dir: "adapter-tokio",
        features: &[],
        published: true,
    },
    Package {
        name: "withal-async-std",
        dir: "adapter-async-std",
        features: &[],
        published: true,
    },
    Package {
        name: "withal-smol",
        dir: "adapter-smol",
        features: &[],
        published: true,
    },
    FACADE,
    TESTS,
    Package {
        name: "example-support",
        dir: "examples/support",
        features: &[],
        published: false,
    },
    Package {
        name: "indexer",
        dir: "examples/indexer",
        features: &[],
        published: false,
    },
    Package {
        name: "iteration",
        dir: "examples/iteration",
        features: &[],
        published: false,
    },
    Package {
        name: "managers",
        dir: "examples/managers",
        features: &[],
        published: false,
    },
    Package {
        name: "primitives",
        dir: "examples/primitives",
        features: &[],
        published: false,
    },
    Package {
        name: "structured",
        dir: "examples/structured",
        features: &[],
        published: false,
    },
    BENCHES,
    Package {
        name: "xtask",
        dir: "xtask",
        features: &[],
        published: false,
    },
];

pub(crate) const SYNC: Package = Package {
    name: "withal-sync",
    dir: "sync",
    features: &["alloc", "std"],
    published: true,
};

pub(crate) const CORE: Package = Package {
    name: "withal-core",
    dir: "core",
    features: &["alloc", "std"],
    published: true,
};

pub(crate) const FACADE: Package = Package {
    name: "withal",
    dir: ".",
    features: RUNTIMES,
    published: true,
};

pub(crate) const TESTS: Package = Package {
    name: "withal-tests",
    dir: "tests",
    features: RUNTIMES,
    published: true,
};

pub(crate) const BENCHES: Package = Package {
    name: "withal-benches",
    dir: "benches",
    features: &[],
    published: false,
};

/// The features that bind one runtime each.
pub(crate) const RUNTIMES: &[&str] = &["tokio", "async-std", "smol"];

/// The manifest of the workspace without std.
pub(crate) const NO_STD: &str = "tests/no-std/Cargo.toml";

/// How its programs are chosen, and what they print.
pub(crate) const NO_STD_PROGRAMS: &[(&str, &str)] = &[
    (
        "--bin bare",
        "+a +b +c -c -b -a\nheld waited\nhere there there closed\nfirst second third last\ntalked and closed\nleft and looped again\n",
    ),
    (
        "--bin heap --features alloc",
        "+a +b +c -c -b -a\nheld waited\none two three\nready steady go\nhere there there closed\nfirst second third last\ntalked and closed\nleft and looped again\nclosed, then returned\n",
    ),
];

/// The published members.
pub(crate) fn published() -> impl Iterator<Item = &'static Package> {
    PACKAGES.iter().filter(|package| package.published)
}

/// The workspace's directory.
pub(crate) fn root() -> PathBuf {
    // Set by `cargo run`; the other one serves a program that is started by hand.
    let xtask = env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    xtask.parent().map(PathBuf::from).unwrap_or(xtask)
}
