//! NTLMv2 ([MS-NLMP]): the three messages that sign in a connection, with MIC, channel binding and target name. NTLMv1
//! and LM do not exist here; time and randomness are arguments, so that published vectors can be met byte for byte.

pub mod challenge;
pub(super) mod encoding;
mod response;

use challenge::{AvPair, Challenge};
use encoding::{SIGNATURE, utf16};
use kalends_core::{
    account_name::{AccountName, Password},
    clock::Timestamp,
};
use response::NtlmResponse;
use zeroize::Zeroizing;

/// Windows 10 (10.0.19041): what the version field tells.
const VERSION: [u8; 8] = [0x0a, 0x00, 0x61, 0x4a, 0x00, 0x00, 0x00, 0x0f];
/// 56, 128, version, extended session security, always sign, NTLM, request target, OEM, Unicode: as browsers ask.
const REQUESTED_FLAGS: u32 = 0xa208_8207;
/// The above and target information, which only a server sets.
const SUPPORTED_FLAGS: u32 = 0xa288_8207;
/// The name of the machine we sign in from; it stands in the domain's security log.
pub const WORKSTATION: &str = "KALENDS";
/// Where the AUTHENTICATE message's texts begin: after its MIC.
const PAYLOAD_OFFSET: usize = 88;
const MIC_RANGE: std::ops::Range<usize> = 72..88;
/// Milliseconds between 1601 and 1970.
const UNIX_IN_FILETIME_MILLIS: i64 = 11_644_473_600_000;

/// The first message: what we can, and no names.
pub fn negotiate() -> [u8; 40] {
    let mut message = [0; 40];
    message[..8].copy_from_slice(SIGNATURE);
    message[8] = 1;
    message[12..16].copy_from_slice(&REQUESTED_FLAGS.to_le_bytes());
    message[32..].copy_from_slice(&VERSION);
    message
}

/// What the answer to a challenge is made of.
pub struct ChallengeReply<'a> {
    /// Who signs in.
    pub account: &'a AccountName,
    /// Hashed into the proof; nothing of it goes out.
    pub password: &'a Password,
    /// The machine named in the security log of the domain.
    pub workstation: &'a str,
    /// The host of the URL, without port: becomes the target name `HTTP/host`.
    pub host: &'a str,
    /// MD5 of the channel binding ([`super::channel_binding`]); `None` where the certificate is unknown.
    pub binding: Option<[u8; 16]>,
    /// Our time, for servers that tell none.
    pub now: Timestamp,
    /// Eight random bytes, fresh for each reply.
    pub nonce: [u8; 8],
}

impl ChallengeReply<'_> {
    /// The third message, to be sent on the connection that `challenge` came from and that `negotiate` was sent on.
    pub fn authenticate(&self, negotiate: &[u8], challenge: &Challenge) -> Zeroizing<Vec<u8>> {
        let (user, domain) = user_and_domain(self.account);
        let server_time = challenge.timestamp();
        let response = NtlmResponse::new(
            &response::response_key(user, domain, self.password),
            challenge.server_challenge,
            self.nonce,
            server_time.unwrap_or_else(|| filetime(self.now)),
            &self.target_info(challenge),
        );
        // A server that tells its time expects no LM answer and a MIC.
        let lm = if server_time.is_some() {
            [0; 24]
        } else {
            response.lm
        };
        let texts = [
            utf16(domain),
            utf16(user),
            utf16(self.workstation),
            lm.to_vec(),
            response.nt.clone(),
        ];
        let mut message = Zeroizing::new(vec![0; PAYLOAD_OFFSET]);
        message[..8].copy_from_slice(SIGNATURE);
        message[8] = 3;
        // Where each text's fields stand in the head. Challenges and names are short enough for any length to fit.
        for (text, field) in texts.iter().zip([28, 36, 44, 12, 20]) {
            let (length, offset) = (text.len().to_le_bytes(), message.len().to_le_bytes());
            message[field..field + 2].copy_from_slice(&length[..2]);
            message[field + 2..field + 4].copy_from_slice(&length[..2]);
            message[field + 4..field + 8].copy_from_slice(&offset[..4]);
            message.extend_from_slice(text);
        }
        // No session key goes along: nothing is signed or sealed after the sign-in.
        let end = message.len().to_le_bytes();
        message[56..60].copy_from_slice(&end[..4]);
        message[60..64].copy_from_slice(&(challenge.flags & SUPPORTED_FLAGS).to_le_bytes());
        message[64..72].copy_from_slice(&VERSION);
        if server_time.is_some() {
            let mic = response.mic(negotiate, &challenge.raw, &message);
            message[MIC_RANGE].copy_from_slice(&mic);
        }
        message
    }

    /// The server's pairs in their order, then what we add.
    fn target_info(&self, challenge: &Challenge) -> Vec<u8> {
        let mut info = Vec::new();
        let mut flags = 0_u32;
        for pair in &challenge.target_info {
            match pair.id {
                AvPair::FLAGS => {
                    let bytes = pair.value.as_slice().try_into().unwrap_or_default();
                    flags = u32::from_le_bytes(bytes);
                }
                AvPair::CHANNEL_BINDINGS | AvPair::TARGET_NAME => {}
                _ => pair.write(&mut info),
            }
        }
        if challenge.timestamp().is_some() {
            flags |= AvPair::MIC_PRESENT;
        }
        if flags != 0 {
            AvPair::new(AvPair::FLAGS, flags.to_le_bytes().to_vec()).write(&mut info);
        }
        if let Some(binding) = self.binding {
            AvPair::new(AvPair::CHANNEL_BINDINGS, binding.to_vec()).write(&mut info);
        }
        let service = utf16(&format!("HTTP/{}", self.host));
        AvPair::new(AvPair::TARGET_NAME, service).write(&mut info);
        AvPair::new(AvPair::END, Vec::new()).write(&mut info);
        info
    }
}

