//! One file per page.

pub mod audit;
pub mod calendar;
pub mod calendar_preferences;
pub mod check;
pub mod check_exchange;
pub mod connect;
pub mod connection;
pub mod connections;
pub mod data_export;
pub mod disconnect;
pub mod help;
pub mod home;
pub mod organisation;
pub mod overview;
pub mod people;
pub mod privacy;
pub mod profile;
pub mod second_factor;
pub mod security;
pub mod setup;
pub mod sign_in;
pub mod style;
