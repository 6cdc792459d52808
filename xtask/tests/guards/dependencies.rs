//! What deny.toml asks of every dependency: its licence, its name and where it comes from. cargo-deny reads the same
//! file; a key that this guard does not hold is refused, lest the two say different things.

use crate::source::root;
use cargo_metadata::{Metadata, MetadataCommand};
use serde::Deserialize;
use spdx::{Expression, LicenseReq, ParseMode};
use std::{cell::RefCell, collections::BTreeSet, fs};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Rules {
    graph: Graph,
    licenses: Licences,
    bans: Bans,
    sources: Sources,
    /// Known only to cargo-deny, which fetches them.
    #[expect(dead_code, reason = "the guard cannot hold it")]
    advisories: toml::Table,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Graph {
    all_features: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Licences {
    allow: Vec<String>,
    unused_allowed_license: Level,
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Bans {
    multiple_versions: Level,
    wildcards: Level,
    allow_wildcard_paths: bool,
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ban {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Sources {
    unknown_registry: Level,
    unknown_git: Level,
    allow_registry: Vec<String>,
    allow_git: Vec<String>,
}

#[derive(Deserialize, PartialEq, Debug)]
#[serde(rename_all = "kebab-case")]
enum Level {
    Deny,
    Allow,
}

/// What the rules speak about.
struct Package {
    name: String,
    licence: Option<String>,
    /// `None` for our own.
    source: Option<String>,
    /// Dependencies from a registry with any version at all.
    any_version: Vec<String>,
}

fn packages(metadata: Metadata) -> Vec<Package> {
    let packages = metadata.packages.into_iter();
    packages
        .map(|package| Package {
            any_version: package
                .dependencies
                .iter()
                .filter(|it| it.path.is_none() && it.req.to_string() == "*")
                .map(|it| it.name.clone())
                .collect(),
            name: package.name.to_string(),
            licence: package.license,
            source: package.source.map(|source| source.repr),
        })
        .collect()
}

/// Every break of the rules, in words.
fn broken(rules: &Rules, packages: &[Package]) -> Vec<String> {
    let mut found = licences_broken(&rules.licenses, packages);
    for package in packages {
        let name = &package.name;
        let ban = rules.bans.deny.iter().find(|ban| ban.name == *name);
        found.extend(ban.map(|ban| format!("{name} is banned: {}", ban.reason)));
        if let Some(source) = &package.source
            && !is_allowed(&rules.sources, source)
        {
            found.push(format!("{name} comes from {source}"));
        }
        // A registry lets nobody publish one, so only ours can ask for any version.
        if package.source.is_none() {
            let any = package.any_version.iter();
            found.extend(any.map(|other| format!("{name} takes any version of {other}")));
        }
    }
    found
}

fn is_allowed(sources: &Sources, source: &str) -> bool {
    let is_one_of = |kind: &str, allowed: &[String]| {
        let address = source.strip_prefix(kind);
        address.is_some_and(|address| allowed.iter().any(|it| it == address))
    };
    is_one_of("registry+", &sources.allow_registry) || is_one_of("git+", &sources.allow_git)
}

fn licences_broken(rules: &Licences, packages: &[Package]) -> Vec<String> {
    let used = RefCell::new(BTreeSet::new());
    let mut found = Vec::new();
    for package in packages {
        let name = &package.name;
        let exception = rules.exceptions.iter().find(|it| it.name == *name);
        let excepted = exception.map_or(&[][..], |it| &it.allow);
        let is_accepted = |asked: &LicenseReq| {
            let asked = asked.to_string();
            if excepted.contains(&asked) {
                used.borrow_mut().insert(name.clone());
                return true;
            }
            let is_allowed = rules.allow.contains(&asked);
            if is_allowed {
                used.borrow_mut().insert(asked);
            }
            is_allowed
        };
        match &package.licence {
            None => found.push(format!("{name} names no licence")),
            Some(text) => match Expression::parse_mode(text, ParseMode::LAX) {
                Err(error) => {
                    found.push(format!("{name}: {text} cannot be read: {}", error.reason));
                }
                Ok(licence) if !licence.evaluate(is_accepted) => {
                    found.push(format!("{name} is under {text}"));
                }
                Ok(_) => {}
            },
        }
    }
    let used = used.into_inner();
    let exceptions = rules.exceptions.iter().map(|it| &it.name);
    let unused = rules
        .allow
        .iter()
        .chain(exceptions)
        .filter(|it| !used.contains(*it));
    found.extend(unused.map(|it| format!("nothing needs what deny.toml allows for {it}")));
    found
}

fn rules() -> Rules {
    let text = fs::read_to_string(root().join("deny.toml"))
        .unwrap_or_else(|error| panic!("deny.toml: {error}"));
    toml::from_str(&text).unwrap_or_else(|error| panic!("deny.toml: {error}"))
}

#[test]
fn every_dependency_keeps_the_rules_of_deny_toml() {
    let metadata = MetadataCommand::new()
        .current_dir(root())
        .features(cargo_metadata::CargoOpt::AllFeatures)
        .exec()
        .unwrap();
    let found = broken(&rules(), &packages(metadata));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_guard_holds_every_rule_of_deny_toml() {
    let rules = rules();
    assert!(rules.graph.all_features && rules.bans.allow_wildcard_paths);
    assert_eq!(rules.bans.multiple_versions, Level::Allow);
    let denied = [
        rules.licenses.unused_allowed_license,
        rules.bans.wildcards,
        rules.sources.unknown_registry,
        rules.sources.unknown_git,
    ];
    assert!(
        denied.iter().all(|level| *level == Level::Deny),
        "{denied:?}"
    );
}

#[test]
fn what_breaks_a_rule_of_deny_toml_is_found() {
    let rules: Rules = toml::from_str(
        r#"
        [graph]
        all-features = true
        [advisories]
        [licenses]
        allow = ["MIT", "Zlib", "ISC"]
        unused-allowed-license = "deny"
        exceptions = [{ crate = "parser", allow = ["MPL-2.0"] }]
        [bans]
        multiple-versions = "allow"
        wildcards = "deny"
        allow-wildcard-paths = true
        deny = [{ crate = "openssl-sys", reason = "no library of the system" }]
        [sources]
        unknown-registry = "deny"
        unknown-git = "deny"
        allow-registry = ["https://crates.test/index"]
        allow-git = []
        "#,
    )
    .unwrap();
    let package = |name: &str, licence: &str, source: &str| Package {
        name: name.to_owned(),
        licence: Some(licence.to_owned()).filter(|it| !it.is_empty()),
        source: Some(source.to_owned()).filter(|it| !it.is_empty()),
        any_version: vec!["loose".to_owned()],
    };
    let registry = "registry+https://crates.test/index";
    let packages = [
        package("fine", "MIT/Apache-2.0", registry),
        package("both", "Zlib AND MIT", registry),
        package("parser", "MPL-2.0", registry),
        package("other", "MPL-2.0", registry),
        package("half", "MIT AND GPL-3.0-only", registry),
        package("bare", "", registry),
        package("odd", "as you like", registry),
        package("openssl-sys", "MIT", registry),
        package("fork", "MIT", "git+https://git.test/fork#0"),
        package("mirror", "MIT", "registry+https://mirror.test/index"),
        package("ours", "MIT", ""),
    ];
    let found = broken(&rules, &packages);
    assert_eq!(
        found,
        [
            "other is under MPL-2.0",
            "half is under MIT AND GPL-3.0-only",
            "bare names no licence",
            "odd: as you like cannot be read: unknown term",
            "nothing needs what deny.toml allows for ISC",
            "openssl-sys is banned: no library of the system",
            "fork comes from git+https://git.test/fork#0",
            "mirror comes from registry+https://mirror.test/index",
            "ours takes any version of loose",
        ]
    );
}