/// A UPN goes whole, with an empty domain: any other domain beside it changes the proof.
fn user_and_domain(account: &AccountName) -> (&str, &str) {
    match account {
        AccountName::Upn(name) | AccountName::Plain(name) => (name, ""),
        AccountName::Domain { domain, user } => (user, domain),
    }
}

/// 100 ns steps since 1601, little-endian.
fn filetime(at: Timestamp) -> [u8; 8] {
    let millis = at.millis().saturating_add(UNIX_IN_FILETIME_MILLIS);
    millis.saturating_mul(10_000).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    const CHALLENGE: &str = "TlRMTVNTUAACAAAADgAOADgAAAAFgomiASNFZ4mrze8AAAAAAAAAAIwAjABGAAAACgBhSgAAAA9FAFgAQQBNAFAATABFAAIADgBFAFgAQQBNAFAA\
        TABFAAEACABFAFgAMAAxAAQAGABlAHgAYQBtAHAAbABlAC4AdABlAHMAdAADACIAZQB4ADAAMQAuAGUAeABhAG0AcABsAGUALgB0AGUAcwB0AAUAGABl\
        AHgAYQBtAHAAbABlAC4AdABlAHMAdAAHAAgAgABAdJR73AEAAAAA";
    const AUTHENTICATE: &str = "TlRMTVNTUAADAAAAGAAYAHoAAAAIAQgBkgAAAA4ADgBYAAAADgAOAGYAAAAGAAYAdAAAAAAAAACaAQAABYKIogoAYUoAAAAPauf8bugs3vr0Wb+LWMqdYEUA\
        WABBAE0AUABMAEUAcwB2AGMALQBjAGEAbABXAFMAMQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABpiuNpgjZKTmPmy18B9WgJAQEAAAAAAACAAEB0lHvcAaqq\
        qqqqqqqqAAAAAAIADgBFAFgAQQBNAFAATABFAAEACABFAFgAMAAxAAQAGABlAHgAYQBtAHAAbABlAC4AdABlAHMAdAADACIAZQB4ADAAMQAuAGUAeABhAG0A\
        cABsAGUALgB0AGUAcwB0AAUAGABlAHgAYQBtAHAAbABlAC4AdABlAHMAdAAHAAgAgABAdJR73AEGAAQAAgAAAAoAEABlhumdgcL8mE5HFy/U3QMQCQAsAEgA\
        VABUAFAALwBtAGEAaQBsAC4AZQB4AGEAbQBwAGwAZQAuAHQAZQBzAHQAAAAAAAAAAAA=";
    const BINDING: [u8; 16] = [
        0x65, 0x86, 0xe9, 0x9d, 0x81, 0xc2, 0xfc, 0x98, 0x4e, 0x47, 0x17, 0x2f, 0xd4, 0xdd, 0x03,
        0x10,
    ];

    #[test]
    fn the_first_message_is_the_one_that_browsers_send() {
        assert_eq!(
            STANDARD.encode(negotiate()),
            "TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAKAGFKAAAADw=="
        );
    }

    #[test]
    fn the_third_message_with_time_name_binding_and_mic_is_right_to_the_byte() {
        let account = AccountName::parse("EXAMPLE\\svc-cal", "").unwrap();
        let challenge = Challenge::parse(&STANDARD.decode(CHALLENGE).unwrap()).unwrap();
        let reply = ChallengeReply {
            account: &account,
            password: &Password::from("Pässwörd1".to_owned()),
            workstation: "WS1",
            host: "mail.example.test",
            binding: Some(BINDING),
            // The server's time counts, not ours.
            now: Timestamp::from_seconds(0),
            nonce: [0xaa; 8],
        };
        let message = reply.authenticate(&negotiate(), &challenge);
        assert_eq!(STANDARD.encode(&*message), AUTHENTICATE);
    }

    #[test]
    fn a_name_goes_with_the_domain_that_belongs_to_it() {
        for (name, domain, user_sent, domain_sent) in [
            ("EXAMPLE\\svc-cal", "", "svc-cal", "EXAMPLE"),
            ("svc-cal@example.test", "", "svc-cal@example.test", ""),
            ("svc-cal", "EXAMPLE", "svc-cal", "EXAMPLE"),
            ("example.test\\svc-cal", "", "svc-cal", "example.test"),
            ("svc-cal", "", "svc-cal", ""),
        ] {
            let account = AccountName::parse(name, domain).unwrap();
            assert_eq!(user_and_domain(&account), (user_sent, domain_sent));
        }
    }

    #[test]
    fn instants_count_from_1601() {
        let at = Timestamp::from_seconds(1_767_323_045); // 2026-01-02T03:04:05Z
        assert_eq!(
            filetime(at),
            [0x80, 0x00, 0x40, 0x74, 0x94, 0x7b, 0xdc, 0x01]
        );
    }
}
