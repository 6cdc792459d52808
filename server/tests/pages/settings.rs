//! A bad setting stops the start with its name, its value and its cure, and never shows a secret.

use crate::program::{ALICE, Place};

#[test]
fn a_bad_setting_stops_the_start_with_name_value_and_cure() {
    for (name, value, cure) in [
        ("KALENDS_LISTEN", "everywhere", "127.0.0.1:3000"),
        ("KALENDS_LISTEN", "0.0.0.0:0", "KALENDS_TLS_CERT"),
        ("KALENDS_LISTEN", "[::]:0", "KALENDS_PUBLIC_URL"),
        ("KALENDS_PUBLIC_URL", "kalends.example.test", "https://"),
        (
            "KALENDS_PUBLIC_URL",
            "https://kalends.example.test/x",
            "https://kalends.example.com",
        ),
        (
            "KALENDS_PUBLIC_URL",
            "https://",
            "https://kalends.example.com",
        ),
        ("KALENDS_TRUSTED_PROXIES", "proxy", "10.0.0.0/8"),
        (
            "KALENDS_EXCHANGE_HOSTS",
            "https://mail.example.test",
            "mail.example.com",
        ),
        (
            "KALENDS_EXCHANGE_CONNECT_TO",
            "mail.example.test:443",
            "mail.example.com:443=10.0.0.5:443",
        ),
        ("KALENDS_EXCHANGE_CA_FILE", "/nowhere/ca.pem", "PEM"),
        ("KALENDS_SITE", "/nowhere", "cargo xtask build"),
        ("KALENDS_LOG", "kalends=loud", "info"),
        ("KALENDS_LOG", "warning", "warn is meant"),
        ("KALENDS_LOG", "kalend=debug", "kalends=debug"),
        ("KALENDS_LOG_FORMAT", "xml", "text or json"),
        ("KALENDS_METRICS_LISTEN", "everywhere", "127.0.0.1:9464"),
        ("KALENDS_VAULT_KEYS_FILE", "/etc", "Name a file"),
    ] {
        let mut place = Place::new();
        place.set(name, value);
        let ended = place.run(&["serve"], "");
        assert_eq!(ended.code, Some(1), "{name}={value}: {ended:?}");
        assert!(ended.err.starts_with("kalends: "), "{ended:?}");
        for part in [name, value, cure] {
            assert!(
                ended.err.contains(part),
                "{name}={value} lacks {part}: {}",
                ended.err
            );
        }
        assert!(!ended.out.contains("listens"), "{}", ended.out);
    }
}

#[test]
fn a_bad_setting_that_may_hold_a_secret_is_named_but_not_shown() {
    for (name, value, cure) in [
        (
            "KALENDS_DATABASE_URL",
            "mysql://kalends:hunter2@db.example.test",
            "postgres://",
        ),
        (
            "KALENDS_VAULT_DATABASE_URL",
            "mysql://kalends:hunter2@db.example.test",
            "postgres://",
        ),
        (
            "KALENDS_PUBLIC_URL",
            "https://alice:hunter2@kalends.example.test",
            "host alone",
        ),
        ("KALENDS_VAULT_KEYS", "k1:hunter2", "openssl rand"),
        ("KALENDS_VAULT_KEYS", "", "holds no key"),
    ] {
        let mut place = Place::new();
        place.set(name, value);
        let ended = place.run(&["serve"], "");
        assert_eq!(ended.code, Some(1), "{name}: {ended:?}");
        assert!(
            ended.err.starts_with(&format!("kalends: {name}")),
            "{}",
            ended.err
        );
        assert!(ended.err.contains(cure), "{}", ended.err);
        assert!(!ended.err.contains("hunter2"), "{}", ended.err);
    }
}

#[test]
fn main_database_and_vault_may_not_be_one() {
    let mut place = Place::new();
    let url = place.settings["KALENDS_DATABASE_URL"].clone();
    place.set("KALENDS_VAULT_DATABASE_URL", &url);
    let ended = place.run(&["serve"], "");
    assert_eq!(ended.code, Some(1));
    assert!(ended.err.contains("a database of its own"), "{}", ended.err);
}

#[tokio::test]
async fn a_port_in_use_is_told_in_a_clear_sentence() {
    let place = Place::of(&[ALICE]);
    let first = place.start().await;
    let mut second = Place::new();
    second.set("KALENDS_LISTEN", first.authority());
    let ended = second.run(&["serve"], "");
    assert_eq!(ended.code, Some(1));
    let port = first.authority().rsplit_once(':').unwrap().1;
    let sentence = format!("port {port} is in use by another program. Stop it, or choose another");
    assert!(ended.err.contains(&sentence), "{}", ended.err);
}

#[test]
fn the_port_of_a_flag_wins_over_the_environment() {
    let mut place = Place::new();
    place.set("KALENDS_LISTEN", "127.0.0.1:0");
    let ended = place.run(&["serve", "--listen", "nowhere"], "");
    assert!(
        ended.err.contains("KALENDS_LISTEN is \"nowhere\""),
        "{}",
        ended.err
    );
}

