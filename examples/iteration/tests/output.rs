//! What the programs print and give, on every runtime.

use example_support::{on_each, on_each_real, on_virtual_clock};
use iteration::{
    Error, comprehensions, counting, cursor, files, messages, pages, permits, posts, processing,
    remote_lines,
};

/// A program that prints to its setting alone.
macro_rules! program {
    ($run:path) => {
        async |on, _| $run(on).await
    };
}

#[test]
fn an_iterator_and_a_generator_count() {
    for printed in on_each!(program!(counting::run)) {
        let numbers = |name, from| (from..from + 5).map(move |n| format!("{name} {n}"));
        let counted = numbers("class:", 1)
            .chain(numbers("generator:", 0))
            .chain(numbers("tick", 0));
        // Each lets the other go first, once before each number.
        let taking_turns = (1..=5).flat_map(|n| {
            let counts = |name| format!("{name} counts {n}");
            [counts("left"), counts("right")]
        });
        let expected: Vec<_> = counted.chain(taking_turns).collect();
        assert_eq!(printed.lines, expected);
    }
}

// AG-8, AG-28
#[test]
fn posts_are_processed_and_sent_while_they_are_read() {
    let json = "[{\"id\":1,\"title\":\"one\"},{\"id\":2,\"title\":\"\\\"two\\\"\"},\
                {\"id\":3,\"title\":\"three\"},{\"id\":4,\"title\":\"four\"},\
                {\"id\":5,\"title\":\"five\"}]";
    let all = format!("read: {json}");
    let some = "read: [{\"id\":1,\"title\":\"one\"},{\"id\":2,\"title\":\"\\\"two\\\"\"}";
    for printed in on_each!(program!(posts::run)) {
        assert_eq!(printed.output.as_ref().ok(), Some(&5));
        // Client and server run side by side: each has an order of its own.
        assert_eq!(
            printed.only(&[
                "+connection",
                "-connection",
                "processed",
                "served",
                "not served"
            ]),
            [
                "+connection",
                "processed: one",
                "processed: \"two\"",
                "processed: three",
                "processed: four",
                "processed: five",
                "-connection",
                "+connection",
                "-connection",
                "served",
                "+connection",
                // The client has hung up; the generators are closed before that is an error.
                "-connection",
                "not served: input or output failed",
            ]
        );
        assert_eq!(
            printed.only(&["+session", "+response", "-session", "-response", "read"]),
            [
                "+session",
                "+response",
                "-response",
                "-session",
                &all,
                "+session",
                "+response",
                "-response",
                "-session",
                some,
            ]
        );
    }
}

#[test]
fn each_page_has_a_session_and_a_response() {
    for printed in on_each!(program!(pages::run)) {
        assert!(printed.output.is_ok());
        let expected = [
            "+session",
            "+response",
            "item 1.1, item 1.2, item 1.3",
            "-response",
            "-session",
            "+session",
            "+response",
            "item 2.1, item 2.2, item 2.3",
            "-response",
            "-session",
            // The empty page, which is the end.
            "+session",
            "+response",
            "-response",
            "-session",
        ];
        assert_eq!(printed.lines, expected);
    }
}

#[test]
fn a_cursor_is_open_from_the_first_row_to_the_last() {
    for printed in on_each!(program!(cursor::run)) {
        assert!(printed.output.is_ok());
        let expected = "+connection, +cursor, 1 one, 2 two, 3 three, 4 four, 5 five, \
                        -cursor, -connection";
        assert_eq!(printed.lines.join(", "), expected);
    }
}

#[test]
fn lines_of_a_file_come_without_blanks_around_them() {
    for printed in on_each!(program!(files::run)) {
        assert!(printed.output.is_ok());
        let expected = [
            "+file",
            "«first»",
            "«second, with blanks around it»",
            "«»",
            "«fourth, at the end without a newline»",
            "-file",
        ];
        assert_eq!(printed.lines, expected);
    }
}

// The same lines by the readers of each runtime, in place of a thread that may block.
#[test]
fn the_lines_of_each_runtimes_readers_are_the_same() {
    use futures_util::FutureExt as _;
    use futures_util::stream::TryStreamExt as _;
    use withal::stream::try_collect;

    let text = std::fs::read(files::data()).expect("a file");
    let all = |lines: Result<Vec<String>, Error>| lines.expect("text");
    let rt = withal::tokio::TokioMain::current_thread().expect("a runtime");
    let tokio = rt.block_on(try_collect(files::stripped(withal::tokio::lines(
        &text[..],
    ))));
    // What is in memory never waits.
    let smol = files::stripped(withal::smol::lines(&text[..])).try_collect();
    let smol = smol.now_or_never().expect("no wait");
    let async_std = files::stripped(withal::async_std::lines(&text[..])).try_collect();
    let async_std = async_std.now_or_never().expect("no wait");
    let printed = on_virtual_clock!(program!(files::run));
    let expected: Vec<_> = printed
        .only(&["«"])
        .iter()
        .map(|line| line.trim_matches(['«', '»']))
        .collect();
    for lines in [all(tokio), all(smol), all(async_std)] {
        assert_eq!(lines, expected);
    }
}

