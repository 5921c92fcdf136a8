//! Deliberate mistakes, each on one short line at its place: would a test notice? Built in only by
//! `cargo xtask mutants`, which also says what each is and who has to catch it.

/// Whether this run makes the mistake of that name.
#[cfg(not(all(mutants, feature = "std")))]
#[inline(always)]
pub(crate) const fn mutant(_name: &str) -> bool {
    false
}

/// Whether this run makes the mistake of that name: the one in `WITHAL_MUTANT`.
#[cfg(all(mutants, feature = "std"))]
pub(crate) fn mutant(name: &str) -> bool {
    static CHOSEN: std::sync::OnceLock<Option<std::string::String>> = std::sync::OnceLock::new();
    let chosen = CHOSEN.get_or_init(|| std::env::var("WITHAL_MUTANT").ok());
    chosen.as_deref() == Some(name)
}
