//! The chain of the audit trail: how a line is bound to the one before it, and whether the trail is whole.

use kalends_core::audit::{AuditLine, Ending};
use kalends_core::clock::Timestamp;
use kalends_store::{
    Store, StoreError,
    vault::{Anchor, Vault, VaultError},
};

/// What a look at the whole trail brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrailVerdict {
    Whole {
        lines: i64,
        first: Option<Timestamp>,
        last: Option<Timestamp>,
        head: String,
    },
    Broken(Break),
}

/// The first place at which the trail is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Break {
    #[error("line {seq} of {at} was changed, or put in the place of another one")]
    Changed { seq: i64, at: String },
    #[error("line {seq} is missing")]
    Removed { seq: i64 },
    #[error("{lines} lines stand outside the chain: somebody put them in")]
    Inserted { lines: i64 },
    #[error("line {seq} of {at} stands behind the end of the trail: somebody put it in")]
    BehindTheEnd { seq: i64, at: String },
    #[error(
        "the trail ends at line {seq}, and line {anchored} was seen before: lines at the end are missing"
    )]
    CutOff { seq: i64, anchored: i64 },
    #[error(
        "line {seq} is another one than was seen in its place before: the trail was written anew"
    )]
    Rewritten { seq: i64 },
    #[error("the vault no longer remembers where the trail ended: somebody took that away")]
    Forgotten,
    #[error(
        "what the vault remembers of the end of the trail was changed: it is not signed by a key of this vault"
    )]
    Forged,
    #[error(
        "the end of the trail cannot be checked here: what the vault remembers of it was signed with the key {key_id}, which is not held here"
    )]
    KeyElsewhere { key_id: String },
    #[error(
        "what the vault remembers of what was ended was taken away, changed or added to: it is not what was signed"
    )]
    EndingsChanged,
}

/// Why a trail could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum TrailError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// Reads the whole trail, a thousand lines at a time, and compares it with the line that the vault remembers.
pub async fn verify(store: &Store, vault: &Vault) -> Result<TrailVerdict, TrailError> {
    let anchor = match remembered_end(vault).await? {
        Ok(anchor) => anchor,
        Err(broken) => return Ok(TrailVerdict::Broken(broken)),
    };
    if !vault.endings_are_whole().await? {
        return Ok(TrailVerdict::Broken(Break::EndingsChanged));
    }
    // Lines written from now on are none of this look's business.
    let (end, head) = store.audit_head().await?;
    let outside = store.lines_outside_chain().await?;
    if outside > 0 {
        return Ok(TrailVerdict::Broken(Break::Inserted { lines: outside }));
    }
    let mut chain = Chain {
        anchor,
        end,
        head,
        seq: 0,
        hash: String::new(),
        first: None,
        last: None,
    };
    loop {
        let lines = store.lines_after(chain.seq).await?;
        if lines.is_empty() {
            break;
        }
        for line in lines {
            if let Err(broken) = chain.add(line) {
                return Ok(TrailVerdict::Broken(broken));
            }
        }
    }
    let (now_end, _) = store.audit_head().await?;
    Ok(chain.ended_at(now_end).unwrap_or_else(TrailVerdict::Broken))
}

/// Where the trail ended, as the vault remembers it.
async fn remembered_end(vault: &Vault) -> Result<Result<Anchor, Break>, VaultError> {
    match vault.anchor().await {
        Ok(Some(anchor)) => Ok(Ok(anchor)),
        Ok(None) => Ok(Err(Break::Forgotten)),
        Err(VaultError::AnchorForged) => Ok(Err(Break::Forged)),
        Err(VaultError::AnchorKey(key_id)) => Ok(Err(Break::KeyElsewhere { key_id })),
        Err(error) => Err(error),
    }
}

/// The trail as far as it was read, and what it is compared with.
struct Chain {
    anchor: Anchor,
    /// The end of the trail when the look began, and its hash.
    end: i64,
    head: String,
    /// The last line that was read, and its hash.
    seq: i64,
    hash: String,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

impl Chain {
    /// Goes on by a line, which must follow the last one.
    fn add(&mut self, line: AuditLine) -> Result<(), Break> {
        if line.seq > self.seq + 1 && line.seq <= self.end {
            return Err(Break::Removed { seq: self.seq + 1 });
        }
        let at = line.at.time_in_words();
        if line.hash != line.chained_to(&self.hash) {
            return Err(if line.seq > self.end {
                Break::BehindTheEnd { seq: line.seq, at }
            } else {
                Break::Changed { seq: line.seq, at }
            });
        }
        if self.anchor.seq == line.seq && self.anchor.hash != line.hash {
            return Err(Break::Rewritten { seq: line.seq });
        }
        self.first = self.first.or(Some(line.at));
        self.last = Some(line.at);
        (self.seq, self.hash) = (line.seq, line.hash);
        if self.seq == self.end && self.hash != self.head {
            return Err(Break::Changed { seq: self.seq, at });
        }
        Ok(())
    }

    /// The whole trail, if it ends where it must: not behind `now_end`, where it ends now.
    fn ended_at(self, now_end: i64) -> Result<TrailVerdict, Break> {
        let seq = self.seq;
        if seq > now_end {
            let at = self.last.map_or_else(String::new, Timestamp::time_in_words);
            return Err(Break::BehindTheEnd { seq, at });
        }
        if seq < self.end {
            return Err(Break::Removed { seq: seq + 1 });
        }
        if self.anchor.seq > seq {
            let anchored = self.anchor.seq;
            return Err(Break::CutOff { seq, anchored });
        }
        Ok(TrailVerdict::Whole {
            lines: seq,
            first: self.first,
            last: self.last,
            head: self.hash,
        })
    }
}

/// Moves what the vault remembers to the present end of the trail, over the lines since then alone; where they do not
/// follow each other nothing is moved, and a look at the whole trail tells what is wrong.
pub async fn follow(store: &Store, vault: &Vault, now: Timestamp) -> Result<(), TrailError> {
    // Where it was taken away or changed it stays so, to be found.
    let anchor = match vault.anchor().await {
        Ok(Some(anchor)) => anchor,
        Ok(None) | Err(VaultError::AnchorForged | VaultError::AnchorKey(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let (end, head) = store.audit_head().await?;
    let (mut seq, mut before) = (anchor.seq, anchor.hash.clone());
    let mut endings = Vec::new();
    while seq < end {
        let lines = store.lines_after(seq).await?;
        if lines.is_empty() {
            return Ok(());
        }
        for line in lines.into_iter().filter(|line| line.seq <= end) {
            if line.seq != seq + 1 || line.hash != line.chained_to(&before) {
                return Ok(());
            }
            endings.extend(Ending::of(&line));
            (seq, before) = (line.seq, line.hash);
        }
    }
    if seq > anchor.seq && before == head {
        let to = Anchor {
            seq,
            hash: head,
            at: now,
        };
        vault.move_anchor(&anchor, &to, &endings).await?;
    }
    Ok(())
}

/// Remembers the present end of the trail in the vault, if the trail is whole up to there.
pub async fn anchor(
    store: &Store,
    vault: &Vault,
    now: Timestamp,
) -> Result<TrailVerdict, TrailError> {
    let verdict = verify(store, vault).await?;
    match &verdict {
        TrailVerdict::Whole { .. } => follow(store, vault, now).await?,
        TrailVerdict::Broken(broken) => tracing::error!(%broken, "the audit trail is not whole"),
    }
    Ok(verdict)
}
