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
fn no_file_needs_a_file_that_needs_it() {
    let workspace = Workspace::of_the_product();
    let found = circles(&needs(workspace, false));
    let mut closed_by_tests = circles(&needs(workspace, true));
    closed_by_tests.retain(|circle| found.iter().all(|known| known.files != circle.files));
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

mod planted;
