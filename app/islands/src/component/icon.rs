//! The few drawings that pages use; decoration beside text, so hidden from screen readers.

use leptos::prelude::*;

/// The drawings by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    Passed,
    Failed,
    Waiting,
    Paused,
    Private,
    Calendar,
}

impl Icon {
    const fn path(self) -> &'static str {
        match self {
            Self::Passed => "M3.5 8.5l3 3 6-7",
            Self::Failed => "M8 3.5v5.5M8 11.8v.4",
            Self::Waiting => "M8 4.5V8l2.5 1.8",
            Self::Paused => "M6 5v6M10 5v6",
            Self::Private => "M5 7.5V6a3 3 0 0 1 6 0v1.5M4.5 7.5h7v5h-7z",
            Self::Calendar => "M3 4.5h10v8.5H3zM3 7.5h10M5.5 3v2.5M10.5 3v2.5",
        }
    }

    /// Whether a ring is drawn around it.
    const fn ringed(self) -> bool {
        matches!(
            self,
            Self::Passed | Self::Failed | Self::Waiting | Self::Paused
        )
    }

    pub fn view(self) -> impl IntoView {
        view! {
            <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
                {self.ringed().then(|| view! { <circle cx="8" cy="8" r="7" class="icon-ring"></circle> })}
                <path d=self.path()></path>
            </svg>
        }
    }
}
