//! What an open page may follow. Only that something changed is told, never what: whoever follows fetches the page again,
//! and sees what they may see.

use crate::id::{CheckId, ConnectionId, UserId};
use std::{fmt, str::FromStr};

/// Something that changes while people look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// The entries of a person's calendar, and how their connection stands.
    Calendar(UserId),
    /// One connection with its sync runs.
    Connection(ConnectionId),
    /// One test of a connection.
    Check(CheckId),
    /// One analysis of a server.
    Analysis(CheckId),
    /// A person's sessions, rights, password, settings and requests.
    Person(UserId),
    /// The list of connections: which there are, and how each stands.
    Connections,
    /// What is said of all connections together.
    Overview,
    /// The list of people.
    People,
    /// Accounts, rules, requests, notices, and what works on many mailboxes.
    Organisation,
    /// Whatever is followed. Nobody follows this itself.
    Everything,
}

/// The text names no topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a topic")]
pub struct NotATopic;

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Calendar(person) => write!(f, "calendar:{person}"),
            Self::Connection(id) => write!(f, "connection:{id}"),
            Self::Check(id) => write!(f, "check:{id}"),
            Self::Analysis(id) => write!(f, "analysis:{id}"),
            Self::Person(id) => write!(f, "person:{id}"),
            Self::Connections => f.write_str("connections"),
            Self::Overview => f.write_str("overview"),
            Self::People => f.write_str("people"),
            Self::Organisation => f.write_str("organisation"),
            Self::Everything => f.write_str("everything"),
        }
    }
}

impl FromStr for Topic {
    type Err = NotATopic;

    fn from_str(text: &str) -> Result<Self, NotATopic> {
        fn id<T: FromStr>(text: &str) -> Result<T, NotATopic> {
            text.parse().map_err(|_| NotATopic)
        }
        let (kind, of) = match text.split_once(':') {
            Some((kind, of)) => (kind, Some(of)),
            None => (text, None),
        };
        match (kind, of) {
            ("calendar", Some(of)) => id(of).map(Self::Calendar),
            ("connection", Some(of)) => id(of).map(Self::Connection),
            ("check", Some(of)) => id(of).map(Self::Check),
            ("analysis", Some(of)) => id(of).map(Self::Analysis),
            ("person", Some(of)) => id(of).map(Self::Person),
            ("connections", None) => Ok(Self::Connections),
            ("overview", None) => Ok(Self::Overview),
            ("people", None) => Ok(Self::People),
            ("organisation", None) => Ok(Self::Organisation),
            ("everything", None) => Ok(Self::Everything),
            _ => Err(NotATopic),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;

    #[test]
    fn topics_survive_text() {
        let now = Timestamp::from_seconds(1_772_438_400);
        let person = UserId::new(now, [1; 10]);
        for topic in [
            Topic::Calendar(person),
            Topic::Person(person),
            Topic::Connection(ConnectionId::new(now, [2; 10])),
            Topic::Check(CheckId::new(now, [3; 10])),
            Topic::Analysis(CheckId::new(now, [4; 10])),
            Topic::Connections,
            Topic::Overview,
            Topic::People,
            Topic::Organisation,
            Topic::Everything,
        ] {
            assert_eq!(topic.to_string().parse(), Ok(topic));
        }
        for none in [
            "",
            "calendar",
            "calendar:",
            "calendar:42",
            "overview:",
            "Overview",
            "x:y",
        ] {
            assert_eq!(none.parse::<Topic>(), Err(NotATopic), "{none}");
        }
    }
}
