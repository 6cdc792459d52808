//! No file needs another that needs it in turn. A file needs those that define what it names: by `use`, by a path in its
//! code, or by a re-export; declaring a module is no need of it.

use crate::{
    module_tree::{ModuleId, Workspace},
    resolution::Target,
    source::files,
};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt::Write,
};

/// Why one file needs another: the first path that says so.
#[derive(Debug, Clone)]
struct Reason {
    path: String,
    line: usize,
}

/// For each file the files it needs.
type Needs = BTreeMap<String, BTreeMap<String, Reason>>;

/// Files that need each other, and how.
struct Circle {
    files: BTreeSet<String>,
    needs: Needs,
}

fn needs(workspace: &Workspace, with_tests: bool) -> Needs {
    let mut needs = Needs::new();
    for (id, module) in workspace.modules.iter().enumerate() {
        let imports = module
            .imports
            .iter()
            .map(|it| (&it.path, it.is_glob, it.is_test, it.line));
        let mentions = module
            .mentions
            .iter()
            .map(|it| (&it.path, false, it.is_test, it.line));
        for (path, is_glob, is_test, line) in imports.chain(mentions) {
            if is_test && !with_tests {
                continue;
            }
            for file in needed_files(workspace, id, path, is_glob) {
                if file != module.file {
                    let path = path.join("::");
                    let here = needs.entry(module.file.clone()).or_default();
                    here.entry(file).or_insert(Reason { path, line });
                }
            }
        }
    }
    needs
}

/// A module that is only named is not needed yet: the paths that go through it are.
fn needed_files(
    workspace: &Workspace,
    from: ModuleId,
    path: &[String],
    is_glob: bool,
) -> Vec<String> {
    let targets = workspace.resolve(from, path).into_iter();
    targets
        .filter_map(|target| match target {
            Target::Item { file, .. } => Some(file),
            Target::Module(module) => is_glob.then(|| workspace.modules[module].file.clone()),
        })
        .collect()
}

/// The files that can be reached from each other.
fn circles(needs: &Needs) -> Vec<Circle> {
    let reached: BTreeMap<&String, BTreeSet<&String>> = needs
        .keys()
        .map(|file| (file, reachable(needs, file)))
        .collect();
    let mut circles: Vec<Circle> = Vec::new();
    for (file, beyond) in &reached {
        let is_known = circles.iter().any(|circle| circle.files.contains(*file));
        if is_known || !beyond.contains(file) {
            continue;
        }
        let back = |other: &&&String| reached.get(**other).is_some_and(|it| it.contains(file));
        let files: BTreeSet<String> = beyond.iter().filter(back).map(|it| (*it).clone()).collect();
        circles.push(Circle {
            needs: within(needs, &files),
            files,
        });
    }
    circles
}

fn reachable<'a>(needs: &'a Needs, file: &String) -> BTreeSet<&'a String> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<&String> = needs
        .get(file)
        .into_iter()
        .flat_map(BTreeMap::keys)
        .collect();
    while let Some(next) = open.pop() {
        if reached.insert(next) {
            open.extend(needs.get(next).into_iter().flat_map(BTreeMap::keys));
        }
    }
    reached
}

fn within(needs: &Needs, files: &BTreeSet<String>) -> Needs {
    let inside = needs.iter().filter(|(file, _)| files.contains(*file));
    inside
        .map(|(file, others)| {
            let mut others = others.clone();
            others.retain(|other, _| files.contains(other));
            (file.clone(), others)
        })
        .collect()
}

impl Circle {
    /// The shortest way around, from the file where it is shortest.
    fn shortest(&self) -> Vec<&String> {
        let ways = self.files.iter().filter_map(|file| self.way_around(file));
        ways.min_by_key(Vec::len).unwrap_or_default()
    }

    fn way_around<'a>(&'a self, start: &'a String) -> Option<Vec<&'a String>> {
        let mut open = VecDeque::from([vec![start]]);
        let mut seen = BTreeSet::new();
        while let Some(way) = open.pop_front() {
            let next = way.last().and_then(|last| self.needs.get(*last))?;
            for file in next.keys() {
                if file == start {
                    return Some(way);
                }
                if seen.insert(file) {
                    open.push_back([way.as_slice(), &[file]].concat());
                }
            }
        }
        None
    }

    fn describe(&self) -> String {
        let mut text = String::new();
        let way: Vec<&str> = self.shortest().into_iter().map(String::as_str).collect();
        let _ = writeln!(
            text,
            "{} files need each other; the shortest way around: {}",
            self.files.len(),
            way.join(" > ")
        );
        for (file, others) in &self.needs {
            for (other, reason) in others {
                let _ = writeln!(
                    text,
                    "    {file}:{} names {} of {other}",
                    reason.line, reason.path
                );
            }
        }
        text
    }
}

fn describe(circles: &[Circle]) -> String {
    circles
        .iter()
        .map(Circle::describe)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
#[ignore = "the tree still holds circles"]
fn no_file_needs_a_file_that_needs_it() {
    let workspace = Workspace::of_the_product();
    let found = circles(&needs(workspace, false));
    let with_tests = circles(&needs(workspace, true));
    let closed_by_tests: Vec<Circle> = with_tests
        .into_iter()
        .filter(|circle| !found.iter().any(|known| known.files == circle.files))
        .collect();
    println!(
        "{} circles through unit tests alone, which are allowed:",
        closed_by_tests.len()
    );
    for circle in &closed_by_tests {
        println!("    {:?}", circle.files);
    }
    assert!(
        found.is_empty(),
        "{} circles:\n{}",
        found.len(),
        describe(&found)
    );
}

/// What is not read is not guarded.
#[test]
fn every_source_file_is_read() {
    let folders = [
        "src",
        "crates",
        "app",
        "server/src",
        "end2end/simulator/src",
        "xtask/src",
    ];
    let modules = &Workspace::of_the_product().modules;
    let read: BTreeSet<&str> = modules.iter().map(|module| module.file.as_str()).collect();
    let files = folders.iter().flat_map(|folder| files(folder, &["rs"]));
    let unread: Vec<String> = files
        .map(|source| source.path)
        .filter(|path| path.starts_with("src/") || path.contains("/src/"))
        .filter(|path| !read.contains(path.as_str()))
        .collect();
    assert!(
        read.len() > 400 && unread.is_empty(),
        "{} are read, and not {unread:#?}",
        read.len()
    );
}

#[cfg(test)]
mod planted {
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
}
