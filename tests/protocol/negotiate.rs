//! What the practice Exchange takes under `Negotiate`: bare NTLM, or NTLM within SPNEGO with the mechListMIC that a
//! message with a MIC makes mandatory; the same messages wrapped otherwise are refused, as Windows does.

use crate::{
    ntlm::{NEGOTIATE, NTLM, strict},
    office::{Office, service},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, Request, header::WWW_AUTHENTICATE};
use hyper::body::Bytes;
use kalends_exchange::{
    auth::{
        channel_binding,
        ntlm::{self, ChallengeReply, challenge::Challenge},
        spnego::find_ntlm_token,
    },
    outbound::connection::HttpConnection,
};
use kalends_simulator::world::settings::AuthOffer;
use md4::{Digest as _, Md4};
use md5::Md5;

/// How the two messages of the client travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Travel {
    Bare,
    /// Within SPNEGO, without a mechListMIC.
    Wrapped,
    WithMic,
    WithAnotherMic,
    /// The first bare, the second within SPNEGO.
    Mixed,
    /// As the mechanism's token of a client that prefers Kerberos.
    BehindKerberos,
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82, high, low], content].concat()
}

const NTLMSSP: [u8; 12] = [
    0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0a,
];
const KERBEROS: [u8; 11] = [
    0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02,
];

fn mechanisms(travel: Travel) -> Vec<u8> {
    match travel {
        Travel::BehindKerberos => der(0x30, &[KERBEROS.as_slice(), &NTLMSSP].concat()),
        _ => der(0x30, &NTLMSSP),
    }
}

fn first(travel: Travel, message: &[u8]) -> Vec<u8> {
    const SPNEGO: [u8; 8] = [0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02];
    if matches!(travel, Travel::Bare | Travel::Mixed) {
        return message.to_vec();
    }
    let parts = [
        der(0xa0, &mechanisms(travel)),
        der(0xa2, &der(0x04, message)),
    ];
    let init = der(0xa0, &der(0x30, &parts.concat()));
    der(0x60, &[SPNEGO.as_slice(), &init].concat())
}

fn second(travel: Travel, message: &[u8]) -> Vec<u8> {
    if travel == Travel::Bare {
        return message.to_vec();
    }
    let mut parts = der(0xa2, &der(0x04, message));
    let mut mic = mech_list_mic(message, &mechanisms(travel));
    match travel {
        Travel::WithAnotherMic => mic[4] ^= 1,
        Travel::WithMic => {}
        _ => return der(0xa1, &der(0x30, &parts)),
    }
    parts.extend(der(0xa3, &der(0x04, &mic)));
    der(0xa1, &der(0x30, &parts))
}

fn hmac(key: &[u8], text: &[u8]) -> [u8; 16] {
    let mut mac = Hmac::<Md5>::new_from_slice(key).unwrap();
    mac.update(text);
    mac.finalize().into_bytes().into()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The client's first signature over the list of mechanisms ([MS-NLMP] 3.4.4.2), under the key that the service
/// account's answer in `message` proves.
fn mech_list_mic(message: &[u8], list: &[u8]) -> [u8; 16] {
    let request = service();
    let name = request.account.to_string().to_uppercase();
    let password = Md4::digest(utf16(request.password.reveal()));
    let at = usize::from(message[24]) + 256 * usize::from(message[25]);
    let key = hmac(&hmac(&password, &utf16(&name)), &message[at..at + 16]);
    let magic = b"session key to client-to-server signing key magic constant\0";
    let key = Md5::digest([key.as_slice(), magic].concat());
    let sum = hmac(&key, &[&[0; 4], list].concat());
    let mut mic = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    mic[4..12].copy_from_slice(&sum[..8]);
    mic
}

async fn post(connection: &mut HttpConnection, scheme: &str, token: &[u8]) -> (u16, HeaderMap) {
    let request = Request::post("/EWS/Exchange.asmx")
        .header(
            "Authorization",
            format!("{scheme} {}", STANDARD.encode(token)),
        )
        .header("Content-Type", "text/xml; charset=utf-8")
        .body(Bytes::from_static(b"<x/>"))
        .unwrap();
    let answer = connection.send(request, 100_000).await.unwrap();
    let told = (answer.status.as_u16(), answer.headers.clone());
    answer.drain().await;
    told
}

/// The status at the end, and how often the practice Exchange took the sign-in, refused it, and refused it for its
/// wrapping alone.
async fn sign_in(offer: AuthOffer, scheme: &str, travel: Travel) -> (u16, (u64, u64, u64)) {
    let office = strict(offer).await;
    let status = exchange(&office, scheme, travel).await;
    let world = office.exchange.world();
    let counters = world.counters();
    let locked = world.account("svc-kalends@example.test").unwrap().refused();
    assert_eq!(locked, 0, "the password was right");
    (
        status,
        (
            counters.accepted(),
            counters.refused(),
            counters.unfinished_sign_ins(),
        ),
    )
}

async fn exchange(office: &Office, scheme: &str, travel: Travel) -> u16 {
    let outbound = &office.tools.outbound;
    let mut connection = outbound.connect("mail.example.test", 443).await.unwrap();
    let negotiate = ntlm::negotiate();
    let (status, headers) = post(&mut connection, scheme, &first(travel, &negotiate)).await;
    assert_eq!(status, 401);
    let said = headers.get(WWW_AUTHENTICATE).unwrap().to_str().unwrap();
    let Some((_, token)) = said.split_once(' ') else {
        return status;
    };
    let token = STANDARD.decode(token).unwrap();
    let challenge = Challenge::parse(find_ntlm_token(&token).unwrap()).unwrap();
    let request = service();
    let reply = ChallengeReply {
        account: &request.account,
        password: &request.password,
        workstation: "TEST",
        host: "mail.example.test",
        binding: channel_binding::of_certificate(&connection.facts().leaf),
        now: crate::office::NOW,
        nonce: [7; 8],
    };
    let message = reply.authenticate(&negotiate, &challenge);
    post(&mut connection, scheme, &second(travel, &message))
        .await
        .0
}

#[tokio::test]
async fn bare_messages_and_rightly_wrapped_ones_sign_in() {
    for travel in [Travel::Bare, Travel::WithMic] {
        let (status, counted) = sign_in(NEGOTIATE, "Negotiate", travel).await;
        assert_ne!(status, 401, "{travel:?}");
        assert_eq!(counted, (1, 0, 0), "{travel:?}");
    }
}

#[tokio::test]
async fn a_mic_within_spnego_needs_its_second_one() {
    for travel in [Travel::Wrapped, Travel::WithAnotherMic] {
        let ended = sign_in(NEGOTIATE, "Negotiate", travel).await;
        assert_eq!(ended, (401, (0, 1, 1)), "{travel:?}");
    }
}

#[tokio::test]
async fn other_wrapping_is_no_token_at_all() {
    for travel in [Travel::Mixed, Travel::BehindKerberos] {
        let ended = sign_in(NEGOTIATE, "Negotiate", travel).await;
        assert_eq!(ended, (401, (0, 0, 0)), "{travel:?}");
    }
    // Under its own name NTLM is never wrapped.
    let ended = sign_in(NTLM, "NTLM", Travel::WithMic).await;
    assert_eq!(ended, (401, (0, 0, 0)));
}
