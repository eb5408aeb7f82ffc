//! How a program ends.

use std::io::{Write, stderr, stdout};

/// Says what went wrong, if anything did, and ends the process.
pub fn end(outcome: anyhow::Result<()>) -> ! {
    if let Err(error) = &outcome {
        // Nobody may be listening any more.
        drop(writeln!(stderr(), "error: {error:#}"));
    }
    exit(i32::from(outcome.is_err()))
}

/// Ends the process at once. Kafka's clients have threads that outlive `main`, and OpenSSL's own farewell would take
/// away what they are still using: now and then that was a segmentation fault instead of an exit code.
#[allow(unsafe_code)]
pub fn exit(code: i32) -> ! {
    drop(stdout().flush());
    // SAFETY: it takes a number and does not return. What it leaves undone is what libraries do at the end of a
    // process; ours does nothing there.
    unsafe { libc::_exit(code) }
}
