//! What a path means where it is written: the file that defines the item, whatever re-exports it passed on the way.

use crate::module_tree::{ModuleId, Workspace};
use std::collections::BTreeSet;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    Module(ModuleId),
    Item { file: String, is_type: bool },
}

/// Names that are being looked up: an import that leads back to itself means nothing.
type Pending = BTreeSet<(ModuleId, String)>;

impl Workspace {
    /// Where the path leads from this module. Empty for what other crates or the compiler define.
    pub fn resolve(&self, from: ModuleId, path: &[String]) -> Vec<Target> {
        self.follow(from, path, &mut Pending::new())
    }

    fn follow(&self, from: ModuleId, path: &[String], pending: &mut Pending) -> Vec<Target> {
        let Some((first, rest)) = path.split_first() else {
            return Vec::new();
        };
        let mut targets = self.start(from, first, pending);
        for name in rest {
            let next: Vec<Target> = targets
                .iter()
                .flat_map(|target| self.step(target, name, pending))
                .collect();
            if next.is_empty() {
                return self.as_far_as_known(&targets);
            }
            targets = next;
        }
        targets.sort();
        targets.dedup();
        targets
    }

    fn start(&self, from: ModuleId, first: &str, pending: &mut Pending) -> Vec<Target> {
        match first {
            "crate" => vec![Target::Module(self.modules[from].root)],
            "self" => vec![Target::Module(from)],
            "super" => self.parent(from),
            _ => {
                let found = self.look_up(from, first, pending);
                let library = self.libraries.get(first).filter(|_| found.is_empty());
                found
                    .into_iter()
                    .chain(library.map(|root| Target::Module(*root)))
                    .collect()
            }
        }
    }

    fn step(&self, target: &Target, name: &str, pending: &mut Pending) -> Vec<Target> {
        match target {
            Target::Module(module) if name == "super" => self.parent(*module),
            Target::Module(module) => self.look_up(*module, name, pending),
            // A variant or an associated item stands with its type.
            Target::Item { is_type: true, .. } => vec![target.clone()],
            Target::Item { is_type: false, .. } => Vec::new(),
        }
    }

    fn parent(&self, module: ModuleId) -> Vec<Target> {
        self.modules[module]
            .parent
            .map(Target::Module)
            .into_iter()
            .collect()
    }

    /// A name that a macro made, say, is taken to stand in its module's file.
    fn as_far_as_known(&self, targets: &[Target]) -> Vec<Target> {
        let modules = targets.iter().filter_map(|target| match target {
            Target::Module(module) => Some(&self.modules[*module].file),
            Target::Item { .. } => None,
        });
        modules
            .map(|file| Target::Item {
                file: file.clone(),
                is_type: true,
            })
            .collect()
    }

    fn look_up(&self, module: ModuleId, name: &str, pending: &mut Pending) -> Vec<Target> {
        if !pending.insert((module, name.to_owned())) {
            return Vec::new();
        }
        let here = &self.modules[module];
        let children = here.children.iter().filter(|(child, _)| child == name);
        let mut found: Vec<Target> = children.map(|(_, id)| Target::Module(*id)).collect();
        let definitions = here.definitions.iter().filter(|it| it.name == name);
        found.extend(definitions.map(|definition| Target::Item {
            file: here.file.clone(),
            is_type: definition.is_type,
        }));
        for import in &here.imports {
            if import.alias.as_deref() == Some(name) {
                found.extend(self.follow(module, &import.path, pending));
            }
        }
        if found.is_empty() {
            for import in here.imports.iter().filter(|import| import.is_glob) {
                for target in self.follow(module, &import.path, pending) {
                    if let Target::Module(from) = target {
                        found.extend(self.look_up(from, name, pending));
                    }
                }
            }
        }
        pending.remove(&(module, name.to_owned()));
        found
    }
}
