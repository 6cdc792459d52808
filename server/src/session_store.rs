//! Sessions in our own store: rows carry the hash of the id, an idle expiry that use pushes on, and an absolute one.

use app::request::{AWAITED_KEY, DEVICE_KEY, USER_KEY};
use async_trait::async_trait;
use axum::{extract::Request, middleware::Next, response::Response};
use kalends::{people::sign_in::ClientNetwork, services::Services};
use kalends_core::{
    clock::Timestamp,
    id::UserId,
    lifetimes::{SESSION, SESSION_IDLE},
};
use kalends_store::{SessionRow, StoreError, session_hash};
use std::{collections::HashMap, time::Duration};
use tower_sessions::{
    Session, SessionStore,
    cookie::time::OffsetDateTime,
    session::{Id, Record},
    session_store::{Error, Result},
};

/// One of nobody keeps what was typed into a form, or a password that waits for its code, and ends within minutes.
const ANONYMOUS_IDLE_LIMIT: Duration = Duration::from_mins(10);
/// One of nobody is not kept on by use for longer.
const ABSOLUTE_OF_NOBODY: Duration = Duration::from_mins(30);
/// Use is written down at most this often.
const TOUCH_AFTER: Duration = Duration::from_mins(5);

/// [`SessionStore`] over the table `sessions`.
#[derive(Debug, Clone)]
pub struct Sessions(pub Services);