#[test]
fn help_lists_every_setting() {
    let place = Place::new();
    for words in [&["--help"][..], &["serve", "--help"]] {
        let help = place.run(words, "");
        assert_eq!(help.code, Some(0));
        for name in [
            "KALENDS_LISTEN",
            "KALENDS_PUBLIC_URL",
            "KALENDS_DATABASE_URL",
            "KALENDS_VAULT_DATABASE_URL",
            "KALENDS_VAULT_KEYS",
            "KALENDS_VAULT_KEYS_FILE",
            "KALENDS_TLS_CERT",
            "KALENDS_TLS_KEY",
            "KALENDS_TRUSTED_PROXIES",
            "KALENDS_EXCHANGE_HOSTS",
            "KALENDS_EXCHANGE_CONNECT_TO",
            "KALENDS_EXCHANGE_CA_FILE",
            "KALENDS_LOG",
            "KALENDS_LOG_FORMAT",
            "KALENDS_METRICS_LISTEN",
        ] {
            assert!(
                help.out.contains(name),
                "{words:?} lacks {name}:\n{}",
                help.out
            );
        }
    }
}

#[test]
fn help_tells_the_format_of_the_keys() {
    for words in [&["--help"][..], &["serve", "--help"]] {
        let help = Place::new().run(words, "").out;
        // Lines end wherever the terminal does.
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in ["32 bytes in base64", "openssl", "last one seals"] {
            assert!(help.contains(part), "{words:?} {part}: {help}");
        }
    }
}

#[test]
fn a_setting_that_does_not_exist_is_told_with_the_nearest_name() {
    let mut place = Place::new();
    for (name, nearest) in [
        ("KALENDS_DATABSE_URL", Some("KALENDS_DATABASE_URL")),
        ("KALENDS_PUBLICURL", Some("KALENDS_PUBLIC_URL")),
        ("KALENDS_TRUSTED_PROXY", Some("KALENDS_TRUSTED_PROXIES")),
        ("kalends_listen", Some("KALENDS_LISTEN")),
        ("KALENDS_SMTP", Some("KALENDS_SMTP_URL")),
        ("KALENDS_CA_FILE", Some("KALENDS_EXCHANGE_CA_FILE")),
        ("KALENDS_FOO", None),
        ("KALENDS_WHATEVER_THIS_IS_MEANT_TO_DO", None),
    ] {
        place.set(name, "s3cret-value");
        let ended = place.run(&["user", "list"], "");
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let line = ended.err.lines().find(|line| line.contains(name));
        let line = line.unwrap_or_else(|| panic!("{name}: {}", ended.err));
        match nearest {
            Some(nearest) => assert!(line.contains(&format!("Is {nearest} meant?")), "{line}"),
            None => assert!(line.contains("kalends --help"), "{line}"),
        }
        assert!(!ended.err.contains("s3cret-value"), "{}", ended.err);
    }
    // What exists is not told, however it is set.
    for line in Place::new().run(&["user", "list"], "").err.lines() {
        assert!(!line.contains("no such setting"), "{line}");
    }
}

#[test]
fn logs_in_files_have_no_colours() {
    for format in ["text", "json"] {
        let mut place = Place::new();
        place.set("KALENDS_LOG_FORMAT", format);
        place.set("KALENDS_LISTENS", "x");
        let ended = place.run(&["user", "list"], "");
        assert!(ended.err.contains("KALENDS_LISTENS"), "{}", ended.err);
        assert!(!ended.err.contains('\u{1b}'), "{}", ended.err);
    }
}

#[test]
fn a_file_that_is_no_database_and_keys_that_are_none_are_told_in_their_own_words() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let (text, folder) = (place.path().join("notes.txt"), place.path().join("folder"));
    let keys = place.path().join("own.keys");
    std::fs::write(&text, "These are notes and no database. ".repeat(200)).unwrap();
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(&keys, "no key at all\n").unwrap();
    std::fs::set_permissions(&keys, std::fs::Permissions::from_mode(0o600)).unwrap();
    let url = |path: &std::path::Path| format!("sqlite://{}", path.display());
    let keys = keys.display().to_string();
    for (name, value, parts) in [
        (
            "KALENDS_DATABASE_URL",
            url(&text),
            ["KALENDS_DATABASE_URL: ", "file is not a database"],
        ),
        (
            "KALENDS_VAULT_DATABASE_URL",
            url(&text),
            ["KALENDS_VAULT_DATABASE_URL: ", "file is not a database"],
        ),
        (
            "KALENDS_DATABASE_URL",
            url(&folder),
            ["KALENDS_DATABASE_URL: ", "is a folder"],
        ),
        (
            "KALENDS_VAULT_KEYS_FILE",
            keys.clone(),
            ["KALENDS_VAULT_KEYS_FILE: ", "own.keys: key 1 is not"],
        ),
    ] {
        let mut place = Place::new();
        place.settings.remove("KALENDS_VAULT_KEYS");
        place.set(name, &value);
        let ended = place.run(&["user", "list"], "");
        assert_eq!(ended.code, Some(1), "{name}={value}: {ended:?}");
        for part in parts {
            assert!(
                ended.err.contains(part),
                "{name}={value} lacks {part}: {}",
                ended.err
            );
        }
        for other in [
            "ERROR",
            "it does not answer",
            "hard link",
            "check that the server runs",
        ] {
            assert!(
                !ended.err.contains(other),
                "{name}={value} has {other}: {}",
                ended.err
            );
        }
    }
}
