//! Circles that are planted, to be found, and what only looks like one.

use super::{circles, needs};
use crate::module_tree::{CrateRoot, Workspace};
use std::collections::BTreeMap;

/// The circles among these files, of which the first is the root of a crate.
fn circles_of(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    circles_of_crates(&files[..1], files)
}

fn circles_of_crates(roots: &[(&str, &str)], files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let workspace = read(roots, files);
    let found = circles(&needs(&workspace, false));
    found
        .iter()
        .map(|circle| circle.files.iter().cloned().collect())
        .collect()
}

fn read(roots: &[(&str, &str)], files: &[(&str, &str)]) -> Workspace {
    let text = |(path, text): &(&str, &str)| ((*path).to_owned(), (*text).to_owned());
    let texts: BTreeMap<String, String> = files.iter().map(text).collect();
    let roots: Vec<CrateRoot> = roots
        .iter()
        .map(|(file, _)| CrateRoot {
            library: file.split('/').next().map(str::to_owned),
            file: (*file).to_owned(),
        })
        .collect();
    Workspace::read(&roots, &texts)
}

const ROOT: (&str, &str) = ("one/lib.rs", "mod a; mod b; mod c;");

#[test]
fn a_circle_of_imports_is_found() {
    let files = [
        ROOT,
        (
            "one/a.rs",
            "use crate::b::{self, Beta as Other}; pub struct Alpha;",
        ),
        ("one/b.rs", "use crate::{a::Alpha, c}; pub struct Beta;"),
        ("one/c.rs", "use super::*;"),
    ];
    assert_eq!(circles_of(&files), [["one/a.rs", "one/b.rs"]]);
}

#[test]
fn a_circle_of_a_parent_and_its_child_is_found() {
    let files = [
        ("one/lib.rs", "mod a;"),
        ("one/a.rs", "mod b; pub use b::run; pub fn help() {}"),
        ("one/a/b.rs", "pub fn run() { super::help() }"),
    ];
    assert_eq!(circles_of(&files), [["one/a.rs", "one/a/b.rs"]]);
}

#[test]
fn a_circle_of_paths_in_code_is_found() {
    let files = [
        ROOT,
        ("one/a.rs", "use super::b; pub fn run() { b::run() }"),
        (
            "one/b.rs",
            "mod inner { fn run() { super::super::a::run() } } pub fn run() {}",
        ),
        ("one/c.rs", ""),
    ];
    assert_eq!(circles_of(&files), [["one/a.rs", "one/b.rs"]]);
}

#[test]
fn a_circle_behind_a_re_export_is_found() {
    let files = [
        (
            "one/lib.rs",
            "mod a; mod b; pub use b::Beta as Shown; pub mod all { pub use crate::a::*; }",
        ),
        ("one/a.rs", "pub struct Alpha { pub beta: crate::Shown }"),
        (
            "one/b.rs",
            "pub struct Beta; pub fn run(_: crate::all::Alpha) {}",
        ),
    ];
    assert_eq!(circles_of(&files), [["one/a.rs", "one/b.rs"]]);
}

#[test]
fn a_circle_behind_a_re_export_of_another_crate_is_found() {
    let files = [
        ("one/lib.rs", "pub mod a; pub use two::Beta;"),
        ("one/a.rs", "pub struct Alpha;"),
        ("two/lib.rs", "mod b; pub use b::Beta;"),
        (
            "two/b.rs",
            "pub struct Beta(one::a::Alpha, one::Beta, crate::Beta);",
        ),
        ("one/c.rs", ""),
    ];
    let roots = [files[0], files[2]];
    assert!(circles_of_crates(&roots, &files).is_empty());
    let mut files = files;
    files[1].1 = "pub struct Alpha(crate::Beta);";
    assert_eq!(
        circles_of_crates(&roots, &files),
        [["one/a.rs", "two/b.rs"]]
    );
}

#[test]
fn a_circle_through_what_macros_are_given_is_found() {
    let files = [
        ROOT,
        (
            "one/a.rs",
            "pub fn run() { println!(\"{}\", [x.len(), 1].map(|n: u8| crate::b::run(n))) }",
        ),
        (
            "one/b.rs",
            "use crate::a; #[serde(with = \"a::run\")] struct B;",
        ),
        ("one/c.rs", ""),
    ];
    assert_eq!(circles_of(&files), [["one/a.rs", "one/b.rs"]]);
    let in_a_field = [
        ROOT,
        files[1],
        (
            "one/b.rs",
            "use super::a; pub fn run() { view!(<A on:click=|_| x.y(Z { f: a::run() }) />) }",
        ),
        files[3],
    ];
    assert_eq!(circles_of(&in_a_field), [["one/a.rs", "one/b.rs"]]);
}

#[test]
fn a_circle_of_three_files_is_found() {
    let files = [
        ROOT,
        ("one/a.rs", "use crate::b::Beta; pub struct Alpha;"),
        ("one/b.rs", "pub struct Beta(super::c::Gamma);"),
        ("one/c.rs", "impl crate::a::Alpha {} pub enum Gamma { One }"),
    ];
    assert_eq!(circles_of(&files), [["one/a.rs", "one/b.rs", "one/c.rs"]]);
}

#[test]
fn modules_of_every_layout_are_read() {
    let files = [
        (
            "one/lib.rs",
            "#[path = \"odd.rs\"] mod a; mod b; mod c { pub mod d; }",
        ),
        ("one/odd.rs", "mod f; pub use crate::b::Beta;"),
        ("one/f.rs", ""),
        ("one/b/mod.rs", "mod e; pub use e::Beta;"),
        ("one/b/e.rs", "pub struct Beta; use crate::c::d::Delta;"),
        ("one/c/d.rs", "pub struct Delta; use crate::a::Beta;"),
    ];
    assert_eq!(circles_of(&files), [["one/b/e.rs", "one/c/d.rs"]]);
}

#[test]
fn what_only_looks_like_a_circle_is_none() {
    let files = [
        ("one/lib.rs", "mod a; mod b; mod c; pub use a::Alpha;"),
        // The root re-exports, which needs the child; the child needs what the root passes on, not the root.
        ("one/a.rs", "pub struct Alpha { it: crate::b::Beta }"),
        // A module that is only named, in a comment or in a text: crate::a::Alpha.
        (
            "one/b.rs",
            "use crate::{a, c::Gamma}; /// [crate::a::Alpha]\npub struct Beta; fn f() { print(\"crate::a::Alpha\") }",
        ),
        (
            "one/c.rs",
            "mod d; pub struct Gamma; fn f(a: u8) { a.Alpha(); std::b::Beta; m!(X::<u8>::d::run()) }",
        ),
        ("one/c/d.rs", "use super::Gamma; pub fn run() {}"),
    ];
    assert_eq!(circles_of(&files), Vec::<Vec<String>>::new());
}

#[test]
fn unit_tests_may_close_a_circle() {
    let files = [
        ROOT,
        (
            "one/a.rs",
            "pub struct Alpha; #[cfg(test)] mod tests { use crate::b::Beta; }",
        ),
        (
            "one/b.rs",
            "use crate::a::Alpha; #[cfg(test)] use crate::c::Gamma; pub struct Beta;",
        ),
        ("one/c.rs", "use crate::b::Beta; pub struct Gamma;"),
    ];
    let workspace = read(&files[..1], &files);
    assert!(circles(&needs(&workspace, false)).is_empty());
    assert_eq!(circles(&needs(&workspace, true)).len(), 1);
}
