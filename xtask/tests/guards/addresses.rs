//! Addresses that pages and notices name are pages.

use crate::source::room;

/// The path of a page as segments; what is filled in is `None`.
fn segments(path: &str) -> Vec<Option<&str>> {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let parts = path.trim_matches('/').split('/');
    parts
        // A query may be filled in at the end.
        .map(|part| Some(part.split('{').next().unwrap_or_default()).filter(|it| !it.is_empty()))
        .collect()
}

#[test]
fn addresses_that_pages_and_notices_name_are_pages() {
    let routes = room("app/src/routes").remove(0).code_without_spaces();
    let routes: Vec<Vec<Option<&str>>> = routes
        .split("<Routepath=")
        .skip(1)
        .filter_map(|route| route.split("view=").next())
        .map(|path| {
            let parts = path.split("Segment(\"").collect::<Vec<_>>();
            let is_filled_in = |at: usize| parts[at].ends_with("Param");
            let part = |at: usize| parts[at + 1].split('"').next().unwrap_or_default();
            (0..parts.len() - 1)
                .map(|at| Some(part(at)).filter(|_| !is_filled_in(at)))
                .collect()
        })
        .collect();
    assert!(routes.len() > 40, "{routes:?}");
    let named = [room("src/notify"), room("app/src")];
    let (mut pages, mut nowhere) = (0, Vec::new());
    for source in named.into_iter().flatten() {
        let code = source.code_without_spaces();
        for literal in code.split('"') {
            let is_path = literal
                .strip_prefix('/')
                .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_lowercase()));
            if !is_path || literal.starts_with("/api/") || literal.contains('.') {
                continue;
            }
            pages += 1;
            let asked = segments(literal);
            let is_there = routes.iter().any(|route| {
                route.len() == asked.len()
                    && route
                        .iter()
                        .zip(&asked)
                        .all(|(there, named)| there.is_none() || there == named)
            });
            if !is_there {
                nowhere.push(format!("{}: {literal}", source.path));
            }
        }
    }
    assert!(pages > 100, "{pages}");
    assert!(nowhere.is_empty(), "{nowhere:#?}");
}
