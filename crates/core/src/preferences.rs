//! How a person reads calendars: which day a week begins with, and how a clock tells the time.

use serde::{Deserialize, Serialize};

/// A person's choices; the zone stands beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Preferences {
    pub first_day: FirstDay,
    pub clock: HourClock,
}

/// The days that weeks begin with somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FirstDay {
    #[default]
    Monday,
    Saturday,
    Sunday,
}

/// `14:30` or `2:30 PM`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HourClock {
    #[default]
    TwentyFour,
    Twelve,
}

impl FirstDay {
    pub const ALL: [Self; 3] = [Self::Monday, Self::Saturday, Self::Sunday];

    /// Days after Monday.
    pub const fn after_monday(self) -> i8 {
        match self {
            Self::Monday => 0,
            Self::Saturday => 5,
            Self::Sunday => 6,
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Monday => "Monday",
            Self::Saturday => "Saturday",
            Self::Sunday => "Sunday",
        }
    }

    /// The value of the choice in forms.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Monday => "monday",
            Self::Saturday => "saturday",
            Self::Sunday => "sunday",
        }
    }
}

impl HourClock {
    pub const ALL: [Self; 2] = [Self::TwentyFour, Self::Twelve];

    pub const fn label(self) -> &'static str {
        match self {
            Self::TwentyFour => "24 hours, as in 14:30",
            Self::Twelve => "12 hours, as in 2:30 PM",
        }
    }

    /// The value of the choice in forms.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TwentyFour => "twenty_four",
            Self::Twelve => "twelve",
        }
    }
}
