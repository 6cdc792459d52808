//! The chain of the audit trail: how a line is bound to the one before it, and whether the trail is whole.

use kalends_core::audit::Ending;
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
    let anchor = match vault.anchor().await {
        Ok(Some(anchor)) => anchor,
        Ok(None) => return Ok(TrailVerdict::Broken(Break::Forgotten)),
        Err(VaultError::AnchorForged) => return Ok(TrailVerdict::Broken(Break::Forged)),
        Err(VaultError::AnchorKey(key_id)) => {
            return Ok(TrailVerdict::Broken(Break::KeyElsewhere { key_id }));
        }
        Err(error) => return Err(error.into()),
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
    let (mut seq, mut before) = (0, String::new());
    let (mut first, mut last) = (None, None);
    loop {
        let lines = store.lines_after(seq).await?;
        if lines.is_empty() {
            break;
        }
        for line in lines {
            if line.seq > seq + 1 && line.seq <= end {
                return Ok(TrailVerdict::Broken(Break::Removed { seq: seq + 1 }));
            }
            let at = line.at.time_in_words();
            if line.hash != line.chained_to(&before) {
                let broken = if line.seq > end {
                    Break::BehindTheEnd { seq: line.seq, at }
                } else {
                    Break::Changed { seq: line.seq, at }
                };
                return Ok(TrailVerdict::Broken(broken));
            }
            if anchor.seq == line.seq && anchor.hash != line.hash {
                return Ok(TrailVerdict::Broken(Break::Rewritten { seq: line.seq }));
            }
            first = first.or(Some(line.at));
            last = Some(line.at);
            (seq, before) = (line.seq, line.hash);
            if seq == end && before != head {
                return Ok(TrailVerdict::Broken(Break::Changed { seq, at }));
            }
        }
    }
    let (now_end, _) = store.audit_head().await?;
    if seq > now_end {
        let at = last.map_or_else(String::new, Timestamp::time_in_words);
        return Ok(TrailVerdict::Broken(Break::BehindTheEnd { seq, at }));
    }
    if seq < end {
        return Ok(TrailVerdict::Broken(Break::Removed { seq: seq + 1 }));
    }
    if anchor.seq > seq {
        let anchored = anchor.seq;
        return Ok(TrailVerdict::Broken(Break::CutOff { seq, anchored }));
    }
    Ok(TrailVerdict::Whole {
        lines: seq,
        first,
        last,
        head: before,
    })
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
