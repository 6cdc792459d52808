//! Versions: which schema a request asks for, and which Exchange answers.

use std::{fmt, str::FromStr};

/// The schema that a request is written for, newest first. Each Exchange from 2013 SP1 on takes the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestVersion {
    Exchange2013Sp1,
    Exchange2013,
    Exchange2010Sp2,
}

impl RequestVersion {
    pub const ALL: [Self; 3] = [
        Self::Exchange2013Sp1,
        Self::Exchange2013,
        Self::Exchange2010Sp2,
    ];

    /// The spelling of the schema.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Exchange2013Sp1 => "Exchange2013_SP1",
            Self::Exchange2013 => "Exchange2013",
            Self::Exchange2010Sp2 => "Exchange2010_SP2",
        }
    }

    /// What to ask for after `ErrorInvalidServerVersion`; `None`: the server is too old.
    pub const fn older(self) -> Option<Self> {
        match self {
            Self::Exchange2013Sp1 => Some(Self::Exchange2013),
            Self::Exchange2013 => Some(Self::Exchange2010Sp2),
            Self::Exchange2010Sp2 => None,
        }
    }

    /// Whether wall clocks and zone ids of entries can be asked for.
    pub const fn has_wall_clock(self) -> bool {
        !matches!(self, Self::Exchange2010Sp2)
    }
}

/// How a mailbox's server is asked. Servers of one farm differ, so that each mailbox has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestSchema {
    pub version: RequestVersion,
    /// Its server knows no wall clocks and zone ids of entries, whatever its version says.
    pub without_wall_clock: bool,
}

impl Default for RequestSchema {
    fn default() -> Self {
        Self {
            version: RequestVersion::Exchange2013Sp1,
            without_wall_clock: false,
        }
    }
}

impl RequestSchema {
    /// Whether wall clocks and zone ids of entries are asked for.
    pub const fn asks_for_wall_clock(self) -> bool {
        self.version.has_wall_clock() && !self.without_wall_clock
    }
}

/// As it is stored: `Exchange2013`, with ` plain` behind it where wall clocks are not known.
impl fmt::Display for RequestSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = if self.without_wall_clock {
            " plain"
        } else {
            ""
        };
        write!(f, "{}{plain}", self.version.as_str())
    }
}

impl FromStr for RequestSchema {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (version, without_wall_clock) = match text.strip_suffix(" plain") {
            Some(version) => (version, true),
            None => (text, false),
        };
        let version = RequestVersion::ALL
            .into_iter()
            .find(|known| known.as_str() == version);
        Ok(Self {
            version: version.ok_or(())?,
            without_wall_clock,
        })
    }
}

/// The build of the server that answered, such as 15.2.1748.10.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerBuild {
    pub major: u16,
    pub minor: u16,
    pub build: u16,
    pub revision: u16,
}

impl ServerBuild {
    /// Exchange Online answers as 15.20.
    pub const fn is_exchange_online(self) -> bool {
        self.major == 15 && self.minor >= 20
    }

    /// The product as people call it.
    pub const fn product(self) -> &'static str {
        match (self.major, self.minor, self.build) {
            (8, ..) => "Exchange 2007",
            (14, ..) => "Exchange 2010",
            (15, 0, 1497..) => "Exchange 2013 CU23",
            (15, 0, _) => "Exchange 2013",
            (15, 1, 2507..) => "Exchange 2016 CU23",
            (15, 1, _) => "Exchange 2016",
            (15, 2, 2562..) => "Exchange SE",
            (15, 2, 1748..) => "Exchange 2019 CU15",
            (15, 2, 1544..) => "Exchange 2019 CU14",
            (15, 2, 1258..) => "Exchange 2019 CU13",
            (15, 2, 1118..) => "Exchange 2019 CU12",
            (15, 2, _) => "Exchange 2019",
            (15, 20.., _) => "Exchange Online",
            _ => "Exchange",
        }
    }
}

impl FromStr for ServerBuild {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.trim().splitn(4, '.').map(str::parse::<u16>);
        let mut next = || parts.next().and_then(Result::ok).ok_or(());
        Ok(Self {
            major: next()?,
            minor: next()?,
            build: next()?,
            revision: next()?,
        })
    }
}

impl fmt::Display for ServerBuild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            major,
            minor,
            build,
            revision,
        } = self;
        write!(f, "{major}.{minor}.{build}.{revision}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_stored_and_found_again() {
        for version in RequestVersion::ALL {
            for without_wall_clock in [false, true] {
                let schema = RequestSchema {
                    version,
                    without_wall_clock,
                };
                assert_eq!(schema.to_string().parse(), Ok(schema));
            }
        }
        assert_eq!("Exchange2030".parse::<RequestSchema>(), Err(()));
    }

    #[test]
    fn builds_are_read_and_named() {
        let named = |text: &str| text.parse::<ServerBuild>().map(ServerBuild::product);
        assert_eq!(named("15.2.1748.10"), Ok("Exchange 2019 CU15"));
        assert_eq!(named("15.2.2562.17"), Ok("Exchange SE"));
        assert_eq!(named("15.1.2507.6"), Ok("Exchange 2016 CU23"));
        assert_eq!(named("15.0.847.32"), Ok("Exchange 2013"));
        assert_eq!(named("15.20.1.2"), Ok("Exchange Online"));
        assert_eq!(named("15.2"), Err(()));
        assert_eq!(named("15.2.x.1"), Err(()));
    }
}
