//! The types of the schema that answers hold, and how they become ours.

pub mod calendar_item;
pub mod date_time;
pub mod time_zone;
