//! Rules of the house that the compiler does not hold, read from the source and from what cargo says of dependencies.

mod addresses;
mod circles;
mod definitions;
mod dependencies;
mod directions;
mod floors;
mod function_length;
mod imports;
mod mentions;
mod module_tree;
mod resolution;
mod sizes;
mod source;
mod terms;
mod tree;
mod type_names;
