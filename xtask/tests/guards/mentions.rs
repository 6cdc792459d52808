//! The paths that an item names: in its code, in its attributes and in what it hands to macros.

use crate::imports::{Import, leaves};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::iter::Peekable;
use syn::{
    Attribute, Item, ItemMod, ItemUse, Macro, Path,
    visit::{self, Visit},
};

/// A path as it is written.
pub struct Mention {
    pub path: Vec<String>,
    pub is_test: bool,
    pub line: usize,
}

/// What an item names.
pub struct Found {
    pub imports: Vec<Import>,
    pub mentions: Vec<Mention>,
    is_test: bool,
}

pub fn mentions_in(item: &Item, is_test: bool) -> Found {
    let mut found = Found {
        imports: Vec::new(),
        mentions: Vec::new(),
        is_test,
    };
    found.visit_item(item);
    found
}

impl<'ast> Visit<'ast> for Found {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.imports.extend(leaves(&item.tree, &[], self.is_test));
    }

    /// A module reads its own items.
    fn visit_item_mod(&mut self, _: &'ast ItemMod) {}

    fn visit_path(&mut self, path: &'ast Path) {
        let names = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string());
        let line = path
            .segments
            .first()
            .map_or(0, |it| it.ident.span().start().line);
        self.mention(names.collect(), line);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, invocation: &'ast Macro) {
        self.visit_path(&invocation.path);
        self.tokens(invocation.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
            self.texts(list.tokens.clone());
        }
    }
}

impl Found {
    fn mention(&mut self, path: Vec<String>, line: usize) {
        self.mentions.push(Mention {
            path,
            is_test: self.is_test,
            line,
        });
    }

    /// Paths of two names or more, and single names that can be a type or are called.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        let mut before = Before::Other;
        while let Some(token) = tokens.next() {
            before = match token {
                TokenTree::Group(group) => {
                    self.tokens(group.stream());
                    Before::Other
                }
                TokenTree::Punct(punct) => before.and(punct.as_char()),
                TokenTree::Ident(first) => {
                    let line = first.span().start().line;
                    let mut path = vec![first.to_string()];
                    while let Some(next) = next_segment(&mut tokens) {
                        path.push(next);
                    }
                    let is_name = path.len() > 1
                        || path[0].starts_with(char::is_uppercase)
                        || is_call(tokens.peek());
                    if is_name && before.starts_a_path() {
                        self.mention(path, line);
                    }
                    Before::Other
                }
                TokenTree::Literal(_) => Before::Other,
            }
        }
    }

    /// Paths that an attribute holds as text: `#[serde(with = "crate::x")]`.
    fn texts(&mut self, tokens: TokenStream) {
        for token in tokens {
            let TokenTree::Literal(literal) = token else {
                continue;
            };
            let line = literal.span().start().line;
            let text = literal.to_string();
            if text.contains("::")
                && let Ok(path) = syn::parse_str::<Path>(text.trim_matches('"'))
            {
                let names = path
                    .segments
                    .iter()
                    .map(|segment| segment.ident.to_string());
                self.mention(names.collect(), line);
            }
        }
    }
}

/// What stands before a name: behind a dot or `::` it belongs to something else.
#[derive(Clone, Copy)]
enum Before {
    Dot,
    Dots,
    Colon,
    Colons,
    Other,
}

impl Before {
    fn and(self, next: char) -> Self {
        match (self, next) {
            (Self::Dot, '.') => Self::Dots,
            (_, '.') => Self::Dot,
            (Self::Colon, ':') => Self::Colons,
            (_, ':') => Self::Colon,
            _ => Self::Other,
        }
    }

    fn starts_a_path(self) -> bool {
        !matches!(self, Self::Dot | Self::Colons)
    }
}

/// Takes `::name`, if that is what comes next.
fn next_segment(tokens: &mut Peekable<impl Iterator<Item = TokenTree> + Clone>) -> Option<String> {
    let mut ahead = tokens.clone();
    let is_colon = |token: Option<TokenTree>| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    if !is_colon(ahead.next()) || !is_colon(ahead.next()) {
        return None;
    }
    let Some(TokenTree::Ident(name)) = ahead.next() else {
        return None;
    };
    *tokens = ahead;
    Some(name.to_string())
}

fn is_call(next: Option<&TokenTree>) -> bool {
    match next {
        Some(TokenTree::Group(group)) => group.delimiter() == Delimiter::Parenthesis,
        Some(TokenTree::Punct(punct)) => punct.as_char() == '!',
        _ => false,
    }
}
