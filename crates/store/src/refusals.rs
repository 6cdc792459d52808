//! Places for passwords that may be refused: at most four an hour for one account name, whoever sends them. A place is
//! taken before the password goes out, kept where it was refused or never answered, and given back otherwise.

use crate::database::{Engine, Transaction};
use crate::{error::StoreError, rows, store::Store};
use kalends_core::{call::CALL_LIMIT, clock::Timestamp, id::RecordId};
use sha2::{Digest as _, Sha256};
use std::time::Duration;

/// For how long a refusal stands.
const HOUR: Duration = Duration::from_hours(1);
/// The longest that a verdict may take, and to write it down.
const VERDICT: Duration = CALL_LIMIT.saturating_add(Duration::from_secs(20));
/// Refusals of any kind that may stand for one account name.
const MAX_REFUSALS: usize = 4;
/// How many of them may be of typed passwords.
const MAX_TYPED: usize = 3;
/// How many of these may be typed by people who do not answer for the account: one is kept for whoever does.
const MAX_BY_OTHERS: usize = 2;

/// What refusals are counted under, hashed: the account is somebody's, and whoever types it chooses its length.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CountedUnder {
    hash: String,
    is_of_one_person: bool,
}

impl CountedUnder {
    /// A bare account name, at all servers of the organisation together.
    pub fn name(name: &str) -> Self {
        Self::hashed(&["name", name], false)
    }

    /// A bare account name at a server that nobody vouches for, as one person sends it there.
    pub fn name_elsewhere(person: &str, host: &str, name: &str) -> Self {
        Self::hashed(&["elsewhere", person, host, name], true)
    }

    fn hashed(parts: &[&str], is_of_one_person: bool) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part.len().to_be_bytes());
            hash.update(part);
        }
        Self {
            hash: hex::encode(hash.finalize()),
            is_of_one_person,
        }
    }

    pub fn as_str(&self) -> &str {
        &self.hash
    }

    /// Whether nobody else's refusals count under it.
    pub const fn is_of_one_person(&self) -> bool {
        self.is_of_one_person
    }
}

/// Who sends a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordSource {
    /// Somebody has just typed it.
    Typed,
    /// Somebody who answers for the account has: an administrator, or whose own it is.
    TypedByOwner,
    /// It is a saved one: of one account name, one at a time.
    Saved,
}

/// No place is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoPlace {
    /// When the next one is, at the latest.
    pub until: Timestamp,
    /// A verdict that is on its way may free one sooner.
    pub is_open: bool,
}

impl PasswordSource {
    const fn is_typed(self) -> bool {
        matches!(self, Self::Typed | Self::TypedByOwner)
    }
}

struct Taken {
    is_typed: bool,
    is_by_owner: bool,
    is_pending: bool,
    since: Timestamp,
    free_at: Timestamp,
}

impl Store {
    /// Takes a place for a password that goes out now. [`Store::give_back_sign_in`] gives it back,
    /// [`Store::keep_refusal`] makes a refusal of it; without either it stands for an hour.
    pub async fn reserve_sign_in(
        &self,
        under: &CountedUnder,
        sent: PasswordSource,
        now: Timestamp,
    ) -> Result<Result<RecordId, NoPlace>, StoreError> {
        // Whoever waits for a place must not hold up the only writer of SQLite.
        if let Some(none) = self.no_place(under, sent, now).await?
            && none.until <= now + HOUR + VERDICT
        {
            return Ok(Err(none));
        }
        let mut tx = self.begin().await?;
        if self.engine() == Engine::Postgres {
            // Two instances must not both see the last free place.
            sqlx::query(
                "SELECT COUNT(*) FROM (SELECT pg_advisory_xact_lock(hashtextextended($1, 0))) AS locked",
            )
            .bind(under.as_str())
            .fetch_one(tx.conn())
            .await?;
        }
        clean(&mut tx, under, now).await?;
        let found = sqlx::query(TAKEN)
            .bind(under.as_str())
            .bind(now.millis())
            .fetch_all(tx.conn())
            .await?;
        if let Some(none) = none_free(&taken(&found)?, sent, now) {
            tx.commit().await?;
            return Ok(Err(none));
        }
        let id = RecordId::new(now, self.random.bytes());
        sqlx::query(
            "INSERT INTO refusals (id, counted_under, typed, by_owner, pending, taken_at, free_at, instance_id) VALUES ($1, $2, $3, $4, 1, $5, $6, $7)",
        )
        .bind(id.to_string())
        .bind(under.as_str())
        .bind(i32::from(sent.is_typed()))
        .bind(i32::from(sent == PasswordSource::TypedByOwner))
        .bind(now.millis())
        .bind((now + HOUR + VERDICT).millis())
        .bind(&*self.instance)
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(Ok(id))
    }

