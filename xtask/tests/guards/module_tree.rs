//! The crates of the workspace as trees of modules: what each module defines, imports and names, and in which file.
//! Files are handed in as texts, so that a planted tree is read like the real one.

use crate::{
    definitions::{Definition, definitions, macros_that_make_types},
    imports::Import,
    mentions::{Mention, mentions_in},
    source::{files, root},
};
use std::{collections::BTreeMap, path::Path, sync::LazyLock};
use syn::{Attribute, Item};

pub type ModuleId = usize;

/// The module trees of several crates, which may name each other.
pub struct Workspace {
    pub modules: Vec<Module>,
    /// The root module of each library, by the name that other crates use.
    pub libraries: BTreeMap<String, ModuleId>,
}

pub struct Module {
    pub file: String,
    pub parent: Option<ModuleId>,
    pub root: ModuleId,
    pub children: Vec<(String, ModuleId)>,
    pub definitions: Vec<Definition>,
    pub imports: Vec<Import>,
    pub mentions: Vec<Mention>,
}

/// A crate: the name that others use for it, if it is a library, and its root file.
pub struct CrateRoot {
    pub library: Option<String>,
    pub file: String,
}

impl Workspace {
    pub fn read(roots: &[CrateRoot], texts: &BTreeMap<String, String>) -> Self {
        let mut reader = Reader {
            texts,
            modules: Vec::new(),
        };
        let mut libraries = BTreeMap::new();
        for krate in roots {
            let text = texts
                .get(&krate.file)
                .unwrap_or_else(|| panic!("{} is missing", krate.file));
            let place = Place {
                file: krate.file.clone(),
                folder: parent_folder(&krate.file),
                parent: None,
                is_test: false,
            };
            let id = reader.module(&place, &parse(&krate.file, text).items);
            libraries.extend(krate.library.clone().map(|name| (name, id)));
        }
        Self {
            modules: reader.modules,
            libraries,
        }
    }

    /// Every library and program of the workspace, as it stands on the disk.
    pub fn of_the_product() -> &'static Self {
        static WORKSPACE: LazyLock<Workspace> = LazyLock::new(Workspace::read_from_disk);
        &WORKSPACE
    }

    fn read_from_disk() -> Self {
        let metadata = cargo_metadata::MetadataCommand::new()
            .current_dir(root())
            .no_deps()
            .exec()
            .unwrap_or_else(|error| panic!("cargo metadata: {error}"));
        let targets = metadata
            .packages
            .iter()
            .flat_map(|package| &package.targets);
        let roots: Vec<CrateRoot> = targets
            .filter(|target| target.is_lib() || target.is_cdylib() || target.is_bin())
            .map(|target| CrateRoot {
                library: (!target.is_bin()).then(|| target.name.replace('-', "_")),
                file: from_root(target.src_path.as_std_path()),
            })
            .collect();
        let texts = files("", &["rs"])
            .into_iter()
            .map(|source| (source.path, source.whole))
            .collect();
        Self::read(&roots, &texts)
    }
}

pub fn parse(file: &str, text: &str) -> syn::File {
    syn::parse_file(text).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn from_root(path: &Path) -> String {
    let below = path.strip_prefix(root()).unwrap_or(path);
    below.to_string_lossy().into_owned()
}

fn parent_folder(file: &str) -> String {
    let folder = Path::new(file).parent().unwrap_or(Path::new(""));
    folder.to_string_lossy().into_owned()
}

struct Reader<'a> {
    texts: &'a BTreeMap<String, String>,
    modules: Vec<Module>,
}

/// Where a module stands.
struct Place {
    file: String,
    /// Where the files of its child modules stand.
    folder: String,
    parent: Option<ModuleId>,
    is_test: bool,
}

impl Reader<'_> {
    fn module(&mut self, place: &Place, items: &[Item]) -> ModuleId {
        let id = self.modules.len();
        self.modules.push(Module {
            file: place.file.clone(),
            parent: place.parent,
            root: place.parent.map_or(id, |parent| self.modules[parent].root),
            children: Vec::new(),
            definitions: Vec::new(),
            imports: Vec::new(),
            mentions: Vec::new(),
        });
        let makers = macros_that_make_types(items);
        for item in items {
            if let Item::Mod(child) = item {
                self.child(id, place, child);
                continue;
            }
            let is_test = place.is_test || is_test(attributes(item));
            let found = mentions_in(item, is_test);
            let module = &mut self.modules[id];
            module.imports.extend(found.imports);
            module.mentions.extend(found.mentions);
            module
                .definitions
                .extend(definitions(item, is_test, &makers));
        }
        id
    }

    fn child(&mut self, parent: ModuleId, place: &Place, child: &syn::ItemMod) {
        let name = child.ident.to_string();
        let is_test = place.is_test || is_test(&child.attrs);
        let below = join(&place.folder, &name);
        let place = |file: String, folder: String| Place {
            file,
            folder,
            parent: Some(parent),
            is_test,
        };
        let id = if let Some((_, items)) = &child.content {
            self.module(&place(self.modules[parent].file.clone(), below), items)
        } else {
            let folder = parent_folder(&self.modules[parent].file);
            let given = path_attribute(&child.attrs).map(|path| join(&folder, &path));
            let candidates = [format!("{below}.rs"), format!("{below}/mod.rs")];
            let is_given = given.is_some();
            let found = given
                .into_iter()
                .chain(candidates)
                .find_map(|file| self.texts.get(&file).map(|text| (file, text)));
            let Some((file, text)) = found else {
                panic!("module {name} of {folder} has no file");
            };
            let folder = if is_given || file.ends_with("/mod.rs") {
                parent_folder(&file)
            } else {
                below
            };
            let items = parse(&file, text).items;
            self.module(&place(file, folder), &items)
        };
        self.modules[parent].children.push((name, id));
    }
}

fn join(folder: &str, name: &str) -> String {
    Path::new(folder).join(name).to_string_lossy().into_owned()
}

/// Under `#[cfg(test)]`.
pub fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is_cfg = attribute.path().is_ident("cfg");
        let condition = attribute
            .meta
            .require_list()
            .map(|list| list.tokens.to_string());
        is_cfg && condition.is_ok_and(|condition| condition == "test")
    })
}

fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    let attribute = attributes.iter().find(|it| it.path().is_ident("path"))?;
    match &attribute.meta.require_name_value().ok()?.value {
        syn::Expr::Lit(syn::ExprLit {
            lit: syn::Lit::Str(path),
            ..
        }) => Some(path.value()),
        _ => None,
    }
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(it) => &it.attrs,
        Item::Enum(it) => &it.attrs,
        Item::Fn(it) => &it.attrs,
        Item::Impl(it) => &it.attrs,
        Item::Macro(it) => &it.attrs,
        Item::Static(it) => &it.attrs,
        Item::Struct(it) => &it.attrs,
        Item::Trait(it) => &it.attrs,
        Item::Type(it) => &it.attrs,
        Item::Union(it) => &it.attrs,
        Item::Use(it) => &it.attrs,
        _ => &[],
    }
}
