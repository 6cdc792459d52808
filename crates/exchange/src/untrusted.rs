//! Every reader of bytes that a remote side sends, by one door: the fuzzers come in here, the corpus that keeps what
//! they found, and the benchmark of reading. Nothing here is used to talk to a server.

use crate::{
    auth::{
        ntlm::{self, ChallengeReply, challenge::Challenge},
        offer::Offer,
        spnego,
    },
    autodiscover,
    ews::{
        envelope,
        operation::{Operation as _, find_item::FindItem, get_folder::GetFolder},
        sanitize::sanitize_xml,
        xml::{Xml, XmlError},
    },
};
use http::{HeaderMap, HeaderValue, header::WWW_AUTHENTICATE};
use jiff::tz::TimeZone;
use kalends_core::{
    account_name::{AccountName, Password},
    calendar::Event,
    clock::Timestamp,
};

/// Reads some bytes and forgets what came of it; must end soon and never panic.
pub type Reader = fn(&[u8]);

/// The readers by name; the corpus of each lies under `fuzz/corpus`.
pub const READERS: [(&str, Reader); 5] = [
    ("envelope", read_envelope),
    ("challenge", read_challenge),
    ("spnego", read_spnego),
    ("autodiscover", read_autodiscover),
    ("offer", read_offer),
];

/// An EWS answer, as each operation reads it.
pub fn read_envelope(bytes: &[u8]) {
    drop(calendar_view(bytes));
    let text = sanitize_xml(bytes);
    let mut xml = Xml::new(&text);
    if let Ok(opened) = envelope::open(&mut xml)
        && matches!(opened.body, envelope::SoapBody::Operation(_))
        && GetFolder::read(&mut xml).is_ok()
    {
        drop(xml.finish());
    }
}

/// The second message of NTLM; one that can be read is answered.
pub fn read_challenge(bytes: &[u8]) {
    let Ok(challenge) = Challenge::parse(bytes) else {
        return;
    };
    let reply = ChallengeReply {
        account: &AccountName::Plain("svc".to_owned()),
        password: &Password::from("password".to_owned()),
        workstation: ntlm::WORKSTATION,
        host: "mail.example.test",
        binding: Some([7; 16]),
        now: Timestamp::from_seconds(0),
        nonce: [1; 8],
    };
    drop(reply.authenticate(&ntlm::negotiate(), &challenge));
}

/// An NTLM token within SPNEGO.
pub fn read_spnego(bytes: &[u8]) {
    if let Some(token) = spnego::find_ntlm_token(bytes) {
        read_challenge(token);
    }
}

/// An answer of Autodiscover, in both forms.
pub fn read_autodiscover(bytes: &[u8]) {
    autodiscover::read_both(&sanitize_xml(bytes));
}

/// `WWW-Authenticate`, a line for each header.
pub fn read_offer(bytes: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n').take(64) {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(WWW_AUTHENTICATE, value);
        }
    }
    drop(Offer::read(&headers).to_string());
}

/// The events of a calendar view, from the first byte of its answer to the last.
pub fn calendar_view(bytes: &[u8]) -> Result<Vec<Event>, XmlError> {
    let text = sanitize_xml(bytes);
    let mut xml = Xml::new(&text);
    envelope::open(&mut xml)?;
    let Ok(view) = FindItem::read(&mut xml)? else {
        return Ok(Vec::new());
    };
    xml.finish()?;
    let events = view.items.into_iter();
    Ok(events
        .filter_map(|item| item.into_event(&TimeZone::UTC))
        .collect())
}
