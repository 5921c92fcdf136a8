//! Rule ids in text: `CM-11`, `K4`, `M1.3`.

/// The ids that a contract defines, in its order: each begins a list item or a table row, in bold.
pub(super) fn defined(contract: &str) -> Result<Vec<String>, String> {
    let mut ids: Vec<String> = Vec::new();
    for (number, line) in (1..).zip(contract.lines()) {
        let item = line.strip_prefix("- ").or_else(|| line.strip_prefix("| "));
        let Some(bold) = item.and_then(|item| item.strip_prefix("**")) else {
            continue;
        };
        let len = id_len(bold).filter(|&len| bold[len..].starts_with("**"));
        let Some(len) = len else {
            return Err(format!(
                "line {number} of the contract defines no rule: {line}"
            ));
        };
        let id = bold[..len].to_owned();
        if ids.contains(&id) {
            return Err(format!("line {number} of the contract defines {id} again"));
        }
        ids.push(id);
    }
    if ids.is_empty() {
        return Err("the contract defines no rule".to_owned());
    }
    Ok(ids)
}

/// What a comment says about rules.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Mentions {
    pub(super) ids: Vec<String>,
    /// Ranges of ids. They name nothing, their ends included: nobody finds `CM-3` in `CM-1 to CM-4`.
    pub(super) ranges: Vec<String>,
}

/// The ids that a comment names.
pub(super) fn mentioned(comment: &str) -> Mentions {
    let mut mentions = Mentions::default();
    let mut rest = comment;
    let mut before = ' ';
    while let Some(c) = rest.chars().next() {
        let starts_word = !(before.is_alphanumeric() || before == '_' || before == '-');
        let len = if starts_word { id_len(rest) } else { None };
        let step = if let Some(len) = len {
            if let Some(range) = range_len(rest, len) {
                mentions.ranges.push(rest[..range].to_owned());
                range
            } else {
                mentions.ids.push(rest[..len].to_owned());
                len
            }
        } else {
            c.len_utf8()
        };
        before = rest[..step].chars().next_back().unwrap_or(c);
        rest = &rest[step..];
    }
    mentions
}

/// The length of the id that `text` begins with.
fn id_len(text: &str) -> Option<usize> {
    let letters = run(text, |c| c.is_ascii_uppercase());
    let prefix = match (&text[..letters], &text[letters..]) {
        ("K", rest) if !rest.starts_with('-') => letters,
        ("M", rest) if !rest.starts_with('-') => {
            let matrix = run(rest, |c| c.is_ascii_digit());
            let dot = rest[matrix..].starts_with('.');
            (matrix > 0 && dot).then_some(letters + matrix + 1)?
        }
        (_, rest) if matches!(letters, 1 | 2) && rest.starts_with('-') => letters + 1,
        _ => return None,
    };
    let digits = run(&text[prefix..], |c| c.is_ascii_digit());
    let after = text[prefix + digits..].chars().next().unwrap_or(' ');
    let ends_word = !(after.is_alphanumeric() || after == '_');
    (matches!(digits, 1 | 2) && ends_word).then_some(prefix + digits)
}

/// The length of the range that `text` begins with, if its first id, of length `first`, begins one.
fn range_len(text: &str, first: usize) -> Option<usize> {
    let between = text[first..].trim_start();
    let last = ["to ", "to\n", "through ", "until ", "..=", "..", "–", "-"]
        .into_iter()
        .find_map(|separator| between.strip_prefix(separator))?
        .trim_start();
    let len = id_len(last).or_else(|| number_len(last))?;
    Some(text.len() - last.len() + len)
}

/// The length of the number that `text` begins with, as in `CM-1 to 4`.
fn number_len(text: &str) -> Option<usize> {
    let digits = run(text, |c| c.is_ascii_digit());
    let after = text[digits..].chars().next().unwrap_or(' ');
    (matches!(digits, 1 | 2) && !after.is_alphanumeric()).then_some(digits)
}

fn run(text: &str, wanted: impl Fn(char) -> bool) -> usize {
    text.find(|c| !wanted(c)).unwrap_or(text.len())
}
