//! The keys of the vault: lines of base64, all of which open and the last of which seals. The id of a key is derived from
//! the key itself, so that no other key can stand under its id.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use kalends_core::random::Random;
use sha2::{Digest, Sha256};
use std::{
    fmt, fs,
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Where the keys of a vault come from.
#[derive(Debug)]
pub struct KeySource {
    /// The text of `KALENDS_VAULT_KEYS`.
    pub keys: Option<Zeroizing<String>>,
    pub file: Option<PathBuf>,
    /// Made, mode 0600, if there is neither and the vault is an empty `SQLite` file.
    pub new_file: PathBuf,
}

/// Why there are no usable keys. Never holds one.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error(
        "KALENDS_VAULT_KEYS: key {0} is not 32 bytes in base64, with or without a name and a colon before it. Make one with: openssl rand -base64 32"
    )]
    Unreadable(usize),
    #[error("KALENDS_VAULT_KEYS: key {0} stands there twice. Take one of the two lines out")]
    Twice(usize),
    #[error(
        "KALENDS_VAULT_KEYS: it holds no key. Write 32 bytes in base64, such as openssl rand -base64 32 makes"
    )]
    None,
    #[error(
        "KALENDS_VAULT_KEYS_FILE: {path} can be read by others on this machine (mode {mode:03o}). Run: chmod 600 {path}"
    )]
    Open { path: String, mode: u32 },
    #[error(
        "KALENDS_VAULT_KEYS_FILE: {path} cannot be used ({error}). Name a file that Kalends can read"
    )]
    File { path: String, error: std::io::Error },
    #[error(
        "KALENDS_VAULT_KEYS: the vault holds passwords sealed with the key {0}, and that key is not here (ids are derived from the keys). Put it back, from your backup of the keys. If it is lost for good, its passwords are too: point KALENDS_VAULT_DATABASE_URL to a new place and run: kalends vault adopt"
    )]
    Missing(String),
    #[error(
        "KALENDS_VAULT_KEYS: this vault needs its keys. Set KALENDS_VAULT_KEYS or KALENDS_VAULT_KEYS_FILE; keys are made by themselves only beside a new SQLite vault"
    )]
    Needed,
    /// What is wrong with the keys of a file.
    #[error("{}", of_file(.path, .error))]
    InFile { path: String, error: Box<KeyError> },
}

fn of_file(path: &str, error: &KeyError) -> String {
    let named = format!("KALENDS_VAULT_KEYS_FILE: {path}:");
    error.to_string().replacen("KALENDS_VAULT_KEYS:", &named, 1)
}

/// At least one key; wiped when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct VaultKeys {
    /// The last one seals.
    keys: Vec<(String, [u8; 32])>,
    newest: (String, [u8; 32]),
}

impl VaultKeys {
    /// From the environment, else from the file, else new ones where that is allowed.
    pub(super) fn load(
        source: &KeySource,
        may_make: bool,
        random: &Random,
    ) -> Result<Self, KeyError> {
        if let Some(text) = &source.keys {
            return Self::parse(text);
        }
        let named = source.file.is_some();
        let path = source.file.as_ref().unwrap_or(&source.new_file);
        match fs::read_to_string(path).map(Zeroizing::new) {
            Ok(text) => {
                refuse_open_to_others(path)?;
                Self::parse(&text).map_err(|error| KeyError::InFile {
                    path: path.display().to_string(),
                    error: Box::new(error),
                })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && may_make => {
                make(path, random)
            }
            Err(error) if named => Err(KeyError::File {
                path: path.display().to_string(),
                error,
            }),
            Err(_) => Err(KeyError::Needed),
        }
    }

    /// Reads keys separated by commas or line ends, oldest first; lines that begin with `#` are remarks.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut keys: Vec<(String, [u8; 32])> = Vec::new();
        let lines = text
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'))
            .flat_map(|line| line.split(','))
            .map(str::trim)
            .filter(|entry| !entry.is_empty());
        for (number, line) in lines.enumerate() {
            let unreadable = KeyError::Unreadable(number + 1);
            // A name before it is a remark for people.
            let key = line.rsplit_once(':').map_or(line, |(_, key)| key);
            let Ok(bytes) = BASE64.decode(key.trim()).map(Zeroizing::new) else {
                return Err(unreadable);
            };
            let Ok(key) = <[u8; 32]>::try_from(bytes.as_slice()) else {
                return Err(unreadable);
            };
            let id = derived_id(&key);
            if keys.iter().any(|(known, _)| *known == id) {
                return Err(KeyError::Twice(number + 1));
            }
            keys.push((id, key));
        }
        let newest = keys.last().cloned().ok_or(KeyError::None)?;
        Ok(Self { keys, newest })
    }

