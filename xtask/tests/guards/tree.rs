//! Dependencies as `cargo tree` tells them.

use crate::source::root;
use std::process::Command;

/// The packages that a package names itself, in any section of its manifest.
pub fn direct_dependencies(package: &str) -> Vec<String> {
    tree(
        &[
            "--package",
            package,
            "--depth",
            "1",
            "--edges",
            "normal,build,dev",
        ],
        package,
    )
}

/// Everything that is compiled into what the browser loads.
pub fn browser() -> Vec<String> {
    tree(
        &[
            &["--package", "hydrate", "--features", "hydrate"],
            BROWSER.as_slice(),
        ]
        .concat(),
        "hydrate",
    )
}

/// What a package names itself when it is compiled for the browser.
pub fn direct_in_browser(package: &str) -> Vec<String> {
    let shape = [
        "--package",
        package,
        "--no-default-features",
        "--depth",
        "1",
    ];
    tree(&[shape.as_slice(), BROWSER.as_slice()].concat(), package)
}

const BROWSER: [&str; 4] = [
    "--edges",
    "normal,no-proc-macro",
    "--target",
    "wasm32-unknown-unknown",
];

pub fn all_of(package: &str) -> Vec<String> {
    tree(
        &["--package", package, "--edges", "normal,build,dev"],
        package,
    )
}

fn tree(arguments: &[&str], package: &str) -> Vec<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let shape = ["tree", "--quiet", "--prefix", "none", "--format", "{p}"];
    let output = Command::new(cargo)
        .current_dir(root())
        .args(shape)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("cargo tree: {error}"));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.starts_with(package), "{text}");
    text.lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect()
}
