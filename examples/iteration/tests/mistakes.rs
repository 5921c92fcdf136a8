//! What is easily done wrong, and what becomes of it here.

use example_support::testing::{Lines, SECOND};
use futures_util::future::FutureExt as _;
use futures_util::stream::{self, StreamExt as _};
use iteration::messages::{self, Farewell, WebSocket};
use iteration::{Error, Setting, comprehensions, files, permits};
use withal::runtime::Timer as _;
use withal::stream::{Idle, idle_timeout};
use withal::sync::Semaphore;
use withal::{close, with};
use withal_tests::{Deterministic, LeakCheck};

/// A clock of its own.
fn setting() -> (Deterministic, Setting<Deterministic>) {
    let rt = Deterministic::new();
    let on = Lines::default().setting(&rt, SECOND);
    (rt, on)
}

// Row S4.6: a permit that is held over a yield is the consumer's to hold.
// SE-3
#[test]
fn a_consumer_starves_itself_by_a_permit_that_its_source_holds() {
    let (rt, on) = setting();
    rt.block_on(async {
        let limit = Semaphore::new(1);
        let mut items = Box::pin(permits::hoarding_stream(&on, &limit));
        assert_eq!(items.next().await, Some((1, 0)));
        assert!(limit.acquire().now_or_never().is_none(), "for ever");

        close(items).await;
        let mut items = Box::pin(permits::paginated_stream(&on, &limit));
        assert_eq!(items.next().await, Some((1, 0)));
        assert!(limit.acquire().now_or_never().is_some());
        close(items).await;
    });
}

// Row S1.9: a generator expression is lazy.
// AG-1, CO-6
#[test]
fn nothing_runs_before_the_first_is_asked_for() {
    let (rt, on) = setting();
    rt.block_on(async {
        let mut doubled = Box::pin(comprehensions::doubled(&on, 2));
        assert_eq!(rt.timers(), 0);
        assert!(doubled.next().now_or_never().is_none());
        assert_eq!(rt.timers(), 1);
        close(doubled).await;
    });
}

// Row S1.10: awaits in a comprehension are one after the other; at once is asked for by name.
// CO-2
#[test]
fn sequential_takes_longer_than_at_once() {
    let urls = ["url1", "url2", "url3"];
    let (rt, on) = setting();
    rt.block_on(async {
        let fetched = comprehensions::fetched(&on, &urls).await;
        assert_eq!(rt.now().since_start(), 3 * SECOND);
        let at_once = comprehensions::fetched_at_once(&on, &urls, 3).await;
        assert_eq!(rt.now().since_start(), 4 * SECOND);
        assert_eq!(fetched, at_once);
        // Row S1.11: each is pulled, and then fetched.
        let as_they_come = comprehensions::fetched_as_they_come(&on, &urls).await;
        assert_eq!(rt.now().since_start(), 10 * SECOND);
        assert_eq!(fetched, as_they_come);
    });
}

// Row S4.9: a disk that takes its time stops nobody but who reads it.
// IT-15
#[test]
fn others_go_on_while_a_thread_blocks() {
    let rt = Deterministic::builder().hold_blocking().build();
    let leaks = LeakCheck::new(&rt);
    let lines = Lines::default();
    let on = lines.setting(&rt, SECOND);
    let path = files::data();
    rt.block_on(async {
        let mut read = Box::pin(files::read_lines(&on, &path));
        let mut step = async |expected: Option<&str>| {
            loop {
                // A step that is dropped leaves the read to the next one.
                if let Some(line) = read.next().now_or_never() {
                    let line = line.transpose().expect("the file can be read");
                    assert_eq!(line.as_deref(), expected);
                    break;
                }
                // The work waits for a thread; this task does not wait for it.
                rt.sleep(SECOND).await;
                assert!(rt.run_blocking() > 0);
                rt.sleep(SECOND).await;
            }
        };
        step(Some("first")).await;
        step(Some("second, with blanks around it")).await;
        step(Some("")).await;
        step(Some("fourth, at the end without a newline")).await;
        step(None).await;
    });
    assert_eq!(lines.trace(), "+file -file");
    leaks.finish();
}

// Row S4.9: a read that has begun goes on; the file is closed after it.
// K1
#[test]
fn a_file_is_closed_after_the_read_that_was_cancelled() {
    let rt = Deterministic::builder().hold_blocking().build();
    let lines = Lines::default();
    let on = lines.setting(&rt, SECOND);
    let path = files::data();
    rt.block_on(async {
        let mut read = Box::pin(files::read_lines(&on, &path));
        assert!(read.next().now_or_never().is_none());
        assert_eq!(rt.run_blocking(), 1); // opens
        assert!(read.next().now_or_never().is_none()); // begins to read
        assert_eq!(lines.trace(), "+file");
        let mut closing = Box::pin(close(read));
        assert!((&mut closing).now_or_never().is_none());
        assert_eq!(lines.trace(), "");
        // The read, and then the end of the file.
        assert_eq!(rt.run_blocking(), 2);
        closing.await;
        assert_eq!(lines.trace(), "-file");
    });
}

// Row S4.7: silence is an item; whoever asks again goes on, and no text is lost by it.
// IT-3, IT-16
#[test]
fn silence_is_neither_the_end_nor_an_error() {
    let (rt, on) = setting();
    rt.block_on(async {
        let host = messages::chat(&on, Farewell::HangUp);
        let connected = with(&rt, WebSocket::new(&host), async |socket| {
            let texts = messages::read_messages(socket);
            let mut texts = Box::pin(idle_timeout(&rt, 3 * SECOND, texts));
            for _ in 0..2 {
                assert!(matches!(texts.next().await, Some(Ok(Ok(_)))));
            }
            for _ in 0..3 {
                assert!(matches!(texts.next().await, Some(Err(Idle { .. }))));
            }
            let text = texts.next().await;
            assert!(matches!(text, Some(Ok(Ok(text))) if text == "still there?"));
            // The server is gone, without a word: an error, and then the end.
            assert!(matches!(texts.next().await, Some(Ok(Err(Error::Io(_))))));
            assert!(texts.next().await.is_none());
            Ok::<_, Error>(())
        });
        connected.await.expect("a clean exit");
    });
}

// Row S4.18: the end is a value that has to be looked at, and it comes again.
// IT-10
#[test]
fn the_end_is_no_signal_that_could_be_missed() {
    let (rt, on) = setting();
    rt.block_on(async {
        let mut numbers = Box::pin(iteration::counting::range(&on, 0..1));
        assert_eq!(numbers.next().await, Some(0));
        for _ in 0..3 {
            assert_eq!(numbers.next().await, None);
        }
        // An item that looks like the end is none.
        let mut options = stream::iter([None, Some(1)]);
        assert_eq!(options.next().await, Some(None));
        assert_eq!(options.next().await, Some(Some(1)));
    });
}
