//! Places of limits: taken before anything is done, by one transaction that no other one of the same key runs beside,
//! and given back when nothing had to be counted.

use crate::{
    database::{Engine, Transaction},
    limit::{Keys, Limit, LimitKey, PlaceLifetime},
};
use crate::{error::StoreError, rows, store::Store};
use kalends_core::{clock::Timestamp, id::PlaceId};
use sha2::{Digest as _, Sha256};
use std::time::Duration;

/// How far apart the clocks of two instances may be.
const CLOCKS_APART: Duration = Duration::from_mins(5);

/// Places that were taken together. Kept, they end by themselves.
#[must_use = "a place is given back, or kept on purpose"]
#[derive(Debug, PartialEq, Eq)]
pub struct LimitPlace(Vec<PlaceId>);

/// No place was free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full {
    /// The purpose of the limit that is full for the longest time.
    pub purpose: &'static str,
    /// When its next place is free.
    pub until: Timestamp,
}

/// What a limit counts under whose places are rows of a table of their own: counted and added in one transaction, which
/// [`Store::begin_with_key_lock`] begins.
pub(crate) trait RowsKey: Send + Sync {
    /// Unlike that of any other key.
    fn name(&self) -> String;
}

/// A key as the table holds it.
struct Wanted {
    limit: Limit,
    key_hash: String,
    member_hash: Option<String>,
}

/// The places that are taken under one key.
struct Taken {
    /// When they end, the first one first.
    ends: Vec<Timestamp>,
    /// The place of the same member.
    own: Option<PlaceId>,
}

impl Store {
    /// Takes one place under each key, or none at all where one of them has none left.
    pub async fn take_place(
        &self,
        keys: &[&dyn LimitKey],
        now: Timestamp,
    ) -> Result<Result<LimitPlace, Full>, StoreError> {
        let mut wanted: Vec<Wanted> = keys.iter().map(|key| Wanted::of(*key)).collect();
        // All take the locks in the same order, so that no two wait for each other.
        wanted.sort_by_key(Wanted::lock_name);
        // Whoever floods a full limit must not hold up the only writer of SQLite.
        if let Some(full) = self.first_look(&wanted, now).await? {
            return Ok(Err(full));
        }
        let mut tx = self.begin().await?;
        for it in &wanted {
            self.lock_key(&mut tx, it).await?;
        }
        let mut found = Vec::with_capacity(wanted.len());
        for it in &wanted {
            found.push(taken(tx.conn(), it, now).await?);
        }
        if let Some(full) = longest_full(&wanted, &found, now) {
            return Ok(Err(full));
        }
        let mut place = LimitPlace(Vec::with_capacity(wanted.len()));
        for (it, taken) in wanted.iter().zip(&found) {
            place.0.push(self.put(&mut tx, it, taken, now).await?);
        }
        tx.commit().await?;
        Ok(Ok(place))
    }

