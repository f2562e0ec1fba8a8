//! Records of the DHT as kad-dht stores them: docs/specs/dht.md, Keys and Envelope.

use libp2p::identity::{Keypair, PublicKey};
use sha2::{Digest, Sha256};
use std::time::{SystemTime, UNIX_EPOCH};

const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// Of owner, payload and signature.
const LIMITS: [usize; 3] = [600, 65_495, 512];
const MAX_NUMBER: u64 = 1 << 53;

/// Why a record is refused, by the name that the vectors have for it.
pub type Refusal = &'static str;

/// Issued, expires, sequence, replication; then owner, payload, signature.
pub struct Envelope {
    pub numbers: [u64; 4],
    pub parts: [Vec<u8>; 3],
}

impl Envelope {
    /// What an owner says now.
    pub fn sign(key: &str, owner: &Keypair, payload: Vec<u8>, ttl: u64, replication: u64) -> Self {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_millis() as u64;
        let numbers = [now, now + 1_000 * ttl, now, replication];
        let mut envelope = Envelope {
            numbers,
            parts: [owner.public().encode_protobuf(), payload, vec![]],
        };
        envelope.parts[2] = owner.sign(&envelope.signed(key)).unwrap_or_default();
        envelope
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.encode_parts(2);
        out.push(8 << 3 | 2);
        varint(self.parts[2].len() as u64, &mut out);
        out.extend(&self.parts[2]);
        out
    }

    fn encode_parts(&self, count: usize) -> Vec<u8> {
        let mut out = vec![];
        for (field, number) in (1..).zip([1].iter().chain(&self.numbers)) {
            out.push(field << 3);
            varint(*number, &mut out);
        }
        for (field, part) in (6..).zip(&self.parts[..count]) {
            out.push(field << 3 | 2);
            varint(part.len() as u64, &mut out);
            out.extend(part);
        }
        out
    }

    fn signed(&self, key: &str) -> Vec<u8> {
        let mut out = b"hearsay-dht-1".to_vec();
        out.extend((key.len() as u16).to_be_bytes());
        out.extend(key.as_bytes());
        out.extend(self.encode_parts(2));
        out
    }
}

/// A record that belongs under its key and is signed by its owner.
pub fn open(key: &str, data: &[u8]) -> Result<Envelope, Refusal> {
    let owner = key_owner(key).ok_or("KeyError")?;
    let envelope = decode(data).ok_or("DecodeError")?;
    if owner.is_some_and(|owner| owner[..] != Sha256::digest(&envelope.parts[0])[..]) {
        return Err("KeyError");
    }
    let public = PublicKey::try_decode_protobuf(&envelope.parts[0]).map_err(|_| "SignatureError")?;
    if public.verify(&envelope.signed(key), &envelope.parts[2]) {
        Ok(envelope)
    } else {
        Err("SignatureError")
    }
}

/// Of an owned key, the SHA-256 of its owner; of a plain one, nothing; none of a key that is not ours.
fn key_owner(key: &str) -> Option<Option<Vec<u8>>> {
    match key.split('/').collect::<Vec<_>>().as_slice() {
        ["", "hearsay", name] => from_base32(name).map(|_| None),
        ["", "hearsay-owned", owner, name] => from_base32(name).and_then(|_| Some(Some(from_base32(owner)?))),
        _ => None,
    }
}

pub fn plain_key(key: &[u8]) -> String {
    let (mut out, mut bits, mut held) = (String::from("/hearsay/"), 0_u32, 0);
    for byte in key {
        (bits, held) = (bits << 8 | u32::from(*byte), held + 8);
        while held >= 5 {
            held -= 5;
            out.push(LETTERS[(bits >> held & 31) as usize].into());
        }
    }
    if held > 0 {
        out.push(LETTERS[(bits << (5 - held) & 31) as usize].into());
    }
    out
}

/// 32 bytes in 52 letters, the last of which has four bits that are zero.
fn from_base32(text: &str) -> Option<Vec<u8>> {
    let (mut out, mut bits, mut held) = (vec![], 0_u32, 0);
    for letter in text.bytes() {
        let value = LETTERS.iter().position(|each| *each == letter)? as u32;
        (bits, held) = ((bits << 5 | value) & 0xffff, held + 5);
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    (text.len() == 52 && out.len() == 32 && bits & ((1 << held) - 1) == 0).then_some(out)
}

/// The one form that encoding writes.
fn decode(data: &[u8]) -> Option<Envelope> {
    let (mut rest, mut numbers, mut parts) = (data, vec![], vec![]);
    for field in 1..=5 {
        rest = rest.strip_prefix(&[field << 3])?;
        numbers.push(read_varint(&mut rest)?);
    }
    for (field, limit) in (6..).zip(LIMITS) {
        rest = rest.strip_prefix(&[field << 3 | 2])?;
        let length = read_varint(&mut rest)? as usize;
        if length == 0 || length > limit {
            return None;
        }
        let (part, after) = rest.split_at_checked(length)?;
        parts.push(part.to_vec());
        rest = after;
    }
    let [version, numbers @ ..] = <[u64; 5]>::try_from(numbers).ok()?;
    (version == 1 && rest.is_empty()).then_some(Envelope {
        numbers,
        parts: parts.try_into().ok()?,
    })
}

/// In its shortest form.
fn read_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..56).step_by(7) {
        let (byte, after) = rest.split_first()?;
        *rest = after;
        value |= u64::from(byte & 127) << shift;
        if *byte < 128 {
            return ((*byte > 0 || shift == 0) && value < MAX_NUMBER).then_some(value);
        }
    }
    None
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value > 127 {
        out.push(value as u8 & 127 | 128);
        value >>= 7;
    }
    out.push(value as u8);
}
