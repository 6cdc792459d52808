//! The directions that must never be broken, read from the source text and cargo's dependency trees.

#[path = "guards/circles.rs"]
mod circles;
#[path = "guards/definitions.rs"]
mod definitions;
#[path = "guards/dependencies.rs"]
mod dependencies;
#[path = "guards/floors.rs"]
mod floors;
#[path = "guards/function_length.rs"]
mod function_length;
#[path = "guards/imports.rs"]
mod imports;
#[path = "guards/mentions.rs"]
mod mentions;
#[path = "guards/module_tree.rs"]
mod module_tree;
#[path = "guards/resolution.rs"]
mod resolution;
#[path = "guards/source.rs"]
mod source;
#[path = "guards/terms.rs"]
mod terms;
#[path = "guards/tree.rs"]
mod tree;
#[path = "guards/type_names.rs"]
mod type_names;

use source::{Source, room, words};

/// Fails with every file and word that breaks a direction.
fn names_none_of(sources: &[Source], forbidden: &[&str]) {
    let found: Vec<String> = sources
        .iter()
        .flat_map(|source| source.find(|word| forbidden.contains(&word)))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

/// Fails with every module of the domain, `crate::x`, that a room names and must not know.
fn knows_none_of(sources: &[Source], forbidden: &[&str]) {
    let found: Vec<String> = sources
        .iter()
        .flat_map(|source| {
            source
                .modules()
                .into_iter()
                .map(move |module| (source, module))
        })
        .filter(|(_, module)| forbidden.contains(&module.as_str()))
        .map(|(source, module)| format!("{}: {module}", source.path))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_domain_names_neither_pages_nor_http_servers() {
    let frameworks = [
        "leptos",
        "leptos_axum",
        "leptos_router",
        "leptos_meta",
        "axum",
        "tower",
        "tower_http",
        "tower_sessions",
    ];
    names_none_of(&room("src"), &frameworks);
    let named = tree::direct_dependencies("kalends");
    assert!(
        !named
            .iter()
            .any(|name| frameworks.contains(&name.replace('-', "_").as_str())),
        "{named:?}"
    );
}

#[test]
fn pages_name_neither_database_nor_wire() {
    let machinery = [
        "sqlx",
        "reqwest",
        "hyper",
        "hyper_util",
        "quick_xml",
        "rustls",
        "tokio_rustls",
    ];
    names_none_of(&room("app/src"), &machinery);
    let named = tree::direct_dependencies("app");
    assert!(
        !named
            .iter()
            .any(|name| machinery.contains(&name.replace('-', "_").as_str())),
        "{named:?}"
    );
}

#[test]
fn the_server_holds_no_sql_and_no_view() {
    let server = room("server/src");
    names_none_of(
        &server,
        &["sqlx", "view", "SELECT", "INSERT", "UPDATE", "DELETE"],
    );
}

#[test]
fn only_who_uses_a_secret_opens_the_vault() {
    // The sign-in opens a key for one code, a webhook its address, custody to seal anew.
    let openers = [
        "src/connect",
        "src/custody",
        "src/factor",
        "src/notice/webhook",
        "src/sync",
        "src/vault",
    ];
    let found: Vec<String> = [room("src"), room("server/src"), room("app/src")]
        .into_iter()
        .flatten()
        .filter(|source| !openers.iter().any(|opener| source.path.starts_with(opener)))
        .filter(|source| source.code_without_spaces().contains(".open_secret("))
        .map(|source| source.path)
        .collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn the_store_never_sees_a_password() {
    names_none_of(&room("src/store"), &["Password"]);
}

#[test]
fn advice_depends_on_problem_alone() {
    // The last five are what the slots of a problem are made of.
    let known = [
        "advice",
        "problem",
        "account_name",
        "calendar",
        "clock",
        "endpoint",
        "mailbox",
    ];
    for source in room("src/advice") {
        for module in source.modules() {
            assert!(
                known.contains(&module.as_str()),
                "{} names {module}",
                source.path
            );
        }
    }
}

#[test]
fn ews_knows_no_store_no_user_no_vault_and_no_sentence() {
    let above = [
        "account",
        "advice",
        "audit",
        "check",
        "connect",
        "connection",
        "custody",
        "diagnose",
        "notice",
        "services",
        "setup",
        "sign_in",
        "store",
        "sync",
        "user",
        "vault",
    ];
    knows_none_of(&room("src/ews"), &above);
    knows_none_of(&room("src/auth"), &above);
    knows_none_of(&room("src/outbound"), &above);
    knows_none_of(&room("src/auth"), &["ews", "autodiscover"]);
    knows_none_of(&room("src/outbound"), &["ews", "autodiscover"]);
}

#[test]
fn the_ews_client_can_only_read() {
    let writing = [
        "ApplyConversationAction",
        "ArchiveItem",
        "CopyFolder",
        "CopyItem",
        "CreateAttachment",
        "CreateFolder",
        "CreateItem",
        "CreateManagedFolder",
        "DeleteAttachment",
        "DeleteFolder",
        "DeleteItem",
        "EmptyFolder",
        "ExportItems",
        "MarkAllItemsAsRead",
        "MarkAsJunk",
        "MoveFolder",
        "MoveItem",
        "SendItem",
        "SendNotification",
        "SetUserOofSettings",
        "UpdateFolder",
        "UpdateInboxRules",
        "UpdateItem",
        "UploadItems",
    ];
    let operations = room("src/ews");
    for operation in writing {
        for source in &operations {
            // As an element name in a request; response codes may hold such a word.
            let found = source.find(|word| word == operation);
            assert!(found.is_empty(), "{found:?}");
        }
    }
}

#[test]
fn only_the_outbound_room_makes_clients_of_other_hosts() {
    let outside: Vec<Source> = [room("src"), room("server/src"), room("app/src")]
        .into_iter()
        .flatten()
        .filter(|source| !source.path.starts_with("src/outbound"))
        .collect();
    names_none_of(
        &outside,
        &["TcpStream", "TlsConnector", "ClientBuilder", "UdpSocket"],
    );
}

#[test]
fn only_the_crate_root_of_the_domain_tells_server_from_browser() {
    let found: Vec<String> = room("src")
        .into_iter()
        .filter(|source| source.path != "src/lib.rs")
        .filter(|source| source.code_without_spaces().contains("feature=\"server\""))
        .map(|source| source.path)
        .collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
#[ignore = "src still holds more"]
fn the_application_has_few_rooms() {
    let entries = std::fs::read_dir(source::root().join("src")).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert!(names.len() <= 16, "{} entries: {names:?}", names.len());
}

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
    let named = [room("src/notice"), room("src/trouble"), room("app/src")];
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

#[test]
fn no_test_is_ignored() {
    for folder in ["src", "app", "server", "end2end/simulator", "xtask/src"] {
        for source in source::files(folder, &["rs"]) {
            assert!(
                !source.whole.contains(concat!("#[", "ignore")),
                "{}",
                source.path
            );
        }
    }
}

#[test]
fn files_stay_small() {
    let kinds = ["rs", "ts", "css", "py", "sql", "md"];
    let folders = [
        "src",
        "app",
        "server",
        "end2end",
        "xtask",
        "style",
        "migrations",
        "tests",
        "benches",
    ];
    let long: Vec<String> = folders
        .iter()
        .flat_map(|folder| source::files(folder, &kinds))
        .filter(|source| !source.path.contains("/fixtures/"))
        .filter(|source| source.whole.lines().count() > 450)
        .map(|source| source.path)
        .collect();
    assert!(long.is_empty(), "{long:?}");
}

#[test]
fn the_browser_downloads_no_server_machinery() {
    let tree = tree::browser();
    for heavy in [
        "tokio", "sqlx", "reqwest", "hyper", "axum", "rustls", "jiff",
    ] {
        assert!(
            !tree.iter().any(|name| name == heavy),
            "{heavy} is in the browser's dependency tree"
        );
    }
    assert!(tree.iter().any(|name| name == "leptos"), "{tree:?}");
    // Leptos itself names `url` and the linker drops it; ours must not use it.
    for ours in ["hydrate", "app", "kalends"] {
        let named = tree::direct_in_browser(ours);
        assert!(!named.iter().any(|name| name == "url"), "{ours} names url");
    }
}

#[test]
fn the_practice_exchange_shares_nothing_with_the_product() {
    let tree = tree::all_of("kalends-simulator");
    for ours in ["kalends", "app", "server", "hydrate", "xtask"] {
        assert!(!tree.iter().any(|name| name == ours), "{ours}");
    }
    assert!(
        tree.iter().any(|name| name == "kalends-simulator"),
        "{tree:?}"
    );
}

#[test]
fn the_guards_see_code_and_neither_comments_nor_unit_tests() {
    let text = "//! axum in words\nuse crate::{store::Store, vault};\nlet x = crate::sync::y(); // tower\n\
                let url = \"https://axum.example\";\n#[cfg(test)]\nmod tests { use leptos; }\n";
    let source = Source::new("src/x.rs", text);
    assert!(
        source
            .find(|word| word == "tower" || word == "leptos")
            .is_empty()
    );
    assert_eq!(source.find(|word| word == "axum"), ["src/x.rs:4: axum"]);
    assert_eq!(source.modules(), ["store", "sync", "vault"]);
    assert_eq!(words("a.b_c(d1)").collect::<Vec<_>>(), ["a", "b_c", "d1"]);
}

#[test]
fn the_guards_leave_out_files_that_are_unit_tests_and_no_others() {
    let declared = |path: &str, text: &str| Source::new(path, text).unit_tests();
    let beside = "mod a;\n#[cfg(test)]\n#[path = \"x_tests.rs\"]\nmod tests;\n";
    assert_eq!(declared("src/a/x.rs", beside), ["src/a/x_tests.rs"]);
    let below = "#[cfg(test)]\nmod tests;\n";
    assert_eq!(declared("src/a/x.rs", below), ["src/a/x/tests.rs"]);
    assert_eq!(declared("src/lib.rs", below), ["src/tests.rs"]);
    let code = "#[path = \"x_tests.rs\"]\nmod tests;\n#[cfg(test)]\nmod tests { mod b; }\nmod c;\n";
    assert!(declared("src/a/x.rs", code).is_empty());
    let server = room("server/src");
    let is_there = |name: &str| server.iter().any(|source| source.path.ends_with(name));
    assert!(is_there("connections/serve.rs") && !is_there("serve_tests.rs"));
}
