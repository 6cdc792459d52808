//! Where things lie in the working copy.
//!
//! Cargo's own output follows `CARGO_TARGET_DIR`; the site stays in `target/site`, where the server embeds it from.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The workspace's root.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// What cargo builds for this machine.
pub fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// What cargo builds for the browser, apart because another compiler may make it.
pub fn wasm_target() -> PathBuf {
    target().join("wasm")
}

/// The finished site.
pub fn site() -> PathBuf {
    root().join("target/site")
}

pub fn end2end() -> PathBuf {
    root().join("end2end")
}
