// IT-2, IT-17: an iterator is no stream.
//
// Cure: `for_each(stream::iter(words), …)`; or an ordinary `for`, which may `await` as well.

use withal::for_each;

async fn run(words: Vec<String>) {
    for_each(words, async |word: String| println!("{word}")).await;
}

fn main() {}
