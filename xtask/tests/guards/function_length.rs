//! Functions of a length that can be read at once. A longer one either is split or is on the list, because it does one
//! thing that is long: a table, a match over every case, a page's markup.

use crate::{
    module_tree::{is_test, parse},
    source::{Source, room, root},
};
use std::collections::BTreeSet;
use syn::{
    ImplItemFn, ItemFn, ItemMod, Signature, TraitItemFn,
    spanned::Spanned,
    visit::{self, Visit},
};

const MAX_LINES: usize = 60;

struct Long {
    /// `file: function`.
    name: String,
    lines: usize,
}

/// The functions of a file beyond the limit, unit tests aside.
fn long_functions(source: &Source) -> Vec<Long> {
    let mut visitor = Functions {
        path: &source.path,
        found: Vec::new(),
    };
    visitor.visit_file(&parse(&source.path, &source.whole));
    visitor.found
}

struct Functions<'a> {
    path: &'a str,
    found: Vec<Long>,
}

impl Functions<'_> {
    fn measure(&mut self, signature: &Signature, end: proc_macro2::Span) {
        let start = signature.span().start().line;
        let lines = end.end().line - start + 1;
        if lines > MAX_LINES {
            self.found.push(Long {
                name: format!("{}: {}", self.path, signature.ident),
                lines,
            });
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.measure(&function.sig, function.block.span());
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.measure(&function.sig, function.block.span());
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        self.measure(&function.sig, function.span());
        visit::visit_trait_item_fn(self, function);
    }
}

fn of_the_product() -> Vec<Long> {
    let folders = [
        "src",
        "crates",
        "app",
        "server/src",
        "end2end/simulator/src",
        "xtask/src",
    ];
    let folders = folders.iter().filter(|folder| root().join(folder).exists());
    folders
        .flat_map(|folder| room(folder))
        .filter(|source| !source.path.contains("/tests/"))
        .flat_map(|source| long_functions(&source))
        .collect()
}

#[test]
fn functions_can_be_read_at_once() {
    let mut found = of_the_product();
    found.sort_by_key(|it| std::cmp::Reverse(it.lines));
    let recorded: BTreeSet<&str> = include_str!("long_functions.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let new: Vec<String> = found
        .iter()
        .filter(|it| !recorded.contains(it.name.as_str()))
        .map(|it| format!("{} lines: {}", it.lines, it.name))
        .collect();
    let gone: Vec<&&str> = recorded
        .iter()
        .filter(|name| !found.iter().any(|it| it.name == **name))
        .collect();
    assert!(
        new.is_empty(),
        "{} functions of more than {MAX_LINES} lines: {new:#?}",
        new.len()
    );
    assert!(
        gone.is_empty(),
        "no longer that long, take them off the list: {gone:#?}"
    );
}

#[test]
fn long_functions_are_found_and_long_tests_are_not() {
    let body = "    x();\n".repeat(MAX_LINES - 2);
    let read = |lines: &str| {
        let text = format!(
            "/// Words.\nfn short() {{\n{body}}}\nimpl X {{\n/// Words.\n    pub async fn long(&self) {{\n{body}{lines}}}\n}}\n\
             #[cfg(test)]\nmod tests {{\nfn test() {{\n{body}{body}}}\n}}\n"
        );
        let found = long_functions(&Source::new("src/x.rs", &text));
        found
            .into_iter()
            .map(|it| (it.name, it.lines))
            .collect::<Vec<_>>()
    };
    assert_eq!(read(""), []);
    assert_eq!(
        read("    x();\n"),
        [("src/x.rs: long".to_owned(), MAX_LINES + 1)]
    );
}
