//! The house at a glance: few rooms, small files, and no test that does not run.

use crate::source::{files, root};
use std::fs;

#[test]
fn the_application_has_few_rooms() {
    let entries = fs::read_dir(root().join("src")).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert!(names.len() <= 16, "{} entries: {names:?}", names.len());
}

#[test]
fn files_stay_small() {
    let kinds = ["rs", "ts", "css", "py", "sql", "md"];
    let long: Vec<String> = files("", &kinds)
        .into_iter()
        .filter(|source| !source.path.contains("/fixtures/"))
        .filter(|source| source.whole.lines().count() > 450)
        .map(|source| source.path)
        .collect();
    assert!(long.is_empty(), "{long:?}");
}

#[test]
fn no_test_is_ignored() {
    for source in files("", &["rs"]) {
        assert!(
            !source.whole.contains(concat!("#[", "ignore")),
            "{}",
            source.path
        );
    }
}
