//! The keys of the vault: `id:base64` lines, all of which open and the last of which seals.

use super::KeySource;
use crate::random::Random;
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use std::{fmt, fs, io::Write, os::unix::fs::OpenOptionsExt, path::Path};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Why there are no usable keys. Never holds one.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error(
        "KALENDS_VAULT_KEYS: key {0} is not id:key, where key is 32 bytes in base64. Make one with: openssl rand -base64 32"
    )]
    Unreadable(usize),
    #[error(
        "KALENDS_VAULT_KEYS: the key id {0} stands there twice. Give each key an id of its own"
    )]
    Twice(String),
    #[error("KALENDS_VAULT_KEYS: it holds no key. Write id:key, where key is 32 bytes in base64")]
    None,
    #[error(
        "KALENDS_VAULT_KEYS_FILE: {path} cannot be used ({error}). Name a file that Kalends can read"
    )]
    File { path: String, error: std::io::Error },
    #[error(
        "KALENDS_VAULT_KEYS: the vault holds passwords sealed with the key {0}, and that key is not here. Put it back, from your backup of the keys"
    )]
    Missing(String),
    #[error(
        "KALENDS_VAULT_KEYS: this vault needs its keys. Set KALENDS_VAULT_KEYS or KALENDS_VAULT_KEYS_FILE; keys are made by themselves only beside a new SQLite vault"
    )]
    Needed,
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
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&Zeroizing::new(text)),
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
            let Some((id, key)) = line.split_once(':') else {
                return Err(unreadable);
            };
            let Ok(bytes) = BASE64.decode(key.trim()).map(Zeroizing::new) else {
                return Err(unreadable);
            };
            let Ok(key) = <[u8; 32]>::try_from(bytes.as_slice()) else {
                return Err(unreadable);
            };
            let id = id.trim();
            if id.is_empty()
                || id.len() > 40
                || !id
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
            {
                return Err(unreadable);
            }
            if keys.iter().any(|(known, _)| known == id) {
                return Err(KeyError::Twice(id.to_owned()));
            }
            keys.push((id.to_owned(), key));
        }
        let newest = keys.last().cloned().ok_or(KeyError::None)?;
        Ok(Self { keys, newest })
    }

    pub(super) const fn newest(&self) -> (&String, &[u8; 32]) {
        (&self.newest.0, &self.newest.1)
    }

    pub(super) fn get(&self, id: &str) -> Option<&[u8; 32]> {
        self.keys
            .iter()
            .find(|(known, _)| known == id)
            .map(|(_, key)| key)
    }
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
        "# The keys of Kalends' vault. Back this file up, apart from the databases: without it no password opens.\nk1:{}\n",
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
        assert_eq!(keys.newest().0, "k2");
        assert_eq!(keys.get("k1"), Some(&[1; 32]));
        assert_eq!(format!("{keys:?}"), r#"["k1", "k2"]"#);
    }

    #[test]
    fn bad_keys_are_named_by_their_number_and_never_shown() {
        let good = BASE64.encode([1; 32]);
        for (text, wanted) in [
            ("", "it holds no key"),
            ("k1", "key 1 is not"),
            (&format!("k1:{good},k2:c2VjcmV0"), "key 2 is not"),
            (&format!("k1:{good},k1:{good}"), "k1 stands there twice"),
        ] {
            let told = VaultKeys::parse(text).expect_err("bad").to_string();
            assert!(told.contains(wanted), "{told}");
            assert!(!told.contains("c2VjcmV0"));
        }
    }
}
