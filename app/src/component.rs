//! Parts used by more than one page.

mod all_paused;
mod browser_zone;
mod choice;
mod connection_state;
mod copy;
mod empty_state;
mod failure;
mod follow;
mod frame;
mod ladder;
mod loaded;
mod notice;
mod pager;
mod question;
mod wake_islands;
mod when;

pub use all_paused::AllPaused;
pub use browser_zone::BrowserZone;
pub use choice::choice;
pub use connection_state::next_sync;
pub use connection_state::{StateBadge, StateView, state_label};
pub use copy::CopyButton;
pub use empty_state::EmptyState;
pub use failure::Failure;
pub use follow::Follow;
pub use frame::Frame;
pub use islands::component::{Field, FormNotice, Icon};
pub use ladder::LadderView;
pub use loaded::loaded;
pub use notice::owner_short;
pub use notice::{CommandBlock, Notice};
pub use pager::{Pager, PagerView};
pub use question::{Asks, Question};
pub use wake_islands::WakeIslands;
pub use when::When;
