//! Parts that islands share with pages.

mod field;
mod icon;

pub use field::{Field, FormNotice};
pub use icon::Icon;
