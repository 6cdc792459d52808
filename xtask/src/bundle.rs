//! From the compiled wasm to what a browser loads: bindings in JavaScript, and the wasm made small.

use crate::{
    folders, hash, node,
    process::{run, step},
    toolchain::Toolchain,
};
use anyhow::{Context, Result, bail};
use std::{fs, path::PathBuf, process::Command};
use wasm_bindgen_cli_support::Bindgen;

/// What rustc emits today, so that wasm-opt accepts it; every browser of the last years knows all of it.
const FEATURES: [&str; 8] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-call-indirect-overlong",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// The browser's program.
#[derive(Debug)]
pub struct Bundle {
    pub js: Vec<u8>,
    pub wasm: Vec<u8>,
}

/// Compiles, binds and shrinks. What did not change is not done again.
pub fn bundle() -> Result<Bundle> {
    let toolchain = Toolchain::find()?;
    node::ensure()?;
    step(
        "Building the browser's part",
        "usually 4 minutes the first time, 1 after a change, seconds without",
        || run(&mut toolchain.build()),
    )?;
    let compiled = folders::wasm_target().join("wasm32-unknown-unknown/wasm/islands.wasm");
    let raw = fs::read(&compiled).with_context(|| compiled.display().to_string())?;

    let (out, stamp) = (out(), out().join("stamp"));
    let wanted = hash::of(&[include_bytes!("bundle.rs"), &raw]);
    if !fs::read_to_string(&stamp).is_ok_and(|known| known == wanted) {
        step("Binding and shrinking it", "usually 20 seconds", || {
            shrink(raw)
        })?;
        fs::write(&stamp, wanted)?;
    }
    Ok(Bundle {
        js: fs::read(out.join("kalends.js"))?,
        wasm: fs::read(out.join("kalends.wasm"))?,
    })
}

fn out() -> PathBuf {
    folders::wasm_target().join("bundle")
}

fn shrink(raw: Vec<u8>) -> Result<()> {
    let out = out();
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    let mut output = Bindgen::new()
        .input_bytes("kalends", raw)
        .web(true)?
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .omit_default_module_path(true)
        .generate_output()?;
    let inline = output
        .snippets()
        .iter()
        .filter(|(_, files)| !files.is_empty())
        .map(|(name, _)| name);
    if let Some(name) = inline.chain(output.local_modules().keys()).next() {
        bail!("{name} brings a JavaScript file of its own, which the site has no place for");
    }
    output.emit(&out)?;
    run(Command::new("node")
        .arg(folders::end2end().join("node_modules/binaryen/bin/wasm-opt"))
        .args(FEATURES)
        .args(["-Oz", "--converge"]) // until another pass saves nothing
        .arg(out.join("kalends_bg.wasm"))
        .arg("-o")
        .arg(out.join("kalends.wasm")))
}
