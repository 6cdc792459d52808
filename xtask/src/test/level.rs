//! The levels of tests and checks.

use clap::ValueEnum;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Level {
    /// rustfmt finds nothing to change.
    Fmt,
    /// Every program and test program builds, all at once, so that no processor waits.
    Build,
    /// The directions between the rooms of the house hold.
    Guards,
    /// Tests at the end of the file they test, and in doc comments.
    Unit,
    /// The store on both engines, and what power cuts leave in it.
    Store,
    /// EWS against the practice Exchange, and the practice Exchange against another client.
    Protocol,
    /// Pages over HTTP without a browser.
    Pages,
    /// clippy on everything that runs on the server.
    Clippy,
    /// The documentation builds without warnings.
    Rustdoc,
    /// clippy on everything that runs in the browser.
    Wasm,
    /// Playwright, each spec without and with JavaScript.
    Browser,
    /// One way through the self-contained program, alone in an empty folder.
    Release,
}

impl Level {
    pub fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}
