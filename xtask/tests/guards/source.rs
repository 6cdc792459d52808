//! Source files as the guards read them: code without comments and without unit tests, be they at the end of a file or
//! in a file of their own.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Generated or fetched; none of ours.
const SKIPPED: [&str; 4] = [
    "node_modules",
    "target",
    "test-results",
    "playwright-report",
];

pub struct Source {
    /// From the workspace's root.
    pub path: String,
    /// As it stands in the file.
    pub whole: String,
    /// Line by line, comments blanked, unit tests cut.
    code: Vec<String>,
}

impl Source {
    pub fn new(path: &str, whole: &str) -> Self {
        let lines = whole
            .lines()
            .take_while(|line| line.trim() != "#[cfg(test)]");
        let code = lines.map(|line| without_comment(line).to_owned()).collect();
        Self {
            path: path.to_owned(),
            whole: whole.to_owned(),
            code,
        }
    }

    /// The files of unit tests that it declares: `mod x;` under `#[cfg(test)]`, with or without a `#[path]`.
    pub fn unit_tests(&self) -> Vec<String> {
        let lines: Vec<&str> = self.whole.lines().map(str::trim).collect();
        let declared = lines.iter().enumerate().filter_map(|(at, line)| {
            let is_test = *line == "#[cfg(test)]";
            let next = lines.get(at + 1).filter(|_| is_test)?;
            if let Some(path) = next.strip_prefix("#[path = \"") {
                return Some(self.folder().join(path.strip_suffix("\"]")?));
            }
            let name = next.strip_prefix("mod ")?.strip_suffix(';')?;
            Some(self.modules_folder().join(name).with_extension("rs"))
        });
        declared
            .map(|path| path.to_string_lossy().into_owned())
            .collect()
    }

    fn folder(&self) -> &Path {
        Path::new(&self.path).parent().unwrap_or(Path::new(""))
    }

    /// Where the modules stand that it declares without a `#[path]`.
    fn modules_folder(&self) -> PathBuf {
        let whole = Path::new(&self.path).with_extension("");
        let is_root = ["lib", "main", "mod"]
            .iter()
            .any(|root| whole.ends_with(root));
        if is_root {
            self.folder().to_owned()
        } else {
            whole
        }
    }

    /// `path:line: word` for every word of the code that fits.
    pub fn find(&self, fits: impl Fn(&str) -> bool) -> Vec<String> {
        let lines = self.code.iter().enumerate();
        lines
            .flat_map(|(number, line)| words(line).map(move |word| (number + 1, word)))
            .filter(|(_, word)| fits(word))
            .map(|(number, word)| format!("{}:{number}: {word}", self.path))
            .collect()
    }

    pub fn code_without_spaces(&self) -> String {
        self.code
            .iter()
            .flat_map(|line| line.split_whitespace())
            .collect()
    }

    /// The modules of its own crate that it names: `x` of `crate::x` and of `crate::{x, …}`.
    pub fn modules(&self) -> Vec<String> {
        let code = self.code_without_spaces();
        let mut modules = BTreeSet::new();
        for rest in code.split("crate::").skip(1) {
            match rest.strip_prefix('{') {
                Some(group) => modules.extend(heads(group)),
                None => modules.extend(words(rest).next().map(str::to_owned)),
            }
        }
        modules.into_iter().collect()
    }
}

/// The first word of each item of a `use` group, up to its closing brace.
fn heads(group: &str) -> Vec<String> {
    let (mut depth, mut start, mut items) = (0, 0, Vec::new());
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => {
                items.push(&group[start..at]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(&group[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    items
        .iter()
        .filter_map(|item| words(item).next())
        .map(str::to_owned)
        .collect()
}

pub fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
}

/// Cuts a line at its comment; the `//` of an address is none.
fn without_comment(line: &str) -> &str {
    let comment = line
        .match_indices("//")
        .find(|(at, _)| *at == 0 || line[..*at].ends_with(char::is_whitespace));
    comment.map_or(line, |(at, _)| &line[..at])
}

/// The Rust files of a module, `x.rs` and `x/`, or of a folder. Fails when there are none: a guard of nothing proves
/// nothing.
pub fn room(path: &str) -> Vec<Source> {
    let mut sources = if root().join(path).is_dir() {
        files(path, &["rs"])
    } else {
        Vec::new()
    };
    let alone = root().join(path).with_extension("rs");
    if let Ok(text) = fs::read_to_string(&alone) {
        sources.push(Source::new(&format!("{path}.rs"), &text));
    }
    assert!(!sources.is_empty(), "there is nothing at {path}");
    let tests: BTreeSet<String> = sources.iter().flat_map(Source::unit_tests).collect();
    sources.retain(|source| !tests.contains(&source.path));
    sources
}

/// The files of these kinds below a folder, which must be there.
pub fn files(folder: &str, kinds: &[&str]) -> Vec<Source> {
    assert!(root().join(folder).is_dir(), "there is no folder {folder}");
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = path
                .extension()
                .and_then(|kind| kind.to_str())
                .unwrap_or_default()
                .to_owned();
            if path.is_dir() {
                if !SKIPPED.contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if kinds.contains(&kind.as_str()) {
                let text = fs::read_to_string(&path)
                    .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                let name = path
                    .strip_prefix(root())
                    .unwrap_or(&path)
                    .to_string_lossy()
                    .into_owned();
                found.push(Source::new(&name, &text));
            }
        }
    }
    found
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("."))
        .to_owned()
}

#[test]
fn the_guards_see_code_and_neither_comments_nor_unit_tests() {
    let text = "//! axum in words\nuse crate::{store::Store, vault};\nlet x = crate::sync::y(); // tower\n\
                let url = \"https://axum.example\";\n#[cfg(test)]\nmod tests { use leptos; }\n";
    let source = Source::new("src/x.rs", text);
    assert!(
        source
            .find(|word| word == "tower" || word == "leptos")
            .is_empty()
    );
    assert_eq!(source.find(|word| word == "axum"), ["src/x.rs:4: axum"]);
    assert_eq!(source.modules(), ["store", "sync", "vault"]);
    assert_eq!(words("a.b_c(d1)").collect::<Vec<_>>(), ["a", "b_c", "d1"]);
}

#[test]
fn the_guards_leave_out_files_that_are_unit_tests_and_no_others() {
    let declared = |path: &str, text: &str| Source::new(path, text).unit_tests();
    let beside = "mod a;\n#[cfg(test)]\n#[path = \"x_tests.rs\"]\nmod tests;\n";
    assert_eq!(declared("src/a/x.rs", beside), ["src/a/x_tests.rs"]);
    let below = "#[cfg(test)]\nmod tests;\n";
    assert_eq!(declared("src/a/x.rs", below), ["src/a/x/tests.rs"]);
    assert_eq!(declared("src/lib.rs", below), ["src/tests.rs"]);
    let code = "#[path = \"x_tests.rs\"]\nmod tests;\n#[cfg(test)]\nmod tests { mod b; }\nmod c;\n";
    assert!(declared("src/a/x.rs", code).is_empty());
    let server = room("server/src");
    let is_there = |name: &str| server.iter().any(|source| source.path.ends_with(name));
    assert!(is_there("connections/serve.rs") && !is_there("serve_tests.rs"));
}
