// CM-9: an exit looks at the body's error and cannot return it: leaving it alone is how it passes on.
//
// Cure: return `Ok(())`; the caller gets the body's error as it was.

use withal::{ExitReason, HandOver, Scope};

#[derive(Debug)]
struct DbError;

struct Transaction;

impl Scope for Transaction {
    type Resource = ();
    type Error = DbError;
    type OnDrop = HandOver;

    async fn enter(&mut self) -> Result<(), DbError> {
        Ok(())
    }

    async fn exit(self, _: (), reason: ExitReason<'_>) -> Result<(), DbError> {
        match reason
            .failure()
            .and_then(|failure| failure.downcast_ref::<DbError>())
        {
            Some(error) => Err(*error),
            None => Ok(()),
        }
    }
}

fn main() {}
