//! `GET /events`: an open page is told that something it shows changed, never what, and fetches itself again.
//!
//! Who asks and what they may see is looked at before anything is told, whenever their rights change, and at each comment.

mod places;

pub use places::StreamPlaces;

use axum::{
    Router,
    extract::{Query, State},
    http::{StatusCode, header},
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
    routing::get,
};
use futures::stream;
use kalends::{people::two_factor::may, services::Services};
use kalends_core::{id::UserId, rights::Right, topic::Topic};
use kalends_store::{Follower, StoreError, User, session_hash};
use places::StreamPlace;
use std::{collections::BTreeSet, convert::Infallible, time::Duration};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tower_sessions::Session;

/// The most topics of one page.
const MAX_TOPICS: usize = 10;
/// Between two events of a stream: what changes meanwhile is told at its end.
const EVENT_INTERVAL: Duration = Duration::from_millis(500);
/// Between two comments, which keep proxies from giving up and show where a reader is gone.
const COMMENT_INTERVAL: Duration = Duration::from_secs(25);
/// When to ask for a place again, in seconds.
const RETRY_AFTER: &str = "30";

/// What the route works with.
#[derive(Clone)]
struct Streams {
    services: Services,
    places: StreamPlaces,
    /// Cancelled once Kalends was told to stop.
    stop: CancellationToken,
}

/// The route; it stands within the sessions.
pub fn routes(services: Services, places: StreamPlaces, stop: CancellationToken) -> Router {
    Router::new()
        .route("/events", get(events))
        .with_state(Streams {
            services,
            places,
            stop,
        })
}

async fn events(
    State(streams): State<Streams>,
    session: Session,
    Query(asked): Query<Vec<(String, String)>>,
) -> Result<Response, Response> {
    let missing = || StatusCode::NOT_FOUND.into_response();
    let (topics, since) = read(&asked).ok_or_else(missing)?;
    // Its row is looked at, and not used: following keeps no session from ending.
    let session = session.id().ok_or_else(missing)?;
    let viewer = Viewer {
        services: streams.services.clone(),
        session: session_hash(session.0),
        topics,
    };
    let user = viewer.user().await.map_err(|error| failed(&error))?;
    let user = user.ok_or_else(missing)?;
    let place = streams.places.take(user.id).ok_or_else(full)?;
    // Followed first, so that no change falls in between.
    let announcements = streams.services.store.announcements();
    let own = Topic::Person(user.id);
    let follower = announcements.follow(viewer.topics.iter().copied().chain([own]), since);
    let may_follow = viewer.may_follow().await;
    if !may_follow.map_err(|error| failed(&error))? {
        return Err(missing());
    }
    let retry = 1000 + streams.services.random.below(3000);
    let hello = Event::default()
        .comment("following")
        .retry(Duration::from_millis(retry));
    let now = Instant::now();
    let stream = EventStream {
        viewer,
        own,
        follower,
        stop: streams.stop,
        hello: Some(hello),
        comment_at: now + COMMENT_INTERVAL,
        event_at: now,
        _place: place,
    };
    let told = stream::unfold(stream, |mut stream| async move {
        let event = stream.next().await?;
        Some((Ok::<_, Infallible>(event), stream))
    });
    let headers = [
        (header::CACHE_CONTROL.as_str(), "no-store"),
        ("x-accel-buffering", "no"),
    ];
    Ok((headers, Sse::new(told)).into_response())
}

/// The topics, and how long ago the page was asked for; `None` where something is wrong with them.
fn read(asked: &[(String, String)]) -> Option<(BTreeSet<Topic>, Duration)> {
    let mut topics = BTreeSet::new();
    let mut since = Duration::ZERO;
    for (name, value) in asked {
        match name.as_str() {
            "topic" if topics.len() < MAX_TOPICS => {
                topics.insert(value.parse().ok()?);
            }
            "age" => since = Duration::from_millis(value.parse().ok()?),
            _ => return None,
        }
    }
    (!topics.is_empty()).then_some((topics, since))
}

/// Beyond the places: the page asks slowly by itself.
fn full() -> Response {
    let words = "Too many pages are followed. This one looks again by itself.\n";
    let headers = [(header::RETRY_AFTER, RETRY_AFTER)];
    (StatusCode::SERVICE_UNAVAILABLE, headers, words).into_response()
}

fn failed(error: &StoreError) -> Response {
    tracing::error!(%error, "a page could not be followed");
    full()
}

/// A session, and what is followed in it.
struct Viewer {
    services: Services,
    /// The hash of its id.
    session: String,
    topics: BTreeSet<Topic>,
}

