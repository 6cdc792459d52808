//! `use` trees, leaf by leaf.

use syn::{UseTree, spanned::Spanned};

/// One leaf of a `use` tree.
#[derive(Clone)]
pub struct Import {
    pub path: Vec<String>,
    /// What the leaf is called here; `None` for a glob and for `as _`.
    pub alias: Option<String>,
    pub is_glob: bool,
    pub is_test: bool,
    pub line: usize,
}

/// The leaves of a `use` tree.
pub fn leaves(tree: &UseTree, start: &[String], is_test: bool) -> Vec<Import> {
    let line = tree.span().start().line;
    let leaf = |name: &syn::Ident, alias: String| {
        let name = name.to_string();
        let is_self = name == "self" && !start.is_empty();
        let mut path = start.to_vec();
        path.extend((!is_self).then_some(name));
        let alias = match alias.as_str() {
            "_" => None,
            "self" => path.last().cloned(),
            _ => Some(alias),
        };
        vec![Import {
            path,
            alias,
            is_glob: false,
            is_test,
            line,
        }]
    };
    match tree {
        UseTree::Path(it) => {
            let start = [start, &[it.ident.to_string()]].concat();
            leaves(&it.tree, &start, is_test)
        }
        UseTree::Name(it) => leaf(&it.ident, it.ident.to_string()),
        UseTree::Rename(it) => leaf(&it.ident, it.rename.to_string()),
        UseTree::Glob(_) => vec![Import {
            path: start.to_vec(),
            alias: None,
            is_glob: true,
            is_test,
            line,
        }],
        UseTree::Group(it) => {
            let items = it.items.iter();
            items
                .flat_map(|item| leaves(item, start, is_test))
                .collect()
        }
    }
}