    /// Nothing had to be counted: the places are free again.
    pub async fn give_back(&self, place: LimitPlace) -> Result<(), StoreError> {
        for id in place.0 {
            let mut tx = self.begin().await?;
            sqlx::query("DELETE FROM limit_slots WHERE id = $1")
                .bind(id.to_string())
                .execute(tx.conn())
                .await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Until when no place is free under a key; `None` while one is.
    pub async fn full_until(
        &self,
        key: &dyn LimitKey,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let full = self.first_look(&[Wanted::of(key)], now).await?;
        Ok(full.map(|full| full.until))
    }

    /// How many places are taken under a key.
    pub async fn places_taken(
        &self,
        key: &dyn LimitKey,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let mut connection = self.pool().acquire().await?;
        let taken = taken(&mut connection, &Wanted::of(key), now).await?;
        Ok(taken.ends.len())
    }

    /// Forgets places that ended.
    pub async fn forget_ended_places(&self, now: Timestamp) -> Result<(), StoreError> {
        const ENDED: &str = "SELECT id FROM limit_slots WHERE expires_at <= $1";
        let some = sqlx::query("SELECT id FROM limit_slots WHERE expires_at <= $1 LIMIT 1")
            .bind(now.millis())
            .fetch_optional(self.pool())
            .await?;
        if some.is_none() {
            return Ok(());
        }
        let sql = format!(
            "DELETE FROM limit_slots WHERE id IN ({ENDED}{})",
            self.skipping()
        );
        let mut tx = self.begin().await?;
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(now.millis())
            .execute(tx.conn())
            .await?;
        Ok(tx.commit().await?)
    }

    /// Begins a change in which nobody else counts or adds rows under the same key.
    pub(crate) async fn begin_with_key_lock(
        &self,
        key: &dyn RowsKey,
    ) -> Result<Transaction, StoreError> {
        let mut tx = self.begin().await?;
        self.lock(&mut tx, format!("rows {}", key.name())).await?;
        Ok(tx)
    }

    async fn lock_key(&self, tx: &mut Transaction, of: &Wanted) -> Result<(), StoreError> {
        self.lock(tx, of.lock_name()).await
    }

    /// `SQLite` has a single writer anyway.
    async fn lock(&self, tx: &mut Transaction, name: String) -> Result<(), StoreError> {
        if self.engine() == Engine::Postgres {
            sqlx::query("SELECT COUNT(*) FROM (SELECT pg_advisory_xact_lock(hashtextextended($1, 0))) AS locked")
                .bind(name)
                .fetch_one(tx.conn())
                .await?;
        }
        Ok(())
    }

    async fn first_look(
        &self,
        wanted: &[Wanted],
        now: Timestamp,
    ) -> Result<Option<Full>, StoreError> {
        let mut connection = self.pool().acquire().await?;
        let mut found = Vec::with_capacity(wanted.len());
        for it in wanted {
            found.push(taken(&mut connection, it, now).await?);
        }
        Ok(longest_full(wanted, &found, now))
    }

    async fn put(
        &self,
        tx: &mut Transaction,
        of: &Wanted,
        taken: &Taken,
        now: Timestamp,
    ) -> Result<PlaceId, StoreError> {
        let ends_at = match of.limit.lasts {
            PlaceLifetime::Each(time) | PlaceLifetime::Held(time) => now + time,
            PlaceLifetime::Refill(time) => taken.ends.last().map_or(now, |last| *last) + time,
        };
        let ends_at = ends_at.min(now + of.limit.longest());
        if let Some(own) = taken.own {
            sqlx::query("UPDATE limit_slots SET expires_at = $2 WHERE id = $1")
                .bind(own.to_string())
                .bind(ends_at.millis())
                .execute(tx.conn())
                .await?;
            return Ok(own);
        }
        if let Keys::Anybodys { most_places } = of.limit.keys {
            self.make_room(tx, of.limit.purpose, most_places).await?;
        }
        let id = PlaceId::new(now, self.random.bytes());
        sqlx::query(
            "INSERT INTO limit_slots (id, purpose, key_hash, member_hash, expires_at, instance_id) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(id.to_string())
        .bind(of.limit.purpose)
        .bind(&of.key_hash)
        .bind(&of.member_hash)
        .bind(ends_at.millis())
        .bind(matches!(of.limit.lasts, PlaceLifetime::Held(_)).then_some(&*self.instance))
        .execute(tx.conn())
        .await?;
        Ok(id)
    }

    /// Makes room for one more place of a purpose whose keys anybody chooses.
    async fn make_room(
        &self,
        tx: &mut Transaction,
        purpose: &str,
        most: u32,
    ) -> Result<(), StoreError> {
        let row = sqlx::query("SELECT COUNT(*) AS found FROM limit_slots WHERE purpose = $1")
            .bind(purpose)
            .fetch_one(tx.conn())
            .await?;
        let too_many = rows::number(&row, "found")? + 1 - i64::from(most);
        if too_many <= 0 {
            return Ok(());
        }
        let sql = format!(
            "DELETE FROM limit_slots WHERE id IN \
             (SELECT id FROM limit_slots WHERE purpose = $1 ORDER BY expires_at LIMIT $2{})",
            self.skipping()
        );
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(purpose)
            .bind(too_many)
            .execute(tx.conn())
            .await?;
        Ok(())
    }

    /// Rows that another transaction is at are left to it.
    const fn skipping(&self) -> &'static str {
        match self.engine() {
            Engine::Sqlite => "",
            Engine::Postgres => " FOR UPDATE SKIP LOCKED",
        }
    }
}

impl Wanted {
    fn of(key: &dyn LimitKey) -> Self {
        Self {
            limit: key.limit(),
            key_hash: hash(&key.key()),
            member_hash: key.member().map(|member| hash(&member)),
        }
    }

    fn lock_name(&self) -> String {
        format!("{} {}", self.limit.purpose, self.key_hash)
    }
}

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

/// A place that ends much later than any can was taken while a clock was wrong; it counts for nothing.
async fn taken(
    connection: &mut sqlx::AnyConnection,
    of: &Wanted,
    now: Timestamp,
) -> Result<Taken, StoreError> {
    let found = sqlx::query(
        "SELECT id, member_hash, expires_at FROM limit_slots WHERE purpose = $1 AND key_hash = $2 \
         AND expires_at > $3 AND expires_at <= $4 ORDER BY expires_at",
    )
    .bind(of.limit.purpose)
    .bind(&of.key_hash)
    .bind(now.millis())
    .bind((now + of.limit.longest() + CLOCKS_APART).millis())
    .fetch_all(connection)
    .await?;
    let mut taken = Taken {
        ends: Vec::with_capacity(found.len()),
        own: None,
    };
    for row in &found {
        taken.ends.push(rows::instant(row, "expires_at")?);
        if of.member_hash.is_some() && rows::maybe_parsed(row, "member_hash")? == of.member_hash {
            taken.own = Some(rows::parsed(row, "id")?);
        }
    }
    Ok(taken)
}

/// Of the limits that have no place left, the one that is full for the longest time.
fn longest_full(wanted: &[Wanted], found: &[Taken], now: Timestamp) -> Option<Full> {
    let full = wanted.iter().zip(found).filter_map(|(it, taken)| {
        let over = taken.ends.len().checked_sub(it.limit.most)?;
        if taken.own.is_some() {
            return None;
        }
        Some(Full {
            purpose: it.limit.purpose,
            until: (taken.ends.get(over).copied().unwrap_or(now)).min(now + it.limit.longest()),
        })
    });
    full.max_by_key(|full| full.until)
}