impl Viewer {
    /// Who is signed in, as the databases say now.
    async fn user(&self) -> Result<Option<User>, StoreError> {
        let Services { store, clock, .. } = &self.services;
        let session = store.session(&self.session, clock.now()).await?;
        let Some(id) = session.and_then(|session| session.user_id) else {
            return Ok(None);
        };
        store.enabled_user(id).await
    }

    /// Whether they are signed in and may see all of it.
    async fn may_follow(&self) -> Result<bool, StoreError> {
        let Some(user) = self.user().await? else {
            return Ok(false);
        };
        for topic in &self.topics {
            if !self.may_see(&user, *topic).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn may_see(&self, user: &User, topic: Topic) -> Result<bool, StoreError> {
        let store = &self.services.store;
        let (owner, right): (Option<UserId>, _) = match topic {
            Topic::Calendar(person) => return Ok(person == user.id),
            Topic::Person(person) => (Some(person), Right::People),
            Topic::Connection(id) => {
                let connection = store.connection(id).await?;
                (connection.map(|it| it.user_id), Right::Connections)
            }
            Topic::Check(id) => {
                let check = store.check(id).await?;
                (check.map(|it| it.user_id), Right::ChecksOfOthers)
            }
            Topic::Analysis(id) => {
                let found = store
                    .analysis(id, user.id, self.services.clock.now())
                    .await?;
                if found.is_none() {
                    return Ok(false);
                }
                (None, Right::Connections)
            }
            Topic::Connections | Topic::Overview => (None, Right::Connections),
            Topic::People => (None, Right::People),
            Topic::Organisation => (None, Right::Organisation),
            Topic::Everything => return Ok(false),
        };
        if owner == Some(user.id) {
            return Ok(true);
        }
        may(store, user, right).await
    }
}

/// What one open page is told.
struct EventStream {
    viewer: Viewer,
    /// What tells that their session or rights may have changed.
    own: Topic,
    follower: Follower,
    stop: CancellationToken,
    hello: Option<Event>,
    comment_at: Instant,
    /// No event before then.
    event_at: Instant,
    _place: StreamPlace,
}

impl EventStream {
    /// The next thing to tell; `None` at the end.
    async fn next(&mut self) -> Option<Event> {
        if let Some(hello) = self.hello.take() {
            return Some(hello);
        }
        loop {
            let changed = async {
                sleep_until(self.event_at).await;
                self.follower.changed().await
            };
            let changed = tokio::select! {
                () = self.stop.cancelled() => return None,
                changed = changed => changed,
                () = sleep_until(self.comment_at) => {
                    self.comment_at = Instant::now() + COMMENT_INTERVAL;
                    return self.may_go_on().await.then(|| Event::default().comment("here"));
                }
            };
            let is_about_them = changed.contains(&self.own) || changed.contains(&Topic::Everything);
            if is_about_them && !self.may_go_on().await {
                return None;
            }
            let followed = &self.viewer.topics;
            let told = changed.iter();
            let told = told.filter(|it| followed.contains(it) || **it == Topic::Everything);
            let told: Vec<String> = told.map(ToString::to_string).collect();
            if !told.is_empty() {
                let now = Instant::now();
                (self.event_at, self.comment_at) = (now + EVENT_INTERVAL, now + COMMENT_INTERVAL);
                return Some(Event::default().data(told.join(" ")));
            }
        }
    }

    /// Where it cannot be known, it ends: the page asks anew.
    async fn may_go_on(&self) -> bool {
        match self.viewer.may_follow().await {
            Ok(may) => may,
            Err(error) => {
                tracing::debug!(%error, "a stream ends, as its reader's rights cannot be looked up");
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(pairs: &[(&str, &str)]) -> Option<(BTreeSet<Topic>, Duration)> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        read(&pairs.iter().map(owned).collect::<Vec<_>>())
    }

    #[test]
    fn topics_are_known_few_and_not_none() {
        let both = asked(&[("topic", "overview"), ("topic", "people"), ("age", "1500")]);
        let topics = [Topic::Overview, Topic::People].into();
        assert_eq!(both, Some((topics, Duration::from_millis(1500))));
        for wrong in [
            &[][..],
            &[("age", "1")],
            &[("topic", "weather")],
            &[("topic", "overview"), ("age", "-1")],
            &[("topic", "overview"), ("other", "1")],
        ] {
            assert_eq!(asked(wrong), None, "{wrong:?}");
        }
        let ids: Vec<String> = (0..=MAX_TOPICS)
            .map(|n| format!("person:00000000-0000-7000-8000-0000000000{n:02}"))
            .collect();
        let many: Vec<_> = ids.iter().map(|id| ("topic", id.as_str())).collect();
        assert!(asked(&many[1..]).is_some());
        assert_eq!(asked(&many), None);
    }
}
