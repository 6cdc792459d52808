//! A type name stands for one thing in the whole project: no two public types share it, in whatever crate they stand.

use crate::module_tree::Workspace;
use std::collections::{BTreeMap, BTreeSet};

/// The build tool ships with nothing and names its own.
const NOT_OURS: [&str; 1] = ["xtask/"];

/// The names of visible types that more than one place defines, with the places. One module may define a type twice, for
/// two settings of the compiler.
fn used_twice(workspace: &Workspace) -> BTreeMap<String, BTreeSet<String>> {
    let mut places: BTreeMap<String, BTreeMap<usize, String>> = BTreeMap::new();
    for (id, module) in workspace.modules.iter().enumerate() {
        if NOT_OURS.iter().any(|start| module.file.starts_with(start)) {
            continue;
        }
        let types = module.definitions.iter();
        for it in types.filter(|it| it.is_type && it.is_visible && !it.is_test) {
            let place = format!("{}:{}", module.file, it.line);
            places.entry(it.name.clone()).or_default().insert(id, place);
        }
    }
    places.retain(|_, modules| modules.len() > 1);
    places
        .into_iter()
        .map(|(name, modules)| (name, modules.into_values().collect()))
        .collect()
}

#[test]
fn a_type_name_stands_for_one_thing() {
    let found = used_twice(Workspace::of_the_product());
    assert!(found.is_empty(), "{} names: {found:#?}", found.len());
}

#[test]
fn a_name_of_two_types_is_found_and_a_re_export_is_none() {
    use crate::module_tree::CrateRoot;
    let files = [
        (
            "one/lib.rs",
            "mod a; mod b; pub use b::Cache; pub use a::Other as Cached; pub type Cached = u8;",
        ),
        (
            "one/a.rs",
            "pub struct Cache; pub struct Other; struct Own; #[cfg(test)] mod tests { pub struct InTests; }",
        ),
        (
            "one/b.rs",
            "pub(crate) enum Cache {} struct Own; pub struct InTests; #[cfg(x)] pub struct Twice; #[cfg(not(x))] pub struct Twice;",
        ),
        (
            "two/lib.rs",
            "macro_rules! ids { ($n:ident) => { pub struct $n; } } ids! { Other }",
        ),
    ];
    let texts = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    let roots = ["one/lib.rs", "two/lib.rs"].map(|file| CrateRoot {
        library: None,
        file: file.to_owned(),
    });
    let found = used_twice(&Workspace::read(&roots, &texts.collect()));
    let places: Vec<(&str, usize)> = found
        .iter()
        .map(|(name, it)| (name.as_str(), it.len()))
        .collect();
    assert_eq!(places, [("Cache", 2), ("Other", 2)]);
}
