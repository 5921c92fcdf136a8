// AG-15: nobody but `close` makes the sign to close.
//
// Cure: `talk.close()`.

use withal::coroutine::{Closed, Interrupt};

fn closed() -> Interrupt<String> {
    Interrupt::Closed(Closed(()))
}

fn main() {}
