//! What this implementation makes of each case in the vector files of interop/vectors/.

use crate::cup2py::{self, Record, Request};
use crate::frames::{self, API, Dialect, G1, G2, MIDTERM, Message};
use crate::message_vectors;
use crate::proof;
use serde_json::{Value, json};
use std::error::Error;
use std::fs;
use std::path::Path;

pub type Failure = Box<dyn Error + Send + Sync>;
type Check = fn(&Value, &Value) -> Result<(), Failure>;

fn checks(file: &str) -> Vec<(&'static str, Check)> {
    match file {
        "gossip.json" => vec![
            ("api", |case, _| valid(API, case)),
            ("api_malformed", |case, _| malformed(API, case)),
            ("g1_final", |case, _| valid(G1, case)),
            ("g1_midterm", |case, _| valid(MIDTERM, case)),
            ("g2_document", valid_g2),
            ("pow.g1_final_peer_challenge", |case, _| proof_of(24, case)),
            ("pow.g1_before_2021-09-11_peer_challenge", |case, _| proof_of(16, case)),
        ],
        "gossip-malformed.json" => vec![
            ("api_malformed", |case, _| malformed(API, case)),
            ("g1_final_malformed", |case, _| malformed(G1, case)),
            ("g1_midterm_malformed", |case, _| malformed(MIDTERM, case)),
            ("g2_document_malformed", |case, _| malformed(G2, case)),
        ],
        "cup2py.json" => vec![("records", record), ("requests", request)],
        _ => vec![],
    }
}

pub fn verify(paths: &[String]) -> Result<Value, Failure> {
    let (mut checked, mut failed) = (json!({}), vec![]);
    for path in paths {
        let content: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
        let file = Path::new(path)
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        if let Some(vectors) = content.as_array() {
            if let Some(failures) = message_vectors::verify(file, vectors) {
                checked[format!("{file}#vectors")] = vectors.len().into();
                failed.extend(failures);
            }
            continue;
        }
        for (section, check) in checks(file) {
            let cases = match section.split_once('.') {
                Some((outer, inner)) => &content[outer][inner]["vectors"],
                None => &content[section],
            };
            let cases = cases.as_array().ok_or(format!("{section} is not there"))?;
            checked[format!("{file}#{section}")] = cases.len().into();
            for (at, case) in cases.iter().enumerate() {
                if let Err(error) = check(case, &content) {
                    failed.push(format!("{file}#{section}[{at}]: {error}"));
                }
            }
        }
    }
    Ok(json!({ "checked": checked, "failed": failed }))
}

pub fn same(what: &str, actual: impl Into<Value>, expected: impl Into<Value>) -> Result<(), Failure> {
    let (actual, expected) = (actual.into(), expected.into());
    if actual == expected {
        Ok(())
    } else {
        Err(format!("{what} is {actual}, and must be {expected}").into())
    }
}

fn bytes(case: &Value, name: &str) -> Result<Vec<u8>, Failure> {
    Ok(hex::decode(case[name].as_str().ok_or(format!("{name} is missing"))?)?)
}

fn valid(dialect: Dialect, case: &Value) -> Result<(), Failure> {
    let frame = bytes(case, "hex")?;
    let size = frames::frame_size([frame[0], frame[1]])?;
    same("the size", size, frame.len())?;
    let message = frames::decode(dialect, &frame)?;
    for (name, expected) in case["fields"].as_object().ok_or("fields are missing")? {
        same(name, shown(&message, name), expected.clone())?;
    }
    if message.number("reserved") != 0 {
        return Ok(());
    }
    same(
        "the frame",
        hex::encode(frames::encode(dialect, message.name, &message)),
        case["hex"].clone(),
    )
}

/// A field in the form the vectors have it.
pub fn shown(message: &Message, name: &str) -> Value {
    match name {
        "size" => message.size.into(),
        "type" => message.kind.into(),
        "valid" => message.valid.into(),
        "dataHex" => hex::encode(&message.data).into(),
        "addresses" => message.addresses.clone().into(),
        "messageId" if !message.numbers.contains_key("messageId") => message.number("id").into(),
        "id" | "challenge" | "nonce" => message.number(name).to_string().into(),
        _ => match name.strip_suffix("Hex") {
            Some(name) => format!("{:016x}", message.number(name)).into(),
            None => message.number(name).into(),
        },
    }
}

