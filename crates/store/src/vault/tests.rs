use super::*;
use kalends_core::{account_name::AccountName, clock::Timestamp};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

const NOW: Timestamp = Timestamp::from_seconds(1_772_438_400);

/// A vault in a folder, with keys made of these bytes or, without any, from the folder's key file.
async fn open(folder: &Path, keys: &[u8]) -> Result<Vault, VaultError> {
    let text = keys
        .iter()
        .map(|byte| format!("k{byte}:{}", BASE64.encode([*byte; 32])))
        .collect::<Vec<_>>()
        .join(",");
    let source = KeySource {
        keys: (!keys.is_empty()).then(|| text.into()),
        file: None,
        new_file: folder.join("vault.keys"),
    };
    let url = format!("sqlite://{}", folder.join("vault.db").display());
    Vault::open(&url, &source, Random::from_system()).await
}

fn to(host: &str, account: &str) -> Destination {
    Destination::new(host, &AccountName::parse(account, "").unwrap())
}

fn place() -> Destination {
    to("mail.example.test", "svc-kalends@example.test")
}

async fn sealed(vault: &Vault) -> SecretId {
    let password = Password::from("Practice-2026!".to_owned());
    let id = SecretId::new(NOW, Random::from_system().bytes());
    vault.seal(id, &password, &place()).await.unwrap();
    id
}

async fn opens(vault: &Vault, id: SecretId, to: &Destination) -> bool {
    match vault.open_secret(id, to).await {
        Ok(password) => password.reveal() == "Practice-2026!",
        Err(VaultError::Missing | VaultError::Key(KeyError::Missing(_))) => false,
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_password_opens_only_for_the_host_and_account_it_was_sealed_for() {
    let folder = tempfile::tempdir().unwrap();
    let vault = open(folder.path(), &[1]).await.unwrap();
    let id = sealed(&vault).await;
    assert!(opens(&vault, id, &place()).await);
    assert!(
        opens(
            &vault,
            id,
            &to("mail.example.test", "SVC-Kalends@example.test")
        )
        .await
    );
    for other in [
        to("alt.example.test", "svc-kalends@example.test"),
        to("mail.example.test", "svc-norole@example.test"),
        to("mail.example.tests", "vc-kalends@example.test"),
    ] {
        assert!(!opens(&vault, id, &other).await, "{other:?}");
    }
    let stored: String = sqlx::query("SELECT sealed FROM secrets")
        .fetch_one(vault.pool())
        .await
        .unwrap()
        .get(0);
    assert!(!stored.contains("Practice"));
}

#[tokio::test]
async fn a_row_that_was_moved_cut_or_changed_does_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let vault = open(folder.path(), &[1]).await.unwrap();
    let (one, two) = (sealed(&vault).await, sealed(&vault).await);
    sqlx::query(
        "UPDATE secrets SET sealed = (SELECT sealed FROM secrets WHERE id = $2) WHERE id = $1",
    )
    .bind(one.to_string())
    .bind(two.to_string())
    .execute(vault.pool())
    .await
    .unwrap();
    assert!(!opens(&vault, one, &place()).await);
    assert!(opens(&vault, two, &place()).await);
    for tampering in [
        "UPDATE secrets SET sealed = substr(sealed, 1, 40)",
        "UPDATE secrets SET sealed = ''",
        "UPDATE secrets SET sealed = 'no base64'",
        "UPDATE secrets SET key_id = 'k9'",
        "UPDATE secrets SET purpose = 'another'",
        "DELETE FROM secrets",
    ] {
        sqlx::query(tampering).execute(vault.pool()).await.unwrap();
        assert!(!opens(&vault, one, &place()).await, "{tampering}");
        assert!(!opens(&vault, two, &place()).await, "{tampering}");
    }
}

#[tokio::test]
async fn an_old_key_opens_while_the_newest_seals() {
    let folder = tempfile::tempdir().unwrap();
    let old = sealed(&open(folder.path(), &[1]).await.unwrap()).await;
    let vault = open(folder.path(), &[1, 2]).await.unwrap();
    let new = sealed(&vault).await;
    assert!(opens(&vault, old, &place()).await && opens(&vault, new, &place()).await);
    assert!(vault.is_stale(old).await.unwrap());
    assert!(!vault.is_stale(new).await.unwrap());

    let told = open(folder.path(), &[2]).await.unwrap_err().to_string();
    let old_key = &vault.key_ids()[0];
    assert!(
        told.contains(&format!("sealed with the key {old_key}")),
        "{told}"
    );
    vault.forget(old).await.unwrap();
    let vault = open(folder.path(), &[2]).await.unwrap();
    assert!(opens(&vault, new, &place()).await);
}

#[tokio::test]
async fn another_key_under_the_same_name_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    sealed(&open(folder.path(), &[1]).await.unwrap()).await;
    let source = KeySource {
        keys: Some(format!("k1:{}", BASE64.encode([2; 32])).into()),
        file: None,
        new_file: folder.path().join("unused"),
    };
    let url = format!("sqlite://{}", folder.path().join("vault.db").display());
    let refused = Vault::open(&url, &source, Random::from_system()).await;
    let refused = refused.unwrap_err();
    assert!(
        matches!(refused, VaultError::Key(KeyError::Missing(_))),
        "{refused}"
    );
}

#[tokio::test]
async fn a_key_file_is_made_for_its_owner_alone_and_only_beside_an_empty_vault() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vault.keys");
    let id = sealed(&open(folder.path(), &[]).await.unwrap()).await;
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let vault = open(folder.path(), &[]).await.unwrap();
    assert!(
        opens(&vault, id, &place()).await,
        "the same key is found again"
    );

    fs::remove_file(&file).unwrap();
    let error = open(folder.path(), &[]).await.unwrap_err();
    assert!(
        matches!(error, VaultError::Key(KeyError::Needed)),
        "{error}"
    );
    assert!(!file.exists());
}

#[tokio::test]
async fn a_named_key_file_that_cannot_be_read_is_told_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    sealed(&open(folder.path(), &[1]).await.unwrap()).await;
    let source = KeySource {
        keys: None,
        file: Some(folder.path().join("elsewhere.keys")),
        new_file: folder.path().join("vault.keys"),
    };
    let url = format!("sqlite://{}", folder.path().join("vault.db").display());
    let told = Vault::open(&url, &source, Random::from_system()).await;
    let told = told.unwrap_err().to_string();
    assert!(
        told.contains("KALENDS_VAULT_KEYS_FILE") && told.contains("elsewhere.keys"),
        "{told}"
    );
}

#[tokio::test]
async fn a_key_file_that_others_can_read_is_refused_with_the_cure() {
    let folder = tempfile::tempdir().unwrap();
    sealed(&open(folder.path(), &[]).await.unwrap()).await;
    let file = folder.path().join("vault.keys");
    for mode in [0o644, 0o640, 0o604, 0o620, 0o660] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let told = open(folder.path(), &[]).await.unwrap_err().to_string();
        assert!(
            told.contains("chmod 600") && told.contains("vault.keys"),
            "{told}"
        );
    }
    for mode in [0o600, 0o400] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        open(folder.path(), &[]).await.unwrap();
    }
}
