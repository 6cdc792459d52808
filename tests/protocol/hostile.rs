//! Answers made to harm the reader: each ends soon, in an error or in a cut value, and none is expanded. Everything
//! goes through the reader that calls use.

use kalends_exchange::ews::{
    envelope::{SoapBody, open},
    operation::{Operation as _, find_item::FindItem},
    response_code::ResponseCode,
    xml::{Xml, XmlError},
};
use std::borrow::Cow;

const TYPES: &str = "http://schemas.microsoft.com/exchange/services/2006/types";

fn text_of_root(text: &str) -> Result<String, XmlError> {
    let mut xml = Xml::new(text);
    xml.root()?;
    xml.text().map(Cow::into_owned)
}

#[test]
fn a_billion_laughs_are_refused_at_the_document_type() {
    let levels: Vec<String> = (1..30)
        .map(|level| {
            let inner = format!("&a{};", level - 1).repeat(10);
            format!("<!ENTITY a{level} \"{inner}\">")
        })
        .collect();
    let entities = format!("<!ENTITY a0 \"ha\">{}", levels.concat());
    let bomb = format!("<!DOCTYPE a [{entities}]><a>&a29;</a>");
    let refused = Err(XmlError::Malformed("a document type".to_owned()));
    assert_eq!(text_of_root(&bomb), refused);
    let file = "<!DOCTYPE a [<!ENTITY f SYSTEM \"file:///etc/hostname\">]><a>&f;</a>";
    assert_eq!(text_of_root(file), refused);
}

#[test]
fn an_entity_without_a_document_type_is_refused_by_name() {
    let refused = Err(XmlError::Malformed("the entity a29".to_owned()));
    assert_eq!(text_of_root("<a>&a29;</a>"), refused);
}

#[test]
fn a_hundred_thousand_levels_are_refused() {
    let refused = Err(XmlError::Malformed("nested too deeply".to_owned()));
    assert_eq!(text_of_root(&"<a>".repeat(100_000)), refused);
}

#[test]
fn a_flood_of_attributes_is_kept_to_a_few() {
    let attributes: Vec<String> = (0..20_000).map(|n| format!(" a{n}=\"x\"")).collect();
    let text = format!("<a{}/>", attributes.concat());
    let mut xml = Xml::new(&text);
    let root = xml.root().unwrap();
    assert_eq!(root.attribute("a0").as_deref(), Some("x"));
    assert_eq!(root.attribute("a19999"), None);
}

#[test]
fn a_name_of_a_megabyte_is_told_short() {
    let name = "n".repeat(1024 * 1024);
    let text = format!("<{name}/>");
    let error = open(&mut Xml::new(&text)).unwrap_err();
    assert!(
        error.to_string().len() < 4096,
        "{}",
        error.to_string().len()
    );
}

#[test]
fn more_items_than_were_asked_for_are_refused() {
    let items = "<t:CalendarItem/>".repeat(1001);
    let text = format!(
        r#"<m:FindItemResponse xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="{TYPES}"><m:ResponseMessages><m:FindItemResponseMessage ResponseClass="Success"><m:ResponseCode>NoError</m:ResponseCode><m:RootFolder><t:Items>{items}</t:Items></m:RootFolder></m:FindItemResponseMessage></m:ResponseMessages></m:FindItemResponse>"#
    );
    let mut xml = Xml::new(&text);
    xml.root().unwrap();
    let error = FindItem::read(&mut xml).unwrap_err();
    let expected = XmlError::Malformed("more items than were asked for".to_owned());
    assert_eq!(error, expected);
}

#[test]
fn a_fault_with_only_code_and_text_is_understood() {
    let text = format!(
        r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode xmlns:t="{TYPES}">t:ErrorServerBusy</faultcode><faultstring>Try later.</faultstring></s:Fault></s:Body></s:Envelope>"#
    );
    let opened = open(&mut Xml::new(&text)).unwrap();
    let SoapBody::Fault(said) = opened.body else {
        panic!("{opened:?}")
    };
    assert_eq!(said.code, ResponseCode::ServerBusy);
    assert_eq!((said.text.as_str(), said.is_fault), ("Try later.", true));
}