/// An announce, or a whole handshake.
fn valid_g2(case: &Value, _: &Value) -> Result<(), Failure> {
    if case["initHex"].is_null() {
        return valid(G2, case);
    }
    let challenge = frames::decode(G2, &bytes(case, "initHex")?)?.number("challenge");
    let nonce = frames::decode(G2, &bytes(case, "verifyHex")?)?.number("nonce");
    let proves = proof::proves(challenge, nonce, 24);
    same("whether it proves", proves, case["valid"].clone())?;
    if !proves {
        return Ok(());
    }
    same(
        "OK",
        hex::encode(frames::encode(G2, "verdict", &Message::default())),
        case["okHex"].clone(),
    )
}

fn malformed(dialect: Dialect, case: &Value) -> Result<(), Failure> {
    let expected = case["expected"].as_str().ok_or("expected is missing")?;
    let count = expected
        .strip_prefix("first ")
        .and_then(|rest| rest.split(' ').next())
        .unwrap_or("0");
    same(
        "bytes taken",
        taken(dialect, &bytes(case, "hex")?),
        count.parse::<usize>()?,
    )
}

/// Bytes of the messages before the first that is none.
fn taken(dialect: Dialect, data: &[u8]) -> usize {
    let mut at = 0;
    while let Some(head) = data.get(at..at + 2) {
        let Ok(size) = frames::frame_size([head[0], head[1]]) else {
            break;
        };
        let Some(frame) = data.get(at..at + size) else { break };
        if frames::decode(dialect, frame).is_err() {
            break;
        }
        at += size;
    }
    at
}

fn proof_of(bits: u32, case: &Value) -> Result<(), Failure> {
    let number = |name: &str| -> Result<u64, Failure> {
        Ok(u64::from_str_radix(
            case[name].as_str().ok_or(format!("{name} is missing"))?,
            16,
        )?)
    };
    let (challenge, nonce) = (number("challengeHex")?, number("nonceHex")?);
    same(
        "the sum",
        hex::encode(proof::sum(challenge, nonce)),
        case["sha256"].clone(),
    )?;
    same("the number", nonce.to_string(), case["smallestNonce"].clone())?;
    same("whether it proves", proof::proves(challenge, nonce, bits), true)
}

fn text<'a>(case: &'a Value, name: &str) -> Result<&'a str, Failure> {
    case[name].as_str().ok_or_else(|| format!("{name} is missing").into())
}

fn key<'a>(content: &'a Value, name: &str) -> Result<&'a Value, Failure> {
    let keys = content["keys"].as_array().ok_or("keys are missing")?;
    keys.iter()
        .find(|key| key["name"] == name)
        .ok_or_else(|| format!("there is no key {name}").into())
}

fn record(case: &Value, content: &Value) -> Result<(), Failure> {
    let key = key(content, text(case, "key")?)?;
    let (address, date) = (text(case, "ip")?, text(case, "dateString")?);
    let private = cup2py::private_key(text(key, "privatePem")?)?;
    let signed = cup2py::signed_text(&private.to_public_key(), address, date)?;
    same("the signed text", signed, case["signedMessage"].clone())?;
    let ours = Record::sign(&private, address, date)?;
    same("the PEM", ours.pem.clone(), key["publicPem"].clone())?;
    same("the user hash", ours.hash(), case["publicKeyHash"].clone())?;
    same("the signature", ours.signature.clone(), case["signatureB64"].clone())?;
    ours.verify()?;
    let forged = Record {
        address: format!("{address}0"),
        ..ours
    };
    same("whether another address verifies", forged.verify().is_ok(), false)
}

/// The library counts depth down and adds a hash; both forms must be read, and written again as they were.
fn request(case: &Value, _: &Value) -> Result<(), Failure> {
    for name in ["before", "after"] {
        let original = text(case, name)?;
        if original.contains(";-1;") || original.contains(";-2;") {
            // the library's own; nobody may take it
            same(
                "whether a negative depth is taken",
                Request::parse(original).is_ok(),
                false,
            )?;
            same("the end", original.ends_with(']'), true)?;
            continue;
        }
        let request = Request::parse(original)?;
        request.record.verify()?;
        same(name, request.text(), original)?;
    }
    Ok(())
}
