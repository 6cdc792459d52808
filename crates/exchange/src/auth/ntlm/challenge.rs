//! The second message, as the server sends it: every length and offset in it is checked before it is followed.

use super::encoding::SIGNATURE;

/// The longest challenge that is read, in bytes; real ones have a few hundred.
const MAX_CHALLENGE_BYTES: usize = 8 * 1024;
/// The most pairs of target information that are read.
const MAX_PAIRS: usize = 32;

const UNICODE: u32 = 0x1;
const NTLM: u32 = 0x200;
const TARGET_INFO: u32 = 0x0080_0000;

/// What a challenge says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The flags that the server chose (`NegotiateFlags`).
    pub flags: u32,
    /// The nonce of the server.
    pub server_challenge: [u8; 8],
    /// In the server's order, without the end mark.
    pub target_info: Vec<AvPair>,
    /// The message as received: the MIC covers it.
    pub raw: Vec<u8>,
}

/// One piece of target information.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvPair {
    /// What it tells (`AvId`).
    pub id: u16,
    /// As it goes over the wire.
    pub value: Vec<u8>,
}

/// Why a challenge cannot be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChallengeError {
    /// Another message, or none of NTLM.
    #[error("not an NTLM challenge")]
    NotAChallenge,
    /// Larger than any real one.
    #[error("the NTLM challenge is larger than 8 KiB")]
    TooLarge,
    /// A length or an offset in it leads beyond its end.
    #[error("the NTLM challenge points beyond its end")]
    CutShort,
    /// Only NTLMv1 could answer it, and that is never spoken.
    #[error("the server does not speak NTLMv2")]
    Old,
}

impl AvPair {
    /// Ends the list.
    pub const END: u16 = 0;
    /// Bits about the message itself.
    pub const FLAGS: u16 = 6;
    /// The server's time as a FILETIME.
    pub const TIMESTAMP: u16 = 7;
    /// The name of the service that is meant.
    pub const TARGET_NAME: u16 = 9;
    /// MD5 of the channel binding structure.
    pub const CHANNEL_BINDINGS: u16 = 10;
    /// The bit of [`Self::FLAGS`] that says that a MIC follows.
    pub const MIC_PRESENT: u32 = 0x2;

    /// A pair of this id.
    pub const fn new(id: u16, value: Vec<u8>) -> Self {
        Self { id, value }
    }

    /// Appends the pair as it goes over the wire.
    pub fn write(&self, to: &mut Vec<u8>) {
        let length = u16::try_from(self.value.len()).unwrap_or_default();
        to.extend_from_slice(&self.id.to_le_bytes());
        to.extend_from_slice(&length.to_le_bytes());
        to.extend(self.value.iter().take(length.into()));
    }
}

impl Challenge {
    /// Reads the message.
    ///
    /// # Errors
    ///
    /// Any [`ChallengeError`]; nothing is read beyond the message's end.
    pub fn parse(message: &[u8]) -> Result<Self, ChallengeError> {
        use ChallengeError::{CutShort, NotAChallenge, Old, TooLarge};
        if message.len() > MAX_CHALLENGE_BYTES {
            return Err(TooLarge);
        }
        if !message.starts_with(SIGNATURE) || u32_at(message, 8) != Some(2) {
            return Err(NotAChallenge);
        }
        let flags = u32_at(message, 20).ok_or(CutShort)?;
        let server_challenge = bytes_at(message, 24).ok_or(CutShort)?;
        let needed = UNICODE | NTLM | TARGET_INFO;
        if flags & needed != needed {
            return Err(Old);
        }
        let length = u16::from_le_bytes(bytes_at(message, 40).ok_or(CutShort)?);
        let offset = u32_at(message, 44).ok_or(CutShort)?;
        let offset = usize::try_from(offset).map_err(|_| CutShort)?;
        let end = offset.checked_add(length.into()).ok_or(CutShort)?;
        let info = message.get(offset..end).ok_or(CutShort)?;
        Ok(Self {
            flags,
            server_challenge,
            target_info: pairs(info)?,
            raw: message.to_vec(),
        })
    }

    /// The server's time, a FILETIME; newer servers always send it.
    pub fn timestamp(&self) -> Option<[u8; 8]> {
        let pair = self
            .target_info
            .iter()
            .find(|pair| pair.id == AvPair::TIMESTAMP)?;
        pair.value.as_slice().try_into().ok()
    }
}

fn pairs(mut info: &[u8]) -> Result<Vec<AvPair>, ChallengeError> {
    let mut pairs = Vec::new();
    loop {
        let id = u16::from_le_bytes(bytes_at(info, 0).ok_or(ChallengeError::CutShort)?);
        let length = u16::from_le_bytes(bytes_at(info, 2).ok_or(ChallengeError::CutShort)?);
        if id == AvPair::END {
            return Ok(pairs);
        }
        let end = 4 + usize::from(length);
        let value = info.get(4..end).ok_or(ChallengeError::CutShort)?;
        if pairs.len() == MAX_PAIRS {
            return Err(ChallengeError::TooLarge);
        }
        pairs.push(AvPair::new(id, value.to_vec()));
        info = info.get(end..).unwrap_or_default();
    }
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes_at(bytes, at).map(u32::from_le_bytes)
}

fn bytes_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The published sample: names before the pairs, no time.
    fn sample() -> Vec<u8> {
        let hex = "4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef00000000000000002400240044000000060070170000000f\
            53006500720076006500720002000c0044006f006d00610069006e0001000c0053006500720076006500720000000000";
        hex.as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    #[test]
    fn the_published_sample_is_read() {
        let challenge = Challenge::parse(&sample()).unwrap();
        assert_eq!(challenge.flags, 0xe28a_8233);
        assert_eq!(
            challenge.server_challenge,
            [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]
        );
        let ids: Vec<u16> = challenge.target_info.iter().map(|pair| pair.id).collect();
        assert_eq!(ids, [2, 1]);
        assert_eq!(challenge.timestamp(), None);
        assert_eq!(challenge.raw, sample());
    }

    #[test]
    fn a_challenge_cut_anywhere_is_refused() {
        let sample = sample();
        for end in 0..sample.len() {
            assert!(Challenge::parse(&sample[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn lengths_and_offsets_beyond_the_end_are_refused() {
        for (at, value) in [(40, 0xffff_u32), (44, 0xffff_ffff), (44, 104), (70, 0xffff)] {
            let mut message = sample();
            let value = value.to_le_bytes();
            let length = if at == 44 { 4 } else { 2 };
            message[at..at + length].copy_from_slice(&value[..length]);
            assert_eq!(
                Challenge::parse(&message),
                Err(ChallengeError::CutShort),
                "{at}"
            );
        }
        let mut long = sample();
        long.resize(MAX_CHALLENGE_BYTES + 1, 0);
        assert_eq!(Challenge::parse(&long), Err(ChallengeError::TooLarge));
    }

    #[test]
    fn a_server_without_ntlmv2_gets_no_answer() {
        let mut message = sample();
        message[22] &= !0x80; // target information
        assert_eq!(Challenge::parse(&message), Err(ChallengeError::Old));
        message[8] = 1;
        assert_eq!(
            Challenge::parse(&message),
            Err(ChallengeError::NotAChallenge)
        );
    }
}
