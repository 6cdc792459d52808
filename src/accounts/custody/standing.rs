//! How main database and vault stand to each other: whether one of them was set back to an earlier state, which passwords
//! are missing, and which rows of the vault nothing answers for. What is found is told; nothing is deleted for it.

use super::secrets::{Custody, CustodyError};
use crate::audit::follow;
use kalends_core::{clock::Timestamp, id::SecretId};
use kalends_store::vault::VaultError;
use std::{collections::HashSet, time::Duration};

/// A vault that is behind by less was not set back: the process ended before it wrote down the end of the trail.
const MAX_LAG_AFTER_CRASH: Duration = Duration::from_mins(1);

/// What the vault remembers of the trail, against the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrailComparison {
    /// Its end, or a place before it.
    InStep,
    /// The main database was set back: it ends before a line that was seen.
    MainIsOlder {
        ends_at: i64,
        seen: i64,
        seen_at: Timestamp,
    },
    /// Another line than was seen stands in its place.
    AnotherTrail,
    /// It was taken away, or changed.
    Lost,
    /// It was signed with the key of this id, which is not held here.
    KeyElsewhere(String),
}

/// How the two stand to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseComparison {
    pub memory: TrailComparison,
    /// Pointed to, and not in the vault.
    pub missing: HashSet<SecretId>,
    /// In the vault, and nothing answers for them, or only an announcement from before an adoption.
    pub unclaimed: Vec<SecretId>,
    /// The vault remembers the trail up to here; lines since then are older than a crash explains.
    pub vault_is_behind_since: Option<Timestamp>,
    /// When somebody last said that the two belong together.
    pub adopted_at: Option<Timestamp>,
}

impl DatabaseComparison {
    /// Whether an operator has to say what is meant before anything is deleted by age.
    pub const fn is_set_back(&self) -> bool {
        !matches!(self.memory, TrailComparison::InStep)
    }

    /// Whether the vault is the older one of the two.
    pub fn vault_is_older(&self) -> bool {
        self.vault_is_behind_since.is_some()
            && !(self.missing.is_empty() && self.unclaimed.is_empty())
    }

    /// What is wrong, a sentence each, for an operator.
    pub fn findings(&self) -> Vec<String> {
        let mut words = Vec::new();
        match &self.memory {
            TrailComparison::InStep => {}
            TrailComparison::MainIsOlder {
                ends_at,
                seen,
                seen_at,
            } => words.push(format!(
                "The main database is older than the vault: its audit trail ends at line {ends_at}, and line {seen} was seen on {}. \
                 What was ended since then may be back. If you have restored it on purpose, run: kalends vault adopt",
                seen_at.time_in_words()
            )),
            TrailComparison::AnotherTrail => words.push(
                "The audit trail of the main database is another one than the vault remembers: the database was set back, or the trail \
                 was written anew. What was ended since may be back. If you have restored it on purpose, run: kalends vault adopt"
                    .to_owned(),
            ),
            TrailComparison::Lost => words.push(
                "The vault's memory of the audit trail was taken away or changed. Run: kalends audit verify. \
                 Once you know why, kalends vault adopt begins it anew"
                    .to_owned(),
            ),
            TrailComparison::KeyElsewhere(key_id) => words.push(format!(
                "The vault's memory of the audit trail cannot be checked here: it was signed with the key {key_id}, which this \
                 instance does not hold. Give it the same keys as the others, and start it anew"
            )),
        }
        if let Some(since) = self.vault_is_behind_since.filter(|_| self.vault_is_older()) {
            words.push(format!(
                "The vault is older than the main database: it remembers the audit trail up to {}. \
                 If you have restored it on purpose, run: kalends vault adopt",
                since.time_in_words()
            ));
        }
        if !self.missing.is_empty() {
            words.push(format!(
                "Missing in the vault: {}. Restore the vault that belongs to this main database; the connections go on by themselves. \
                 If it is lost, type these passwords anew",
                counted(self.missing.len())
            ));
        }
        if !self.unclaimed.is_empty() {
            words.push(format!(
                "In the vault, and nothing in the main database answers for them: {}. They stay until you run: kalends vault prune",
                counted(self.unclaimed.len())
            ));
        }
        words
    }
}

fn counted(secrets: usize) -> String {
    match secrets {
        1 => "1 secret".to_owned(),
        many => format!("{many} secrets"),
    }
}

impl Custody {
    /// Compares the two databases.
    pub async fn standing(&self) -> Result<DatabaseComparison, CustodyError> {
        // The vault first: what is sealed after this look was announced before it was sealed.
        let sealed: Vec<SecretId> = self.vault.ids().await?;
        let ledger = self.store.ledger().await?;
        let unclaimed = sealed.iter().copied().filter(|id| {
            !ledger.pointed_to.contains(id)
                && !ledger.announced.contains(id)
                && !ledger.to_delete.contains(id)
        });
        let mut unclaimed: Vec<SecretId> = unclaimed.collect();
        unclaimed.sort_unstable();
        // What was deleted or sealed between the two looks is looked at once more.
        let known: HashSet<SecretId> = sealed.into_iter().collect();
        let mut missing = HashSet::new();
        for id in ledger.pointed_to.difference(&known) {
            if !self.vault.contains(*id).await? && self.store.secret_ids().await?.contains(id) {
                missing.insert(*id);
            }
        }
        let (memory, vault_is_behind_since) = self.memory().await?;
        Ok(DatabaseComparison {
            memory,
            missing,
            unclaimed,
            vault_is_behind_since,
            adopted_at: self.store.adopted_at().await?,
        })
    }

    /// Moves the vault's memory of the trail to its end. That of a vault which is older than the main database stays where
    /// it is, so that it goes on being told until somebody says what is meant.
    pub async fn remember_trail(&self) -> Result<(), CustodyError> {
        let (_, behind_since) = self.memory().await?;
        if behind_since.is_some() && self.standing().await?.vault_is_older() {
            return Ok(());
        }
        follow(&self.store, &self.vault, self.clock.now()).await?;
        Ok(())
    }

    async fn memory(&self) -> Result<(TrailComparison, Option<Timestamp>), CustodyError> {
        let anchor = match self.vault.anchor().await {
            Ok(Some(anchor)) => anchor,
            Ok(None) | Err(VaultError::AnchorForged) => return Ok((TrailComparison::Lost, None)),
            Err(VaultError::AnchorKey(key_id)) => {
                return Ok((TrailComparison::KeyElsewhere(key_id), None));
            }
            Err(error) => return Err(error.into()),
        };
        if !self.vault.endings_are_whole().await? {
            return Ok((TrailComparison::Lost, None));
        }
        let (ends_at, _) = self.store.audit_head().await?;
        if ends_at < anchor.seq {
            let memory = TrailComparison::MainIsOlder {
                ends_at,
                seen: anchor.seq,
                seen_at: anchor.at,
            };
            return Ok((memory, None));
        }
        let lines = self.store.lines_after(anchor.seq - 1).await?;
        let seen = lines.iter().find(|line| line.seq == anchor.seq);
        if anchor.seq > 0 && seen.is_none_or(|line| line.hash != anchor.hash) {
            return Ok((TrailComparison::AnotherTrail, None));
        }
        let last = lines.last().map(|line| line.at);
        let behind = last.is_some_and(|last| last.since(anchor.at) > MAX_LAG_AFTER_CRASH);
        Ok((TrailComparison::InStep, behind.then_some(anchor.at)))
    }
}
