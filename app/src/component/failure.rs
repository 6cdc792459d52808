//! What a page shows when its data could not be had.

use crate::{AppError, component::Frame};
use leptos::prelude::*;

/// A page in the place of one whose data could not be had.
#[component]
pub fn Failure(error: AppError) -> impl IntoView {
    match error {
        // The browser is on its way already: `request::user` named the page and where to come back to.
        AppError::SignedOut => view! {
            <Frame title="Signed out">
                <p><a href="/sign-in">"Sign in"</a></p>
            </Frame>
        }
        .into_any(),
        AppError::NotYours => view! {
            <Frame title="Page not found">
                <p>"There is no page at this address, or it is not for you."</p>
                <p class="form-actions"><a class="button" href="/">"Back to the start"</a></p>
            </Frame>
        }
        .into_any(),
        AppError::TooLarge => view! {
            <Frame title="Too much text">
                <p>"A form takes 60,000 characters in all. Nothing was saved. Go back: your browser still has what you typed, and it can be shortened there."</p>
            </Frame>
        }
        .into_any(),
        AppError::NotUnderstood => view! {
            <Frame title="Form not understood">
                <p>"Kalends could not read what was sent, and nothing was saved. Go back, load the page again, and try once more."</p>
            </Frame>
        }
        .into_any(),
        AppError::Busy { seconds } => view! {
            <Frame title="Kalends is busy">
                <p>{format!("Many people sign in or choose a password at this moment, and nothing was done. Go back and try again in {seconds} seconds.")}</p>
            </Frame>
        }
        .into_any(),
        AppError::Unreachable => view! {
            <Frame title="No connection to Kalends">
                <p>"The server could not be reached. Check your network, then load the page again."</p>
            </Frame>
        }
        .into_any(),
        AppError::Internal { reference } => {
            view! {
                <Frame title="Something went wrong in Kalends">
                    <p>"This is our fault, not yours, and it is written in the log. Please try again; if it happens again, tell a Kalends administrator this reference:"</p>
                    <p><code>{reference}</code></p>
                </Frame>
            }
            .into_any()
        }
    }
}