impl Sessions {
    /// A session as it is now. The absolute end counts for new ones only.
    fn row(&self, record: &Record) -> Result<SessionRow> {
        let now = self.0.clock.now();
        let user_id = record
            .data
            .get(USER_KEY)
            .and_then(|value| serde_json::from_value::<UserId>(value.clone()).ok());
        let device = record.data.get(DEVICE_KEY).and_then(|name| name.as_str());
        let data = serde_json::to_string(&record.data)
            .map_err(|error| Error::Encode(error.to_string()))?;
        Ok(SessionRow {
            id_hash: session_hash(record.id.0),
            user_id,
            data,
            idle_expires_at: now + idle(user_id),
            absolute_expires_at: now
                + if user_id.is_some() {
                    SESSION
                } else {
                    ABSOLUTE_OF_NOBODY
                },
            touched_at: now,
            device: device.map(ToOwned::to_owned),
            network: network_of(record, user_id),
        })
    }
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        // 128 random bits: a clash does not happen, and an upsert would at worst end the older session.
        let saved = self.0.store.save_session(&self.row(record)?).await;
        saved.map_err(|error| backend(&error))
    }

    async fn save(&self, record: &Record) -> Result<()> {
        if is_following() {
            return Ok(());
        }
        let saved = self.0.store.update_session(&self.row(record)?).await;
        saved.map_err(|error| backend(&error))
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let now = self.0.clock.now();
        let id_hash = session_hash(id.0);
        let Some(row) = self
            .0
            .store
            .session(&id_hash, now)
            .await
            .map_err(|error| backend(&error))?
        else {
            return Ok(None);
        };
        if !is_following() && now.since(row.touched_at) > TOUCH_AFTER {
            self.0
                .store
                .touch_session(&id_hash, now, now + idle(row.user_id))
                .await
                .map_err(|error| backend(&error))?;
        }
        let data: HashMap<_, _> =
            serde_json::from_str(&row.data).map_err(|error| Error::Decode(error.to_string()))?;
        Ok(Some(Record {
            id: *id,
            data,
            expiry_date: instant(row.absolute_expires_at),
        }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.0
            .store
            .delete_session(&session_hash(id.0))
            .await
            .map_err(|error| backend(&error))
    }
}

tokio::task_local! {
    /// Where the request that is answered comes from.
    pub static CLIENT_ADDRESS: String;
    /// Set while a page is answered that is fetched by itself.
    static IS_FOLLOWING: ();
}

/// With this header a page is fetched again because something changed, and not because somebody asked for it.
const FOLLOW: &str = "kalends-follow";

/// Keeps what a page fetches by itself from counting as use of its session, and from changing it: words that are shown
/// once wait for a reader. It stands around the sessions, and [`read_ahead`] within them.
pub async fn unprolonged(request: Request, next: Next) -> Response {
    if request.headers().contains_key(FOLLOW) {
        return IS_FOLLOWING.scope((), next.run(request)).await;
    }
    next.run(request).await
}

/// Reads the session of a page that is fetched by itself where that is known; who renders it may do so in another task.
pub async fn read_ahead(request: Request, next: Next) -> Response {
    if is_following()
        && let Some(session) = request.extensions().get::<Session>()
    {
        // Whoever needs it is told of a failure.
        let _ = session.get::<UserId>(USER_KEY).await;
    }
    next.run(request).await
}

fn is_following() -> bool {
    IS_FOLLOWING.try_with(|()| ()).is_ok()
}

/// What one of nobody is counted under. One that waits for a code was begun with a right password, and does not count.
fn network_of(record: &Record, user: Option<UserId>) -> Option<String> {
    if user.is_some() || record.data.contains_key(AWAITED_KEY) {
        return None;
    }
    let address = CLIENT_ADDRESS.try_with(Clone::clone).ok()?;
    Some(ClientNetwork::of(&address).hashed())
}

const fn idle(user: Option<UserId>) -> Duration {
    match user {
        Some(_) => SESSION_IDLE,
        None => ANONYMOUS_IDLE_LIMIT,
    }
}

fn backend(error: &StoreError) -> Error {
    Error::Backend(error.to_string())
}

fn instant(at: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at.millis() / 1000).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kalends_core::{clock::Clock, random::Random, rights::Role};
    use kalends_exchange::outbound::{Outbound, OutboundConfig};
    use kalends_store::{
        NewUser, Store,
        vault::{KeySource, Vault},
    };

    /// Sessions in a new store, whose clock the test holds.
    async fn sessions() -> (tempfile::TempDir, Clock, Sessions) {
        let folder = tempfile::tempdir().expect("folder");
        let url = |name| format!("sqlite://{}/{name}", folder.path().display());
        let (clock, random) = (
            Clock::held(Timestamp::from_seconds(1_772_438_400)),
            Random::seeded(1),
        );
        let keys = KeySource {
            keys: None,
            file: None,
            new_file: folder.path().join("vault.keys"),
        };
        let vault = Vault::open(&url("vault.db"), &keys, random.clone()).await;
        let store = Store::open(&url("kalends.db"), random.clone()).await;
        let outbound = Outbound::new(OutboundConfig::default(), clock.clone());
        let services = Services::new(
            store.expect("store"),
            vault.expect("vault"),
            outbound.expect("outbound"),
            clock.clone(),
            random,
        );
        (folder, clock, Sessions(services))
    }

    fn record() -> Record {
        Record {
            id: Id(7),
            data: HashMap::new(),
            expiry_date: OffsetDateTime::UNIX_EPOCH,
        }
    }

    /// A session of somebody who is signed in.
    async fn signed_in(sessions: &Sessions) -> Record {
        let bob = NewUser {
            email: "bob@example.test".parse().expect("address"),
            name: "Bob".to_owned(),
            role: Role::Member,
            password_hash: String::new(),
            time_zone: "UTC".to_owned(),
        };
        let bob = sessions.0.store.create_user(bob, sessions.0.clock.now());
        let id = serde_json::to_value(bob.await.expect("person").id).expect("id");
        let mut record = record();
        record.data.insert(USER_KEY.to_owned(), id);
        record
    }

    const DAY: Duration = Duration::from_hours(24);

    #[tokio::test]
    async fn a_session_that_nobody_uses_ends_after_a_week() {
        let (_folder, clock, sessions) = sessions().await;
        let mut record = signed_in(&sessions).await;
        sessions.create(&mut record).await.expect("saved");
        clock.advance(SESSION_IDLE.saturating_sub(Duration::from_secs(1)));
        assert!(sessions.load(&Id(7)).await.expect("read").is_some());
        clock.advance(SESSION_IDLE);
        assert!(sessions.load(&Id(7)).await.expect("read").is_none());
    }

    #[tokio::test]
    async fn a_session_of_nobody_ends_within_minutes() {
        let (_folder, clock, sessions) = sessions().await;
        sessions.create(&mut record()).await.expect("saved");
        clock.advance(ANONYMOUS_IDLE_LIMIT.saturating_sub(Duration::from_secs(1)));
        assert!(sessions.load(&Id(7)).await.expect("read").is_some());
        clock.advance(ANONYMOUS_IDLE_LIMIT);
        assert!(sessions.load(&Id(7)).await.expect("read").is_none());
    }

    #[tokio::test]
    async fn strangers_have_few_sessions_each_and_in_all_and_people_keep_theirs() {
        let (_folder, clock, sessions) = sessions().await;
        let mut people = signed_in(&sessions).await;
        sessions.create(&mut people).await.expect("saved");
        let begin = async |id: i128, address: &str, waits: bool| {
            clock.advance(Duration::from_millis(1));
            let mut record = Record {
                id: Id(id),
                ..record()
            };
            if waits {
                record.data.insert(AWAITED_KEY.to_owned(), true.into());
            }
            let created = sessions.create(&mut record);
            let created = CLIENT_ADDRESS.scope(address.to_owned(), created).await;
            created.expect("saved");
        };
        let there = async |id: i128| sessions.load(&Id(id)).await.expect("read").is_some();
        begin(100, "192.0.2.7", false).await;
        begin(101, "2001:db8:1:2::1", true).await;
        for id in 200..230 {
            begin(id, &format!("2001:db8:1:2::{id}"), false).await;
        }
        for id in 200..230 {
            assert_eq!(there(id).await, id >= 210, "{id}");
        }
        assert!(there(7).await && there(100).await && there(101).await);
        for id in 1000..3000 {
            begin(id, &format!("198.51.{}.{}", id / 250, id % 250), false).await;
        }
        assert!(!there(100).await && there(7).await && there(1000).await && there(2999).await);
    }

    #[tokio::test]
    async fn use_does_not_push_the_absolute_end_on() {
        let (_folder, clock, sessions) = sessions().await;
        let mut record = signed_in(&sessions).await;
        sessions.create(&mut record).await.expect("saved");
        for _ in 1..30 {
            clock.advance(DAY);
            let found = sessions.load(&Id(7)).await.expect("read").expect("alive");
            sessions.save(&found).await.expect("saved");
        }
        clock.advance(DAY);
        assert!(sessions.load(&Id(7)).await.expect("read").is_none());
    }
}
