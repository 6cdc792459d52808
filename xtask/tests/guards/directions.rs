//! Directions within the crates, which the compiler does not know: who opens a secret, who calls out, and that the client
//! can only read.

use crate::source::{Source, room, root};
use std::fs;

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
        "crates/store/src/vault",
        "src/accounts/custody",
        "src/connect",
        "src/notify/webhook",
        "src/people/two_factor",
        "src/sync",
    ];
    let found: Vec<String> = [
        room("src"),
        room("crates"),
        room("server/src"),
        room("app/src"),
    ]
    .into_iter()
    .flatten()
    .filter(|source| !openers.iter().any(|opener| source.path.starts_with(opener)))
    .filter(|source| source.code_without_spaces().contains(".open_secret("))
    .map(|source| source.path)
    .collect();
    assert!(found.is_empty(), "{found:?}");
}

/// The main database holds what is sealed. The vault opens, and an address of a database holds a password itself.
#[test]
fn the_store_never_sees_a_password() {
    let allowed = ["crates/store/src/vault/", "crates/store/src/database/"];
    let store: Vec<Source> = room("crates/store/src")
        .into_iter()
        .filter(|source| !allowed.iter().any(|start| source.path.starts_with(start)))
        .collect();
    assert!(store.len() > 20, "{}", store.len());
    names_none_of(&store, &["Password"]);
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
    for source in room("crates/core/src/advice") {
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
fn what_speaks_to_exchange_holds_no_sentence_for_people() {
    names_none_of(&room("crates/exchange/src"), &["advice"]);
}

#[test]
fn connections_and_sign_ins_know_no_protocol_above_them() {
    let above = ["autodiscover", "diagnose", "ews"];
    knows_none_of(&room("crates/exchange/src/auth"), &above);
    knows_none_of(&room("crates/exchange/src/outbound"), &above);
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
    let operations = room("crates/exchange/src/ews");
    let named = fs::read_to_string(root().join("crates/exchange/src/ews/operation_name.rs"));
    let named = named.expect("the file of operations");
    let variants = named
        .split_once("pub enum OperationName {")
        .expect("the enum")
        .1;
    let variants = variants.split_once('}').expect("its end").0;
    let variants: Vec<&str> = variants
        .lines()
        .filter_map(|line| line.trim().strip_suffix(','))
        .collect();
    assert_eq!(variants, ["GetFolder", "FindItem"]);
    for operation in writing
        .into_iter()
        .chain(["SyncFolderHierarchy", "msgfolderroot"])
    {
        for source in &operations {
            // As an element name in a request; response codes may hold such a word.
            let found = source.find(|word| word == operation);
            assert!(found.is_empty(), "{found:?}");
        }
    }
}

#[test]
fn only_the_outbound_room_makes_clients_of_other_hosts() {
    let outside: Vec<Source> = [
        room("src"),
        room("crates"),
        room("server/src"),
        room("app/src"),
    ]
    .into_iter()
    .flatten()
    .filter(|source| !source.path.starts_with("crates/exchange/src/outbound"))
    .collect();
    names_none_of(
        &outside,
        &["TcpStream", "TlsConnector", "ClientBuilder", "UdpSocket"],
    );
}
