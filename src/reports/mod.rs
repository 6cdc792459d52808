//! What Kalends tells about itself and the connections: lists, timelines, data to take away, metrics.

pub mod connection_list;
pub mod data_export;
pub mod metrics;
pub mod timeline;
