//! Sends forms to server functions as the browser would, and reads the answer. Islands use this alone: the general
//! client of server functions is several times the size of all islands together.

use crate::AppError;
use leptos::{
    prelude::window,
    wasm_bindgen::{JsCast, JsValue},
    web_sys::HtmlFormElement,
};
use serde::de::DeserializeOwned;
use wasm_bindgen_futures::JsFuture;
use web_sys::{FormData, Headers, RequestInit, Response, UrlSearchParams};

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

async fn answer<T: DeserializeOwned>(
    url: &str,
    fields: Result<UrlSearchParams, JsValue>,
) -> Result<T, AppError> {
    let (ok, text) = fetched(url, fields)
        .await
        .map_err(|_| AppError::Unreachable)?;
    let unread = || AppError::Internal {
        reference: "answer-not-understood".to_owned(),
    };
    if ok {
        serde_json::from_str(&text).map_err(|_| unread())
    } else {
        Err(serde_json::from_str(&text).unwrap_or_else(|_| unread()))
    }
}

async fn fetched(
    url: &str,
    fields: Result<UrlSearchParams, JsValue>,
) -> Result<(bool, String), JsValue> {
    let headers = Headers::new()?;
    headers.append("accept", "application/json")?;
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_headers(&headers);
    init.set_body(&fields?.into());
    let response: Response = JsFuture::from(window().fetch_with_str_and_init(url, &init))
        .await?
        .unchecked_into();
    let text = JsFuture::from(response.text()?).await?;
    Ok((response.ok(), text.as_string().unwrap_or_default()))
}
