//! Changes that other instances make on Postgres. It tells them by LISTEN; where that is not to be had, as behind
//! pgbouncer in transaction pooling, their rows are asked for every second, while somebody here follows anything.
//!
//! `SQLite` has one instance. A command beside it is not heard of: whoever follows looks again by themselves.

use crate::{
    announcements::{Change, REMEMBERED},
    database::{CHANNEL, Engine, NOW_OF_POSTGRES},
    error::StoreError,
    rows,
    store::Store,
};
use kalends_core::topic::Topic;
use sqlx::postgres::PgListener;
use std::{fmt::Display, future::pending, time::Duration};
use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

/// How long a notification to oneself may take.
const PROOF_LIMIT: Duration = Duration::from_secs(2);
/// Between two of them, while somebody follows: a connection that broke in silence is noticed.
const PROOF_INTERVAL: Duration = Duration::from_secs(30);
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Between two questions.
const ASK_INTERVAL: Duration = Duration::from_secs(1);
/// Rows of so long ago are asked for again and again: one that was written first may be kept last.
const OVERLAP: Duration = Duration::from_secs(10);
/// The most rows that one question brings; beyond them whoever follows anything is told.
const MAX_ROWS: i64 = 1000;
/// How long instances ask before they try to listen again; it doubles.
const FIRST_RETRY: Duration = Duration::from_secs(30);
const LAST_RETRY: Duration = Duration::from_mins(10);
/// Rows older than this are of no use to anybody.
const KEEP: Duration = Duration::from_mins(2);
/// How many of them go at a time.
const MAX_TRIMMED: i64 = 5000;

/// Notifications as they come, until their connection breaks.
struct Listening {
    heard: mpsc::Receiver<String>,
    /// Ends with this.
    _reader: JoinSet<()>,
}

impl Store {
    /// Tells those who follow here what other instances change. Never returns.
    pub async fn hear_other_instances(&self) {
        if self.engine() == Engine::Sqlite {
            return pending().await;
        }
        let mut retry = FIRST_RETRY;
        let mut is_told = false;
        loop {
            match self.listen().await {
                Ok(listening) => {
                    if is_told {
                        tracing::info!("changes of other instances are heard of at once again");
                    }
                    (retry, is_told) = (FIRST_RETRY, false);
                    self.pass_on(listening).await;
                }
                Err(why) if !is_told => {
                    is_told = true;
                    tracing::warn!(
                        %why,
                        "the main database does not tell of changes (LISTEN): open pages ask it every second instead. Let KALENDS_DATABASE_URL lead to Postgres itself, or to a pooler in session mode"
                    );
                }
                Err(_) => {}
            }
            self.ask_for(retry).await;
            retry = (retry * 2).min(LAST_RETRY);
        }
    }

    /// Deletes rows that nobody needs any more; returns how many.
    pub async fn trim_changes(&self) -> Result<u64, StoreError> {
        if self.engine() == Engine::Sqlite {
            return Ok(0);
        }
        let sql = format!(
            "DELETE FROM changes WHERE (at, id) IN (SELECT at, id FROM changes WHERE at < {NOW_OF_POSTGRES} - $1 ORDER BY at LIMIT $2)"
        );
        let mut tx = self.begin().await?;
        let trimmed = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(millis(KEEP))
            .bind(MAX_TRIMMED)
            .execute(tx.conn())
            .await?;
        tx.commit().await?;
        Ok(trimmed.rows_affected())
    }

    /// Listens, once that is proven to work: a pooler takes LISTEN, and nothing comes of it.
    async fn listen(&self) -> Result<Listening, String> {
        let connected = timeout(
            CONNECT_LIMIT,
            PgListener::connect(self.database.url().reveal()),
        );
        let mut listener = connected
            .await
            .map_err(|_| "no connection in time".to_owned())?
            .map_err(|error| crate::database::describe(&error))?;
        listener.eager_reconnect(false);
        let taken = listener.listen(CHANNEL).await;
        taken.map_err(|error| crate::database::describe(&error))?;
        let (sender, heard) = mpsc::channel(1024);
        let mut reader = JoinSet::new();
        reader.spawn(async move {
            while let Ok(Some(notification)) = listener.try_recv().await {
                if sender
                    .send(notification.payload().to_owned())
                    .await
                    .is_err()
                {
                    return;
                }
            }
        });
        let mut listening = Listening {
            heard,
            _reader: reader,
        };
        if self.is_heard(&mut listening).await {
            Ok(listening)
        } else {
            Err("no notification arrives".to_owned())
        }
    }

