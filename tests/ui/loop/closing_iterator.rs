// IT-2, IT-17, SM-3: there is nothing in an iterator to close.
//
// Cure: an ordinary `for`.

use withal::closing;

async fn run(words: Vec<String>) {
    closing(words.into_iter(), async |words| {
        for word in words {
            println!("{word}");
        }
    })
    .await;
}

fn main() {}