#[test]
fn a_stream_is_read_to_its_end_and_left_early_and_taken_in_pieces() {
    let poem = [
        "who has seen the wind",
        "neither you nor I",
        "but when",
        "the trees",
    ];
    for printed in on_each!(program!(remote_lines::run)) {
        let length: usize = poem.iter().map(|line| line.len() + 1).sum();
        assert_eq!(printed.output.as_ref().ok(), Some(&length));
        let open = ["+session", "+response", "+stream"];
        let closed = ["-stream", "-response", "-session"];
        let pieces = poem.map(|line| format!("chunk: {line}"));
        let mut expected = [&open[..], &poem, &closed, &["no more lines"]].concat();
        expected.extend([&open[..], &poem[..2], &closed, &["left the loop: enough"]].concat());
        expected.extend(open);
        expected.extend(pieces.iter().map(String::as_str));
        expected.extend(closed);
        assert_eq!(printed.lines, expected);
    }
}

// CO-1, CO-2
#[test]
fn comprehensions_collect_filter_and_fetch() {
    for printed in on_each!(program!(comprehensions::run)) {
        let data = "data from url1, data from url2, data from url3";
        let expected = [
            "all: [0, 1, 2, 3, 4]",
            "even: [0, 2, 4, 6, 8]",
            "doubled: 0",
            "doubled: 2",
            "doubled: 4",
            "doubled: 6",
            "doubled: 8",
            data,
            &format!("at once: {data}"),
            &format!("as they come: {data}"),
        ];
        assert_eq!(printed.lines, expected);
    }
}

// IT-3, IT-13
#[test]
fn the_end_an_error_and_silence_are_three_things() {
    let long = "long ".repeat(40);
    // The server is silent for ten ticks, of which two whole fours are noticed.
    let heard = [
        "+socket",
        "hello",
        long.trim_end(),
        "(silence)",
        "(silence)",
        "still there?",
        "-socket",
    ];
    let ends = [
        "the end, after 3 texts",
        "an error: the other end sent an unknown frame",
        "an error: input or output failed",
    ];
    let expected: Vec<_> = ends.map(|end| [&heard[..], &[end]].concat()).concat();
    let check = |heard: &[Result<messages::Heard, Error>]| {
        assert!(
            matches!(heard[0], Ok(heard) if heard.texts == 3),
            "{heard:?}"
        );
        assert!(matches!(heard[1], Err(Error::Protocol(_))), "{heard:?}");
        assert!(matches!(heard[2], Err(Error::Io(_))), "{heard:?}");
    };
    let printed = on_virtual_clock!(program!(messages::run));
    check(&printed.output);
    assert!(matches!(printed.output[0], Ok(heard) if heard.silences == 2));
    assert_eq!(printed.lines, expected);
    // By a real clock the silences may be more or fewer.
    let expected: Vec<_> = expected
        .into_iter()
        .filter(|line| *line != "(silence)")
        .collect();
    for mut printed in on_each_real!(program!(messages::run)) {
        check(&printed.output);
        printed.lines.retain(|line| line != "(silence)");
        assert_eq!(printed.lines, expected);
    }
}

// SE-3
#[test]
fn no_permit_is_held_while_an_item_is_out() {
    for printed in on_each!(program!(permits::run)) {
        assert_eq!(printed.output, Ok((180, 2)));
        assert_eq!(printed.lines, ["180 items; 2 permits free at each item"]);
    }
}

// AG-8, IT-5, IT-10
#[test]
fn a_loop_closes_its_source_and_counts() {
    for printed in on_each!(program!(processing::run)) {
        let [all, some] = &printed.output;
        assert!(matches!(all, Ok(3)), "{all:?}");
        assert!(matches!(some, Err(Error::NotFound(_))), "{some:?}");
        let expected = [
            "+connection",
            "+cursor",
            "processed: one",
            "processed: two",
            "processed: three",
            "-cursor",
            "-connection",
            "3 rows",
            "+connection",
            "+cursor",
            "processed: one",
            // Closed before the error is returned.
            "-cursor",
            "-connection",
            "not found: a title of post 2",
            "+connection",
            "+cursor",
            "a row",
            "-cursor",
            "-connection",
            "the end",
            "two rows: false",
            "+connection",
            "+cursor",
            "a row",
            "a row",
            // Left early, and closed.
            "-cursor",
            "-connection",
            "two rows: true",
        ];
        assert_eq!(printed.lines, expected);
    }
}