    pub(super) const fn newest(&self) -> (&String, &[u8; 32]) {
        (&self.newest.0, &self.newest.1)
    }

    /// The ids of all keys.
    pub(super) fn newest_first(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().rev().map(|(id, _)| id.as_str())
    }

    /// The ids of all keys, the newest last.
    pub(super) fn ids(&self) -> Vec<String> {
        self.keys.iter().map(|(id, _)| id.clone()).collect()
    }

    pub(super) fn get(&self, id: &str) -> Option<&[u8; 32]> {
        self.keys
            .iter()
            .find(|(known, _)| known == id)
            .map(|(_, key)| key)
    }
}

/// The first eight bytes, in hex, of a hash of the key; nothing can be learned from it.
fn derived_id(key: &[u8; 32]) -> String {
    let hash = Sha256::new()
        .chain_update(b"kalends vault key id\0")
        .chain_update(key)
        .finalize();
    hex::encode(&hash[..8])
}

/// A key file that others on the machine can read is no secret.
fn refuse_open_to_others(path: &Path) -> Result<(), KeyError> {
    let mode = fs::metadata(path).map_or(0, |it| it.permissions().mode() & 0o777);
    let of_others = mode & 0o077;
    if of_others == 0 {
        return Ok(());
    }
    let path = path.display().to_string();
    Err(KeyError::Open { path, mode })
}

impl fmt::Debug for VaultKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.keys.iter().map(|(id, _)| id))
            .finish()
    }
}

/// Makes a key file; the file is there whole or not at all.
fn make(path: &Path, random: &Random) -> Result<VaultKeys, KeyError> {
    let failed = |error| KeyError::File {
        path: path.display().to_string(),
        error,
    };
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let key = Zeroizing::new(random.bytes::<32>());
    let text = Zeroizing::new(format!(
        "# The keys of Kalends' vault. Back this file up, apart from the databases: without it no password opens.\n{}\n",
        BASE64.encode(key.as_slice())
    ));
    let draft = path.with_extension("new");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)
        .map_err(failed)?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    fs::rename(&draft, path).map_err(failed)?;
    VaultKeys::parse(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_keys_open_and_the_last_seals() {
        let (old, new) = (BASE64.encode([1; 32]), BASE64.encode([2; 32]));
        let keys =
            VaultKeys::parse(&format!("# oldest, first\nk1:{old}\nk2:{new}\n")).expect("keys");
        let ids = [derived_id(&[1; 32]), derived_id(&[2; 32])];
        assert_eq!(*keys.newest().0, ids[1]);
        assert_eq!(keys.get(&ids[0]), Some(&[1; 32]));
        assert_eq!(format!("{keys:?}"), format!("{ids:?}"));
        // A name says nothing of a key.
        let other = VaultKeys::parse(&format!("k1:{new}")).expect("keys");
        assert_eq!(other.get(&ids[0]), None);
        assert_eq!(other.ids(), [ids[1].clone()]);
    }

    #[test]
    fn bad_keys_are_named_by_their_number_and_never_shown() {
        let good = BASE64.encode([1; 32]);
        for (text, wanted) in [
            ("", "it holds no key"),
            ("k1", "key 1 is not"),
            (&format!("k1:{good},k2:c2VjcmV0"), "key 2 is not"),
            (&format!("{good},c2VjcmV0"), "key 2 is not"),
            (&format!("k1:{good},k2:{good}"), "key 2 stands there twice"),
        ] {
            let told = VaultKeys::parse(text).expect_err("bad").to_string();
            assert!(told.contains(wanted), "{told}");
            assert!(!told.contains("c2VjcmV0"));
        }
    }
}
