//! Dependencies as `cargo tree` tells them.

use crate::source::root;
use std::process::Command;

#[derive(Clone, Copy)]
pub enum Depth {
    /// What a package names itself.
    Direct,
    /// Everything below it.
    All,
}

/// What a package is built with, with every feature of its own; tests aside.
pub fn normal(package: &str, depth: Depth) -> Vec<String> {
    let mut arguments = vec!["--package", package, "--all-features", "--edges", "normal"];
    if let Depth::Direct = depth {
        arguments.extend(["--depth", "1"]);
    }
    tree(&arguments, package)
}

/// The features that a package declares.
pub fn features(package: &str) -> Vec<String> {
    let metadata = cargo_metadata::MetadataCommand::new()
        .current_dir(root())
        .no_deps()
        .exec()
        .unwrap_or_else(|error| panic!("cargo metadata: {error}"));
    let found = metadata.packages.into_iter().find(|it| it.name == package);
    let found = found.unwrap_or_else(|| panic!("there is no {package}"));
    found.features.into_keys().collect()
}

/// Everything that is compiled into what the browser loads.
pub fn browser() -> Vec<String> {
    tree(
        &[
            &["--package", "islands", "--features", "hydrate"],
            BROWSER.as_slice(),
        ]
        .concat(),
        "islands",
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
    names(&String::from_utf8_lossy(&output.stdout), package)
}

/// The names in the lines of a tree, which begins with the package itself.
pub fn names(tree: &str, package: &str) -> Vec<String> {
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    let names: Vec<String> = names.map(str::to_owned).collect();
    assert!(
        names.first().is_some_and(|first| first == package),
        "no tree of {package}: {tree}"
    );
    names
}
