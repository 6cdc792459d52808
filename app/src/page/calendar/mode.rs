//! The ways to look at days, as addresses name them.

/// A way to look at days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalendarMode {
    Agenda,
    Day,
    Three,
    Week,
    Month,
}

impl CalendarMode {
    pub const ALL: [Self; 5] = [
        Self::Agenda,
        Self::Day,
        Self::Three,
        Self::Week,
        Self::Month,
    ];

    /// The value in addresses.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Agenda => "agenda",
            Self::Day => "day",
            Self::Three => "three",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    pub const fn label(self) -> &'static str {
        match self {
            Self::Agenda => "Agenda",
            Self::Day => "Day",
            Self::Three => "3 days",
            Self::Week => "Week",
            Self::Month => "Month",
        }
    }

    pub const fn has_hours(self) -> bool {
        matches!(self, Self::Day | Self::Three | Self::Week)
    }

    /// What one page of it is called in the links that turn it.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Agenda | Self::Week => "week",
            Self::Day => "day",
            Self::Three => "three days",
            Self::Month => "month",
        }
    }
}
