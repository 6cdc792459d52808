//! Who follows what in this process: a change is told once its transaction is kept, and only that there was one.
//!
//! Nothing waits here, and nothing piles up: what a follower was not told yet is a set of the topics that they follow.

use kalends_core::{random::Random, topic::Topic};
use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};

/// For how long a change is remembered: for pages that were fetched before it and follow only after it, and so that none
/// is told twice.
pub(crate) const REMEMBERED: Duration = Duration::from_secs(90);
/// The most changes that are remembered.
const MAX_REMEMBERED: usize = 4096;

/// All who follow in this process. Clones share them.
#[derive(Debug, Clone)]
pub struct Announcements(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    random: Random,
    state: Mutex<State>,
    /// Wakes whoever asks for changes of other processes only while somebody follows.
    first_came: Notify,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    followers: HashMap<u64, Arc<Untold>>,
    by_topic: HashMap<Topic, BTreeSet<u64>>,
    remembered: VecDeque<Change>,
    ids: HashSet<i64>,
    /// Changes until then are not remembered any more.
    forgotten_until: Option<Instant>,
}

/// Something that changed. The id is the one of its row, where there is one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change {
    pub id: i64,
    pub topic: Topic,
    pub at: Instant,
}

/// What a follower was not told yet.
#[derive(Debug)]
struct Untold {
    /// Changes before then are known to them.
    from: Instant,
    topics: Mutex<BTreeSet<Topic>>,
    came: Notify,
}

/// Somebody who follows some topics, until dropped.
#[derive(Debug)]
pub struct Follower {
    announcements: Announcements,
    id: u64,
    topics: BTreeSet<Topic>,
    untold: Arc<Untold>,
}

impl Announcements {
    pub(crate) fn new(random: Random) -> Self {
        Self(Arc::new(Inner {
            random,
            // What was before is not known.
            state: Mutex::new(State {
                forgotten_until: Some(Instant::now()),
                ..State::default()
            }),
            first_came: Notify::new(),
        }))
    }

    /// A change with an id of its own.
    pub(crate) fn change(&self, topic: Topic) -> Change {
        Change {
            id: i64::from_le_bytes(self.0.random.bytes()),
            topic,
            at: Instant::now(),
        }
    }

    /// Follows topics from `since` ago on: what changed since then is told at once.
    pub fn follow(&self, topics: impl IntoIterator<Item = Topic>, since: Duration) -> Follower {
        let topics: BTreeSet<Topic> = topics.into_iter().collect();
        let now = Instant::now();
        let from = now.checked_sub(since).unwrap_or(now);
        let mut state = self.state();
        let mut missed: BTreeSet<Topic> = state
            .remembered
            .iter()
            .filter(|it| it.at >= from && is_followed(&topics, it.topic))
            .map(|it| it.topic)
            .collect();
        if since >= REMEMBERED || state.forgotten_until.is_some_and(|until| until > from) {
            missed.extend(&topics);
        }
        let id = state.next;
        state.next += 1;
        let untold = Arc::new(Untold {
            from,
            topics: Mutex::new(missed),
            came: Notify::new(),
        });
        untold.came.notify_one();
        let is_first = state.followers.is_empty();
        state.followers.insert(id, Arc::clone(&untold));
        for topic in &topics {
            state.by_topic.entry(*topic).or_default().insert(id);
        }
        drop(state);
        if is_first {
            self.0.first_came.notify_one();
        }
        Follower {
            announcements: self.clone(),
            id,
            topics,
            untold,
        }
    }

    /// Whether anybody follows anything.
    pub(crate) fn is_followed(&self) -> bool {
        !self.state().followers.is_empty()
    }

    /// Returns once somebody follows.
    pub(crate) async fn followed(&self) {
        while !self.is_followed() {
            self.0.first_came.notified().await;
        }
    }

