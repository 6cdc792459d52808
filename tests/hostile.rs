//! Answers made to harm the reader: each ends soon, in an error or in a cut value, and none is expanded. Everything
//! goes through the reader that calls use, in chunks as a network cuts them.

use futures::stream;
use hyper::body::Bytes;
use kalends::ews::{
    envelope::{Body, open},
    operation::{Operation as _, find_item::FindItem},
    response_code::ResponseCode,
    xml::{Xml, XmlError},
};
use std::io;

const TYPES: &str = "http://schemas.microsoft.com/exchange/services/2006/types";

fn reader(text: &str) -> Xml {
    let chunks: Vec<io::Result<Bytes>> = text
        .as_bytes()
        .chunks(1400)
        .map(|chunk| Ok(Bytes::copy_from_slice(chunk)))
        .collect();
    Xml::new(Box::pin(stream::iter(chunks)))
}

async fn text_of_root(text: &str) -> Result<String, XmlError> {
    let mut xml = reader(text);
    xml.root().await?;
    xml.text().await
}

#[tokio::test]
async fn a_billion_laughs_are_refused_at_the_document_type() {
    let levels: Vec<String> = (1..30)
        .map(|level| {
            let inner = format!("&a{};", level - 1).repeat(10);
            format!("<!ENTITY a{level} \"{inner}\">")
        })
        .collect();
    let entities = format!("<!ENTITY a0 \"ha\">{}", levels.concat());
    let bomb = format!("<!DOCTYPE a [{entities}]><a>&a29;</a>");
    let refused = Err(XmlError::Malformed("a document type".to_owned()));
    assert_eq!(text_of_root(&bomb).await, refused);
    let file = "<!DOCTYPE a [<!ENTITY f SYSTEM \"file:///etc/hostname\">]><a>&f;</a>";
    assert_eq!(text_of_root(file).await, refused);
}

#[tokio::test]
async fn an_entity_without_a_document_type_is_refused_by_name() {
    let refused = Err(XmlError::Malformed("the entity a29".to_owned()));
    assert_eq!(text_of_root("<a>&a29;</a>").await, refused);
}

#[tokio::test]
async fn a_hundred_thousand_levels_are_refused() {
    let refused = Err(XmlError::Malformed("nested too deeply".to_owned()));
    assert_eq!(text_of_root(&"<a>".repeat(100_000)).await, refused);
}

#[tokio::test]
async fn a_flood_of_attributes_is_kept_to_a_few() {
    let attributes: Vec<String> = (0..20_000).map(|n| format!(" a{n}=\"x\"")).collect();
    let mut xml = reader(&format!("<a{}/>", attributes.concat()));
    let root = xml.root().await.unwrap();
    assert_eq!(root.attribute("a0"), Some("x"));
    assert_eq!(root.attribute("a19999"), None);
}

#[tokio::test]
async fn a_name_of_a_megabyte_is_told_short() {
    let name = "n".repeat(1024 * 1024);
    let error = open(&mut reader(&format!("<{name}/>"))).await.unwrap_err();
    assert!(
        error.to_string().len() < 4096,
        "{}",
        error.to_string().len()
    );
}

#[tokio::test]
async fn more_items_than_were_asked_for_are_refused() {
    let items = "<t:CalendarItem/>".repeat(1001);
    let text = format!(
        r#"<m:FindItemResponse xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="{TYPES}"><m:ResponseMessages><m:FindItemResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:RootFolder><t:Items>{items}</t:Items></m:RootFolder></m:FindItemResponseMessage></m:ResponseMessages></m:FindItemResponse>"#
    );
    let mut xml = reader(&text);
    xml.root().await.unwrap();
    let error = FindItem::read(&mut xml).await.unwrap_err();
    let expected = XmlError::Malformed("more items than were asked for".to_owned());
    assert_eq!(error, expected);
}

#[tokio::test]
async fn a_fault_with_only_code_and_text_is_understood() {
    let text = format!(
        r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode xmlns:t="{TYPES}">t:ErrorServerBusy</faultcode><faultstring>Try later.</faultstring></s:Fault></s:Body></s:Envelope>"#
    );
    let opened = open(&mut reader(&text)).await.unwrap();
    let Body::Fault(said) = opened.body else {
        panic!("{opened:?}")
    };
    assert_eq!(said.code, ResponseCode::ServerBusy);
    assert_eq!((said.text.as_str(), said.is_fault), ("Try later.", true));
}
