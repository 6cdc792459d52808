//! The AUTHENTICATE message of NTLM: its fields are read at the offsets that it names.

/// What every message begins with.
pub const SIGNATURE: &[u8] = b"NTLMSSP\0";

/// An AUTHENTICATE message.
#[derive(Debug)]
pub struct Authenticate<'a> {
    pub user: String,
    pub domain: String,
    response: &'a [u8],
    whole: &'a [u8],
}

/// The bytes of the message integrity code (MIC), if there is one.
const MIC_RANGE: std::ops::Range<usize> = 72..88;

impl<'a> Authenticate<'a> {
    /// `None` for anything that is not a whole message in Unicode.
    pub fn read(whole: &'a [u8]) -> Option<Self> {
        if !whole.starts_with(SIGNATURE) || whole.get(8..12)? != [3, 0, 0, 0] {
            return None;
        }
        Some(Self {
            domain: decode_utf16(read_field(whole, 28)?)?,
            user: decode_utf16(read_field(whole, 36)?)?,
            response: read_field(whole, 20)?,
            whole,
        })
    }

    /// The account's name as people write it.
    pub fn name(&self) -> String {
        if self.domain.is_empty() {
            self.user.clone()
        } else {
            format!("{}\\{}", self.domain, self.user)
        }
    }

    /// The proof and what it covers; `None` for the 24 bytes of NTLMv1.
    pub fn proof(&self) -> Option<(&'a [u8], &'a [u8])> {
        let (proof, temp) = self.response.split_at_checked(16)?;
        (temp.len() >= 28 && temp.starts_with(&[1, 1])).then_some((proof, temp))
    }

    /// The pairs that the proof covers.
    pub fn pairs(&self) -> Option<Vec<(u16, &'a [u8])>> {
        let (_, temp) = self.proof()?;
        read_av_pairs(temp.get(28..)?)
    }

    /// Whether the flags say that the message has a MIC.
    pub fn has_mic(&self) -> bool {
        const FLAGS: u16 = 6;
        let pairs = self.pairs().unwrap_or_default();
        let flags = pairs.iter().find(|(id, _)| *id == FLAGS);
        flags.is_some_and(|(_, flags)| flags.first().is_some_and(|low| low & 2 != 0))
    }

    /// The message with zeros in the place of the MIC, and the MIC.
    pub fn without_mic(&self) -> Option<(Vec<u8>, Vec<u8>)> {
        let mut blank = self.whole.to_vec();
        let place = blank.get_mut(MIC_RANGE)?;
        let mic = place.to_vec();
        place.fill(0);
        Some((blank, mic))
    }
}

/// Length, space and offset of a field.
pub fn encode_field(length: usize, offset: usize) -> [u8; 8] {
    let length = u16::try_from(length).unwrap_or(0).to_le_bytes();
    let offset = u32::try_from(offset).unwrap_or(0).to_le_bytes();
    let mut bytes = [0; 8];
    bytes[..2].copy_from_slice(&length);
    bytes[2..4].copy_from_slice(&length);
    bytes[4..].copy_from_slice(&offset);
    bytes
}

/// The pairs of target information up to their end mark.
fn read_av_pairs(mut info: &[u8]) -> Option<Vec<(u16, &[u8])>> {
    let mut pairs = Vec::new();
    loop {
        let (head, rest) = info.split_at_checked(4)?;
        let id = u16::from_le_bytes([head[0], head[1]]);
        if id == 0 {
            return Some(pairs);
        }
        let length = u16::from_le_bytes([head[2], head[3]]);
        let (value, rest) = rest.split_at_checked(length.into())?;
        pairs.push((id, value));
        info = rest;
    }
}

fn read_field(whole: &[u8], at: usize) -> Option<&[u8]> {
    let head = whole.get(at..at + 8)?;
    let length = usize::from(u16::from_le_bytes([head[0], head[1]]));
    let offset = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
    let offset = usize::try_from(offset).ok()?;
    whole.get(offset..offset.checked_add(length)?)
}

fn decode_utf16(bytes: &[u8]) -> Option<String> {
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    String::from_utf16(&units).ok()
}