    /// Tells those who follow it, once.
    pub(crate) fn tell(&self, change: Change) {
        let mut state = self.state();
        if !state.remember(change) {
            return;
        }
        let told: Vec<&Arc<Untold>> = match change.topic {
            Topic::Everything => state.followers.values().collect(),
            topic => {
                let ids = state.by_topic.get(&topic).into_iter().flatten();
                ids.filter_map(|id| state.followers.get(id)).collect()
            }
        };
        for follower in told {
            if change.at >= follower.from {
                follower.topics().insert(change.topic);
                follower.came.notify_one();
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_followed(topics: &BTreeSet<Topic>, topic: Topic) -> bool {
    topic == Topic::Everything || topics.contains(&topic)
}

impl State {
    /// False if it is known already.
    fn remember(&mut self, change: Change) -> bool {
        if !self.ids.insert(change.id) {
            return false;
        }
        self.remembered.push_back(change);
        let now = Instant::now();
        while let Some(oldest) = self.remembered.front() {
            let is_old = now.duration_since(oldest.at) > REMEMBERED;
            if !is_old && self.remembered.len() <= MAX_REMEMBERED {
                break;
            }
            if !is_old {
                self.forgotten_until = self.forgotten_until.max(Some(oldest.at));
            }
            self.ids.remove(&oldest.id);
            self.remembered.pop_front();
        }
        true
    }
}

impl Untold {
    fn topics(&self) -> MutexGuard<'_, BTreeSet<Topic>> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Follower {
    /// Waits for changes, and returns the topics that changed since the last time.
    pub async fn changed(&self) -> BTreeSet<Topic> {
        loop {
            let changed = mem::take(&mut *self.untold.topics());
            if !changed.is_empty() {
                return changed;
            }
            self.untold.came.notified().await;
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let mut state = self.announcements.state();
        state.followers.remove(&self.id);
        for topic in &self.topics {
            if let Some(ids) = state.by_topic.get_mut(topic) {
                ids.remove(&self.id);
                if ids.is_empty() {
                    state.by_topic.remove(topic);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_like::ready;

    /// What can be had at once.
    mod futures_like {
        use std::{
            pin::pin,
            task::{Context, Poll, Waker},
        };

        pub fn ready<T>(future: impl Future<Output = T>) -> Option<T> {
            let mut context = Context::from_waker(Waker::noop());
            match pin!(future).poll(&mut context) {
                Poll::Ready(value) => Some(value),
                Poll::Pending => None,
            }
        }
    }

    /// As one that has been there for a while.
    fn announcements() -> Announcements {
        let all = Announcements::new(Random::seeded(1));
        all.state().forgotten_until = None;
        all
    }

    fn told(follower: &Follower) -> Vec<Topic> {
        ready(follower.changed()).into_iter().flatten().collect()
    }

    #[tokio::test]
    async fn whoever_follows_a_topic_is_told_of_it_and_of_nothing_else() {
        let all = announcements();
        let list = all.follow([Topic::Connections], Duration::ZERO);
        let both = all.follow([Topic::Connections, Topic::Overview], Duration::ZERO);
        all.tell(all.change(Topic::Overview));
        assert_eq!(told(&list), []);
        assert_eq!(told(&both), [Topic::Overview]);
        all.tell(all.change(Topic::Everything));
        assert_eq!(told(&list), [Topic::Everything]);
        assert_eq!(told(&both), [Topic::Everything]);
    }

    #[tokio::test]
    async fn many_changes_are_one_and_one_change_is_told_once() {
        let all = announcements();
        let list = all.follow([Topic::Connections], Duration::ZERO);
        let change = all.change(Topic::Connections);
        for _ in 0..100 {
            all.tell(all.change(Topic::Connections));
        }
        all.tell(change);
        assert_eq!(told(&list), [Topic::Connections]);
        all.tell(change);
        assert_eq!(told(&list), []);
    }

    #[tokio::test]
    async fn what_changed_since_the_page_was_fetched_is_told_and_what_changed_before_is_not() {
        let all = announcements();
        let mut change = all.change(Topic::Overview);
        change.at -= Duration::from_secs(10);
        all.tell(change);
        let follow = |seconds| all.follow([Topic::Overview], Duration::from_secs(seconds));
        assert_eq!(told(&follow(5)), []);
        assert_eq!(told(&follow(15)), [Topic::Overview]);
        // Nobody knows what was so long ago.
        assert_eq!(told(&follow(3600)), [Topic::Overview]);
        // A change that is heard of late.
        let after = follow(1);
        let mut late = all.change(Topic::Overview);
        late.at -= Duration::from_secs(5);
        all.tell(late);
        assert_eq!(told(&after), []);
    }

    #[tokio::test]
    async fn what_was_before_the_start_may_have_been_a_change() {
        let all = Announcements::new(Random::seeded(1));
        let before = all.follow([Topic::Overview], Duration::from_secs(1));
        assert_eq!(told(&before), [Topic::Overview]);
        let after = all.follow([Topic::Overview], Duration::ZERO);
        assert_eq!(told(&after), []);
    }

    #[tokio::test]
    async fn what_is_remembered_is_bounded_and_whoever_left_is_forgotten() {
        let all = announcements();
        drop(all.follow([Topic::Overview], Duration::ZERO));
        for _ in 0..MAX_REMEMBERED + 100 {
            all.tell(all.change(Topic::People));
        }
        let state = all.state();
        assert!(state.followers.is_empty() && state.by_topic.is_empty());
        assert_eq!(state.remembered.len(), MAX_REMEMBERED);
        assert_eq!(state.ids.len(), MAX_REMEMBERED);
        drop(state);
        // Some changes are not known any more: it may have been one of them.
        let late = all.follow([Topic::Overview], Duration::from_secs(30));
        assert_eq!(told(&late), [Topic::Overview]);
    }
}
