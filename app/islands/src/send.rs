//! Sends forms as the browser would and reads the answer, and fetches pages. Islands use this alone: the general client of
//! server functions is several times the size of all islands together.

use crate::error::AppError;
use leptos::{
    prelude::window,
    wasm_bindgen::{JsCast, JsValue},
    web_sys::{Document, HtmlFormElement},
};
use serde::de::DeserializeOwned;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DomParser, FormData, Headers, RequestInit, Response, SupportedType, UrlSearchParams,
};

/// Sends the fields of a form.
pub async fn send_form<T: DeserializeOwned>(
    url: &str,
    form: &HtmlFormElement,
) -> Result<T, AppError> {
    let fields = FormData::new_with_form(form)
        .and_then(|data| UrlSearchParams::new_with_str_sequence_sequence(&data));
    answer(url, fields).await
}

/// Sends one field.
pub async fn send_field<T: DeserializeOwned>(
    url: &str,
    name: &str,
    value: &str,
) -> Result<T, AppError> {
    let fields = UrlSearchParams::new().inspect(|fields| fields.append(name, value));
    answer(url, fields).await
}

/// A page of ours, as a document that runs nothing.
pub async fn get_page(url: &str) -> Result<Document, AppError> {
    let init = RequestInit::new();
    let (response, text) = fetched(url, "text/html", &init).await?;
    // Nobody is signed in any more: the way led elsewhere.
    if response.redirected() {
        return Err(AppError::SignedOut);
    }
    match response.status() {
        200 => {}
        401 => return Err(AppError::SignedOut),
        404 => return Err(AppError::NotYours),
        502..=504 => return Err(AppError::Unreachable),
        status => {
            return Err(AppError::Internal {
                reference: status.to_string(),
            });
        }
    }
    let page = DomParser::new()
        .and_then(|parser| parser.parse_from_string(&text, SupportedType::TextHtml));
    page.map_err(|_| unread())
}

async fn answer<T: DeserializeOwned>(
    url: &str,
    fields: Result<UrlSearchParams, JsValue>,
) -> Result<T, AppError> {
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(&fields.map_err(unreachable)?.into());
    let (response, text) = fetched(url, "application/json", &init).await?;
    if response.ok() {
        serde_json::from_str(&text).map_err(|_| unread())
    } else {
        Err(serde_json::from_str(&text).unwrap_or_else(|_| unread()))
    }
}

fn unread() -> AppError {
    AppError::Internal {
        reference: "answer-not-understood".to_owned(),
    }
}

fn unreachable(_: JsValue) -> AppError {
    AppError::Unreachable
}

/// Asks for an answer of a kind, and reads it whole.
async fn fetched(
    url: &str,
    kind: &str,
    init: &RequestInit,
) -> Result<(Response, String), AppError> {
    let asked = async {
        let headers = Headers::new()?;
        headers.append("accept", kind)?;
        init.set_headers(&headers);
        let response: Response = JsFuture::from(window().fetch_with_str_and_init(url, init))
            .await?
            .unchecked_into();
        let text = JsFuture::from(response.text()?).await?;
        Ok::<_, JsValue>((response, text.as_string().unwrap_or_default()))
    };
    asked.await.map_err(unreachable)
}
