//! The items that a module defines, as others can name them.

use proc_macro2::{TokenStream, TokenTree};
use syn::{Item, Visibility};

/// An item that other code can name.
pub struct Definition {
    pub name: String,
    pub is_type: bool,
    /// `pub`, or visible to a part of its crate.
    pub is_visible: bool,
    pub is_test: bool,
    pub line: usize,
}

/// What one item defines. An invocation of a macro that makes types defines the names it starts with.
pub fn definitions(item: &Item, is_test: bool, makers: &[String]) -> Vec<Definition> {
    let one = |ident: &syn::Ident, is_type, visibility: Option<&Visibility>| {
        vec![Definition {
            name: ident.to_string(),
            is_type,
            is_visible: !matches!(visibility, None | Some(Visibility::Inherited)),
            is_test,
            line: ident.span().start().line,
        }]
    };
    match item {
        Item::Const(it) => one(&it.ident, false, Some(&it.vis)),
        Item::Fn(it) => one(&it.sig.ident, false, Some(&it.vis)),
        Item::Static(it) => one(&it.ident, false, Some(&it.vis)),
        Item::Enum(it) => one(&it.ident, true, Some(&it.vis)),
        Item::Struct(it) => one(&it.ident, true, Some(&it.vis)),
        Item::Trait(it) => one(&it.ident, true, Some(&it.vis)),
        Item::Type(it) => one(&it.ident, true, Some(&it.vis)),
        Item::Union(it) => one(&it.ident, true, Some(&it.vis)),
        Item::Macro(it) => match &it.ident {
            Some(ident) => one(ident, false, None),
            None => made_by_macro(&it.mac, is_test, makers),
        },
        _ => Vec::new(),
    }
}

fn made_by_macro(invocation: &syn::Macro, is_test: bool, makers: &[String]) -> Vec<Definition> {
    let makes_types = makers.iter().any(|maker| invocation.path.is_ident(maker));
    let tokens = invocation.tokens.clone().into_iter();
    tokens
        .filter_map(|token| match token {
            TokenTree::Ident(ident) => Some(ident),
            _ => None,
        })
        .filter(|ident| makes_types && ident.to_string().starts_with(char::is_uppercase))
        .map(|ident| Definition {
            name: ident.to_string(),
            is_type: true,
            is_visible: true,
            is_test,
            line: ident.span().start().line,
        })
        .collect()
}

/// The names of macros whose text holds `pub struct $name` or `pub enum $name`.
pub fn macros_that_make_types(items: &[Item]) -> Vec<String> {
    let macros = items.iter().filter_map(|item| match item {
        Item::Macro(it) => it.ident.as_ref().map(|ident| (ident, &it.mac.tokens)),
        _ => None,
    });
    macros
        .filter(|(_, tokens)| makes_types(tokens))
        .map(|(ident, _)| ident.to_string())
        .collect()
}

fn makes_types(tokens: &TokenStream) -> bool {
    let text = tokens.to_string();
    ["pub struct $", "pub enum $"]
        .iter()
        .any(|start| text.contains(start))
}
