// CM-1, CM-27: both hooks belong to one trait, and neither has a default.
//
// Cure: write `exit`.

use std::convert::Infallible;

use withal::{HandOver, Scope};

struct Buffer;

impl Scope for Buffer {
    type Resource = Vec<u8>;
    type Error = Infallible;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<Vec<u8>, Infallible> {
        Ok(Vec::new())
    }
}

fn main() {}
