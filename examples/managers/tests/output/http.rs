//! Sessions and responses.

use example_support::on_virtual_clock;
use managers::{Error, download, fetch};

use crate::common::{InMemory, Nobody};

// CM-5, CM-6, CM-15
#[test]
fn requests_are_scopes_in_a_session() {
    for printed in on_each_with_host!(fetch::run) {
        printed.output.expect("a network that works");
        let mut lines = Vec::new();
        for line in &printed.lines {
            if !line.starts_with(['+', '-']) {
                lines.push(line.as_str());
            }
        }
        let expected = [
            "\"Ann\"",
            "not found: 404 Not Found",
            r#"{"about":"a stand-in","poem":"/poem","users":"/users"}"#,
            r#"200 OK; keys: ["about", "poem"]"#,
            "49 bytes",
            "not found: words in a line",
        ];
        assert_eq!(lines, expected);
        let scopes: Vec<_> = printed
            .lines
            .iter()
            .filter(|line| line.starts_with(['+', '-']))
            .collect();
        let each = ["+session", "+response", "-response", "-session"];
        assert_eq!(scopes, each.repeat(6));
    }
}

// CM-5, CM-15
#[test]
fn a_file_a_response_and_a_session_are_closed_in_this_order() {
    for printed in on_each_with_host!(download::run) {
        printed.output.expect("a network that works");
        let expected = [
            "+session",
            "+response",
            "+file",
            "-file",
            "-response",
            "-session",
            "49 bytes, 3 lines",
            "removed: completed",
        ];
        assert_eq!(printed.lines, expected);
    }
}

// CM-3, CM-6
#[test]
fn what_is_not_there_is_not_opened() {
    let paths = [None, Some("/nowhere/at/all")];
    let [no_host, no_file] = paths.map(|path| {
        let printed = on_virtual_clock!(async |on, _| {
            let host = InMemory::on(on);
            match path {
                Some(path) => download::download(on, &host, "/poem", path.as_ref()).await,
                None => download::download(on, &Nobody, "/poem", "unused".as_ref()).await,
            }
        });
        assert!(matches!(printed.output, Err(Error::Io(_))), "{printed:?}");
        printed.lines
    });
    assert!(no_host.is_empty(), "{no_host:?}");
    assert_eq!(no_file, ["+session", "+response", "-response", "-session"]);
}
