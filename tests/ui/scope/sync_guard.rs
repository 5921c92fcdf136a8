// CM-29, SM-13: a synchronous guard is no scope. Its drop cleans up without help.
//
// Cure: keep it in a variable of the body, pass `from_guard(async { Ok::<_, Infallible>(TempDir) })`, or
// hold it in a type that implements `Scope`.

use withal::runtime::Cleanup;
use withal::with;

struct TempDir;

impl Drop for TempDir {
    fn drop(&mut self) {
        println!("removed");
    }
}

async fn run(rt: &impl Cleanup) {
    let _ = with(rt, TempDir, async |_| Ok::<_, String>(())).await;
}

fn main() {}
