//! What each crate may know, by cargo's own account: crates of I/O never reach the floors below, and no floor knows the one
//! above it.

use crate::tree::{self, Depth};

struct Floor {
    package: &'static str,
    /// Whether the rule is about everything below or about what the package names itself.
    depth: Depth,
    /// Names of crates, each with the crates of its family: `sqlx` stands for `sqlx-core` too.
    forbidden: &'static [&'static str],
    /// Which of our own it may know.
    known: &'static [&'static str],
}

const FLOORS: &[Floor] = &[
    Floor {
        package: "kalends-core",
        depth: Depth::All,
        forbidden: &[
            "sqlx",
            "hyper",
            "tokio",
            "leptos",
            "reqwest",
            "axum",
            "tower",
            "rustls",
            "mio",
            "socket2",
            "quick-xml",
        ],
        known: &[],
    },
    Floor {
        package: "kalends-exchange",
        depth: Depth::All,
        forbidden: &["sqlx", "libsqlite3-sys", "leptos", "axum", "tower-sessions"],
        known: &["kalends-core"],
    },
    Floor {
        package: "kalends-store",
        depth: Depth::All,
        forbidden: &["hyper", "quick-xml", "reqwest", "leptos", "axum"],
        known: &["kalends-core"],
    },
    Floor {
        package: "kalends",
        depth: Depth::Direct,
        forbidden: &["leptos", "axum", "tower"],
        known: &["kalends-core", "kalends-exchange", "kalends-store"],
    },
    Floor {
        package: "app",
        depth: Depth::Direct,
        forbidden: &[
            "sqlx",
            "hyper",
            "quick-xml",
            "reqwest",
            "rustls",
            "tokio-rustls",
        ],
        known: &["kalends-core", "kalends-store", "kalends", "islands"],
    },
    Floor {
        package: "islands",
        depth: Depth::Direct,
        forbidden: &["leptos_axum", "leptos_router", "axum", "tokio"],
        known: &["kalends-core"],
    },
];

/// Crates of the workspace, as others name them.
const OURS: &[&str] = &[
    "kalends",
    "kalends-core",
    "kalends-exchange",
    "kalends-store",
    "kalends-simulator",
    "app",
    "islands",
    "server",
    "xtask",
];

impl Floor {
    /// What it knows and must not, of these dependencies.
    fn broken<'a>(&self, dependencies: &'a [String]) -> Vec<&'a str> {
        let names = dependencies.iter().map(String::as_str);
        names
            .filter(|name| *name != self.package)
            .filter(|name| {
                let is_forbidden = self.forbidden.iter().any(|family| is_of(family, name));
                is_forbidden || OURS.contains(name) && !self.known.contains(name)
            })
            .collect()
    }
}

fn is_of(family: &str, name: &str) -> bool {
    let rest = name.strip_prefix(family);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
}

#[test]
fn no_floor_knows_what_is_above_it() {
    let mut found = Vec::new();
    for floor in FLOORS {
        let dependencies = tree::normal(floor.package, floor.depth);
        let broken = floor.broken(&dependencies);
        found.extend(
            broken
                .iter()
                .map(|name| format!("{} knows {name}", floor.package)),
        );
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// A feature would let the lowest floor differ between its users.
#[test]
fn the_lowest_floor_has_no_features() {
    let features = tree::features("kalends-core");
    assert!(features.is_empty(), "{features:?}");
}

#[test]
fn what_a_floor_must_not_know_is_found() {
    let core = &FLOORS[0];
    let tree = "kalends-core v0.1.0 (/kalends/crates/core)\nserde v1.0.0\nhyperlink v1.0.0\n\
                sqlx-core v0.9.0\ntokio v1.0.0\nkalends-store v0.1.0 (/kalends/crates/store)\nserde v1.0.0 (*)\n";
    let names = tree::names(tree, "kalends-core");
    assert_eq!(core.broken(&names), ["sqlx-core", "tokio", "kalends-store"]);
    let app = &FLOORS[4];
    let names = tree::names(
        "app v0.1.0 (/kalends/app)\nkalends v0.1.0\nhyper v1.0.0\nserver v0.1.0\n",
        "app",
    );
    assert_eq!(app.broken(&names), ["hyper", "server"]);
}

#[test]
#[should_panic(expected = "no tree of kalends-core")]
fn a_floor_that_is_not_there_is_no_floor() {
    tree::names(
        "error: package ID specification `kalends-core` did not match any packages\n",
        "kalends-core",
    );
}

#[test]
fn the_browser_downloads_no_server_machinery() {
    let tree = tree::browser();
    for heavy in [
        "tokio",
        "sqlx",
        "reqwest",
        "hyper",
        "axum",
        "rustls",
        "jiff",
        "kalends",
        "kalends-exchange",
        "kalends-store",
    ] {
        assert!(
            !tree.iter().any(|name| name == heavy),
            "{heavy} is in the browser's dependency tree"
        );
    }
    assert!(!tree.iter().any(|name| name == "app"), "{tree:?}");
    assert!(tree.iter().any(|name| name == "leptos"), "{tree:?}");
    // Leptos itself names `url` and the linker drops it; ours must not use it.
    let named = tree::direct_in_browser("islands");
    assert!(!named.iter().any(|name| name == "url"), "it names url");
}

#[test]
fn the_practice_exchange_shares_nothing_with_the_product() {
    let tree = tree::all_of("kalends-simulator");
    for ours in [
        "kalends",
        "kalends-core",
        "kalends-exchange",
        "kalends-store",
        "app",
        "islands",
        "server",
        "xtask",
    ] {
        assert!(!tree.iter().any(|name| name == ours), "{ours}");
    }
    assert!(
        tree.iter().any(|name| name == "kalends-simulator"),
        "{tree:?}"
    );
}