    /// Whether what is told to this instance arrives. It is sent on another connection, as a pooler would tell one
    /// connection what it said itself.
    async fn is_heard(&self, listening: &mut Listening) -> bool {
        let proof = format!("proof {}", self.random.hex::<8>());
        let sql = format!("SELECT CAST(pg_notify('{CHANNEL}', $1) AS TEXT) AS told");
        let heard = async {
            let told = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(&proof);
            told.execute(self.pool()).await.ok()?;
            loop {
                let payload = listening.heard.recv().await?;
                if payload == proof {
                    return Some(());
                }
                self.heard(&payload);
            }
        };
        matches!(timeout(PROOF_LIMIT, heard).await, Ok(Some(())))
    }

    /// Tells what is heard until nothing can be.
    async fn pass_on(&self, mut listening: Listening) {
        // What was kept before this one listened.
        self.ask(REMEMBERED).await;
        let mut proven = Instant::now();
        loop {
            let proof_is_due = async {
                sleep(PROOF_INTERVAL.saturating_sub(proven.elapsed())).await;
                self.announcements.followed().await;
            };
            tokio::select! {
                payload = listening.heard.recv() => match payload {
                    Some(payload) => self.heard(&payload),
                    None => return,
                },
                () = proof_is_due => {
                    if !self.is_heard(&mut listening).await {
                        return;
                    }
                    proven = Instant::now();
                }
            }
        }
    }

    /// What another version tells is passed over, and so are proofs.
    fn heard(&self, payload: &str) {
        let parts = payload.split_once(' ');
        let parts = parts.and_then(|(id, topic)| Some((id.parse().ok()?, topic.parse().ok()?)));
        if let Some((id, topic)) = parts {
            let at = Instant::now();
            self.announcements.tell(Change { id, topic, at });
        }
    }

    /// Asks for so long, while somebody follows: first for all that may have been missed.
    async fn ask_for(&self, time: Duration) {
        let asking = async {
            let mut asked: Option<Instant> = None;
            loop {
                self.announcements.followed().await;
                let now = Instant::now();
                let passed = asked.map_or(REMEMBERED, |asked| asked.elapsed());
                if self.ask(passed).await {
                    asked = Some(now);
                }
                sleep(ASK_INTERVAL).await;
            }
        };
        let _: Result<(), _> = timeout(time, asking).await;
    }

    /// Tells what was written since it was asked last, so long ago; false if the database did not answer.
    async fn ask(&self, passed: Duration) -> bool {
        match self.changes_within(passed).await {
            Ok(changes) => {
                for change in changes {
                    self.announcements.tell(change);
                }
                true
            }
            Err(error) => {
                note(&error);
                false
            }
        }
    }

    /// The changes of so long and of the overlap. Where there are more than are asked for, everything changed.
    async fn changes_within(&self, passed: Duration) -> Result<Vec<Change>, StoreError> {
        let sql = format!(
            "SELECT id, topic, {NOW_OF_POSTGRES} - at AS age FROM changes WHERE at > {NOW_OF_POSTGRES} - $1 ORDER BY at DESC LIMIT $2"
        );
        let found = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(millis((passed + OVERLAP).min(REMEMBERED)))
            .bind(MAX_ROWS)
            .fetch_all(self.pool())
            .await?;
        let now = Instant::now();
        let mut changes = Vec::new();
        for row in &found {
            let age = u64::try_from(rows::number(row, "age")?).unwrap_or(0);
            // Of another version.
            let Ok(topic) = rows::parsed(row, "topic") else {
                continue;
            };
            changes.push(Change {
                id: rows::number(row, "id")?,
                topic,
                at: now.checked_sub(Duration::from_millis(age)).unwrap_or(now),
            });
        }
        let is_full = i64::try_from(found.len()).is_ok_and(|found| found >= MAX_ROWS);
        if is_full && changes.last().is_some_and(|it| it.at + passed >= now) {
            changes.push(self.announcements.change(Topic::Everything));
        }
        Ok(changes)
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// A database that is down is told elsewhere.
fn note(error: &impl Display) {
    tracing::debug!(%error, "changes of other instances could not be asked for");
}