    /// Why no place is free at present.
    pub async fn no_place(
        &self,
        under: &CountedUnder,
        sent: PasswordSource,
        now: Timestamp,
    ) -> Result<Option<NoPlace>, StoreError> {
        let found = sqlx::query(TAKEN)
            .bind(under.as_str())
            .bind(now.millis())
            .fetch_all(self.pool())
            .await?;
        Ok(none_free(&taken(&found)?, sent, now))
    }

    /// Keeps the places that stood before the clock went on by so much while nothing was seen to run: they stand for as long
    /// as they would have. One that was taken since stands for no longer than any may.
    pub async fn keep_places_over(
        &self,
        unseen: Duration,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "UPDATE refusals SET free_at = CASE WHEN free_at + $2 > $3 THEN $3 ELSE free_at + $2 END, \
             taken_at = CASE WHEN taken_at + $2 > $4 THEN $4 ELSE taken_at + $2 END WHERE free_at > $1",
        )
        .bind((now - unseen).millis())
        .bind(i64::try_from(unseen.as_millis()).unwrap_or(i64::MAX / 2))
        .bind((now + HOUR + VERDICT).millis())
        .bind(now.millis())
        .execute(tx.conn())
        .await?;
        Ok(tx.commit().await?)
    }

    /// The password was not refused.
    pub async fn give_back_sign_in(&self, id: RecordId) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        sqlx::query("DELETE FROM refusals WHERE id = $1")
            .bind(id.to_string())
            .execute(tx.conn())
            .await?;
        Ok(tx.commit().await?)
    }

    /// The password was refused, or may have been.
    pub async fn keep_refusal(&self, id: RecordId, now: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        keep_in(&mut tx, id, now).await?;
        Ok(tx.commit().await?)
    }
}

const TAKEN: &str = "SELECT typed, by_owner, pending, taken_at, free_at FROM refusals WHERE counted_under = $1 AND free_at > $2 \
                     ORDER BY free_at";

pub(crate) async fn keep_in(
    tx: &mut Transaction,
    id: RecordId,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE refusals SET pending = 0, free_at = $2 WHERE id = $1")
        .bind(id.to_string())
        .bind((now + HOUR).millis())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Forgets what is over. A clock that was ahead for a while left places that would never be: they stand for an hour.
async fn clean(
    tx: &mut Transaction,
    under: &CountedUnder,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM refusals WHERE free_at <= $1")
        .bind(now.millis())
        .execute(tx.conn())
        .await?;
    let longest = now + HOUR + VERDICT;
    sqlx::query(
        "UPDATE refusals SET free_at = $2, taken_at = $3 WHERE counted_under = $1 AND free_at > $2",
    )
    .bind(under.as_str())
    .bind(longest.millis())
    .bind(now.millis())
    .execute(tx.conn())
    .await?;
    Ok(())
}

fn taken(found: &[sqlx::any::AnyRow]) -> Result<Vec<Taken>, StoreError> {
    let read = |row| {
        Ok(Taken {
            is_typed: rows::number(row, "typed")? != 0,
            is_by_owner: rows::number(row, "by_owner")? != 0,
            is_pending: rows::number(row, "pending")? != 0,
            since: rows::instant(row, "taken_at")?,
            free_at: rows::instant(row, "free_at")?,
        })
    };
    found.iter().map(read).collect()
}

fn none_free(taken: &[Taken], sent: PasswordSource, now: Timestamp) -> Option<NoPlace> {
    let all: Vec<&Taken> = taken.iter().collect();
    let until = full_until(&all, sent, now)?;
    let decided: Vec<&Taken> = taken.iter().filter(|it| !it.is_pending).collect();
    Some(NoPlace {
        until,
        is_open: full_until(&decided, sent, now).is_none(),
    })
}

/// When a place is free again, where none is now; `taken` is ordered by when that ends.
fn full_until(taken: &[&Taken], sent: PasswordSource, now: Timestamp) -> Option<Timestamp> {
    let full = |taken: &[&Taken], most: usize| {
        let place = taken.len().checked_sub(most)?;
        taken.get(place).map(|it| it.free_at)
    };
    let any = full(taken, MAX_REFUSALS);
    let typed: Vec<&Taken> = taken.iter().copied().filter(|it| it.is_typed).collect();
    let of_kind = match sent {
        PasswordSource::TypedByOwner => full(&typed, MAX_TYPED),
        PasswordSource::Typed => {
            let others = typed.iter().copied().filter(|it| !it.is_by_owner);
            let others: Vec<&Taken> = others.collect();
            full(&typed, MAX_TYPED).max(full(&others, MAX_BY_OTHERS))
        }
        // A changed password is refused once, not once for each that is on its way.
        PasswordSource::Saved => taken
            .iter()
            .filter(|it| it.is_pending && !it.is_typed)
            .map(|it| it.since + VERDICT)
            .find(|until| *until > now),
    };
    any.max(of_kind)
}
