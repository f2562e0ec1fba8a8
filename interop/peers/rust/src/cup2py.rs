//! CUP2PY: signed user records, UPDATE and SEARCH. Written from the specification of the protocol, not from our code.

use base64::prelude::{BASE64_STANDARD, Engine};
use rsa::pkcs1::{DecodeRsaPrivateKey, DecodeRsaPublicKey, EncodeRsaPublicKey, LineEnding};
use rsa::pkcs1v15::{Signature, SigningKey, VerifyingKey};
use rsa::pkcs8::DecodePrivateKey;
use rsa::signature::{SignatureEncoding, Signer, Verifier};
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, RsaPublicKey};
use sha2::{Digest, Sha256};
use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

const MAX_PEM: usize = 3_000;
const MAX_ADDRESS: usize = 1_024;
const MAX_SIGNATURE: usize = 2_732;
const MAX_CHECKED: usize = 900;
const MAX_DEPTH: u32 = 16;

type Failure = Box<dyn Error + Send + Sync>;

/// What a user says of where it is.
#[derive(Clone)]
pub struct Record {
    pub pem: String,
    pub address: String,
    pub date: String,
    pub signature: String,
}

/// An UPDATE, or a SEARCH for a user hash.
pub struct Request {
    pub searched: Option<String>,
    pub record: Record,
    pub depth: u32,
    pub checked: Vec<String>,
}

impl Record {
    pub fn sign(key: &RsaPrivateKey, address: &str, date: &str) -> Result<Self, Failure> {
        let public = key.to_public_key();
        let text = signed_text(&public, address, date)?;
        let signature = SigningKey::<Sha256>::new(key.clone()).sign(text.as_bytes()).to_vec();
        let (pem, signature) = (public.to_pkcs1_pem(LineEnding::LF)?, BASE64_STANDARD.encode(signature));
        Ok(Record {
            pem,
            address: address.into(),
            date: date.into(),
            signature,
        })
    }

    /// The user hash, by which others know it.
    pub fn hash(&self) -> String {
        hex::encode(Sha256::digest(&self.pem))
    }

    pub fn verify(&self) -> Result<(), Failure> {
        let key = RsaPublicKey::from_pkcs1_pem(&self.pem)?;
        let text = signed_text(&key, &self.address, &self.date)?;
        let signature = Signature::try_from(BASE64_STANDARD.decode(&self.signature)?.as_slice())?;
        Ok(VerifyingKey::<Sha256>::new(key).verify(text.as_bytes(), &signature)?)
    }

    /// Whether key, address, date and signature have the one form that each may have.
    fn check(&self) -> Result<(), Failure> {
        let body = self
            .pem
            .strip_prefix("-----BEGIN RSA PUBLIC KEY-----\n")
            .and_then(|rest| rest.strip_suffix("\n-----END RSA PUBLIC KEY-----\n"))
            .ok_or("no key")?;
        let lines: Vec<&str> = body.split('\n').collect();
        let (last, full) = lines.split_last().ok_or("no key")?;
        let whole = full.iter().all(|line| line.len() == 64) && (1..=66).contains(&last.len());
        if !whole || !is_base64(&lines.concat()) || self.pem.len() > MAX_PEM {
            return Err("no key in its one form".into());
        }
        if self.address.encode_utf16().count() > MAX_ADDRESS {
            return Err("an address that is too long".into());
        }
        if self.signature.is_empty() || self.signature.len() > MAX_SIGNATURE || !is_base64(&self.signature) {
            return Err("a signature that is no base64".into());
        }
        if is_date(&self.date) {
            Ok(())
        } else {
            Err(format!("no date: {}", self.date).into())
        }
    }

    /// Bits of the key, whatever was signed.
    pub fn key_bits(&self) -> Result<usize, Failure> {
        Ok(RsaPublicKey::from_pkcs1_pem(&self.pem)?.n().bits())
    }

    fn fields(&self) -> String {
        format!("{};{};{};{}", self.pem, self.address, self.date, self.signature)
    }
}

impl Request {
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let fields: Vec<&str> = text.split(';').collect();
        let (searched, rest) = match fields.as_slice() {
            ["UPDATE", rest @ ..] => (None, rest),
            ["SEARCH", hash, rest @ ..] if is_hash(hash) => (Some((*hash).to_owned()), rest),
            _ => return Err("neither UPDATE nor SEARCH".into()),
        };
        let [pem, address, date, signature, depth, list] = rest else {
            return Err("a wrong number of fields".into());
        };
        let record = Record {
            pem: (*pem).into(),
            address: (*address).into(),
            date: (*date).into(),
            signature: (*signature).into(),
        };
        record.check()?;
        let list = list
            .strip_prefix('[')
            .and_then(|list| list.strip_suffix(']'))
            .ok_or("no list")?;
        let checked: Vec<String> = list
            .split(',')
            .filter(|_| !list.is_empty())
            .map(str::to_owned)
            .collect();
        if checked.len() > MAX_CHECKED || !checked.iter().all(|hash| is_hash(hash)) {
            return Err("a list of no user hashes".into());
        }
        let (depth, written) = (depth.parse::<u32>()?, *depth);
        if depth > MAX_DEPTH || depth.to_string() != written {
            return Err(format!("a depth of {written}").into());
        }
        Ok(Request {
            searched,
            record,
            depth,
            checked,
        })
    }

    pub fn text(&self) -> String {
        let (fields, depth, list) = (self.record.fields(), self.depth, self.checked.join(","));
        match &self.searched {
            Some(hash) => format!("SEARCH;{hash};{fields};{depth};[{list}]"),
            None => format!("UPDATE;{fields};{depth};[{list}]"),
        }
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let letters = body
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/');
    letters && text.len() % 4 == 0 && text.len() - body.len() <= 2
}

/// `2023-04-27 22:25:19`, with six digits of a second or none.
fn is_date(text: &str) -> bool {
    let pattern = "0000-00-00 00:00:00.000000";
    let same = |(a, b): (u8, u8)| if b == b'0' { a.is_ascii_digit() } else { a == b };
    if ![19, 26].contains(&text.len()) || !text.bytes().zip(pattern.bytes()).all(same) {
        return false;
    }
    let number = |from: usize, to: usize| text[from..to].parse::<u32>().unwrap_or(u32::MAX);
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    year > 0 && (1..=days).contains(&day) && number(11, 13) < 24 && number(14, 16) < 60 && number(17, 19) < 60
}

/// What Python prints for the tuple of key, address and date.
pub fn signed_text(key: &RsaPublicKey, address: &str, date: &str) -> Result<String, Failure> {
    Ok(format!(
        "(PublicKey({}, {}), {}, {})",
        key.n(),
        key.e(),
        python_text(address),
        python_date(date)?
    ))
}

/// A string as Python's repr has it, for the characters that addresses have: what is not printable is escaped.
fn python_text(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut out = String::from(quote);
    for each in text.chars() {
        match each {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if each == quote => out.extend(['\\', quote]),
            _ if is_printable(each) => out.push(each),
            _ if (each as u32) < 0x100 => out.push_str(&format!("\\x{:02x}", each as u32)),
            _ if (each as u32) < 0x1_0000 => out.push_str(&format!("\\u{:04x}", each as u32)),
            _ => out.push_str(&format!("\\U{:08x}", each as u32)),
        }
    }
    out.push(quote);
    out
}

/// As Python sees it, without the tables of Unicode: control and format characters and spaces other than the usual one
/// are not; that is right for all but unassigned code points.
fn is_printable(each: char) -> bool {
    let code = each as u32;
    let formats = [
        0xad..=0xad,
        0x200b..=0x200f,
        0x2028..=0x202e,
        0x2060..=0x206f,
        0xfeff..=0xfeff,
        0xe000..=0xf8ff,
    ];
    !(each.is_control() || (each.is_whitespace() && each != ' ') || formats.iter().any(|range| range.contains(&code)))
}

/// `2023-04-27 22:25:19.000005` as Python's repr of a datetime: zero microseconds, then zero seconds, are left out.
fn python_date(text: &str) -> Result<String, Failure> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = whole
        .split(['-', ' ', ':'])
        .map(str::parse::<u32>)
        .collect::<Result<Vec<_>, _>>()?;
    if parts.len() != 6 {
        return Err(format!("no date: {text}").into());
    }
    parts.push(fraction.parse()?);
    while parts.len() > 5 && parts.last() == Some(&0) {
        parts.pop();
    }
    let parts: Vec<String> = parts.iter().map(u32::to_string).collect();
    Ok(format!("datetime.datetime({})", parts.join(", ")))
}

/// UTC, to the microsecond, which is never zero.
pub fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, rest, micros) = (
        since.as_secs() / 86_400,
        since.as_secs() % 86_400,
        since.subsec_micros().max(1),
    );
    let (year, month, day) = civil(days as i64);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}.{micros:06}")
}

/// Year, month and day of so many days after 1970-01-01, counted in eras of 400 years that begin in March.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// PKCS#1 or PKCS#8 PEM.
pub fn private_key(pem: &str) -> Result<RsaPrivateKey, Failure> {
    match RsaPrivateKey::from_pkcs1_pem(pem) {
        Ok(key) => Ok(key),
        Err(_) => Ok(RsaPrivateKey::from_pkcs8_pem(pem)?),
    }
}
