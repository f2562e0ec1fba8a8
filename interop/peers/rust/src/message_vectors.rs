//! What this implementation makes of the vectors of messages: `{ name, hex | text, fields, ok | errorName }`.

use crate::cup2py::Request;
use crate::envelope;
use crate::frames::{self, API, Dialect, G1, G2, MIDTERM};
use crate::proof;
use crate::vectors::{Failure, same, shown};
use serde_json::{Value, json};

/// Why something is refused, by the name that the vectors have for it.
type Refusal = &'static str;
/// Refused, or not as the vector says, or neither.
type Outcome = Result<Result<(), Refusal>, Failure>;
type Read = fn(&[u8], &Value) -> Outcome;

/// The failures, if vectors in a file of this name are checked here.
pub fn verify(file: &str, vectors: &[Value]) -> Option<Vec<String>> {
    let read: Read = match file {
        "gossip.json" => |data, fields| frame(G1, data, fields),
        "gossip-midterm.json" => |data, fields| frame(MIDTERM, data, fields),
        "gossip-p2p.json" => |data, fields| frame(G2, data, fields),
        "gossip-api.json" => |data, fields| frame(API, data, fields),
        "gossip-proofs.json" => proof_of_work,
        "cup2py.json" => request,
        "dht-records.json" => record,
        _ => return None,
    };
    let failed = |(at, vector): (usize, &Value)| Some(format!("{file}#vectors[{at}]: {}", check(read, vector).err()?));
    Some(vectors.iter().enumerate().filter_map(failed).collect())
}

fn check(read: Read, vector: &Value) -> Result<(), Failure> {
    let data = match vector["hex"].as_str() {
        Some(digits) => hex::decode(digits)?,
        None => vector["text"].as_str().ok_or("neither hex nor text")?.into(),
    };
    let refusal = read(&data, &vector["fields"])?.err();
    same(
        "the refusal",
        refusal.map_or(Value::Null, Value::from),
        vector["errorName"].clone(),
    )
}

/// Each field that the vector has.
fn same_fields(fields: &Value, shown: impl Fn(&str) -> Value) -> Result<(), Failure> {
    for (name, expected) in fields.as_object().into_iter().flatten() {
        same(name, shown(name), expected.clone())?;
    }
    Ok(())
}

/// One whole frame with these fields, which is encoded again.
fn frame(dialect: Dialect, data: &[u8], fields: &Value) -> Outcome {
    let head = data.first_chunk::<2>().ok_or("no size")?;
    let Ok(size) = frames::frame_size(*head) else {
        return Ok(Err("DecodeError"));
    };
    let whole = data.get(..size).ok_or("an incomplete frame")?;
    let Ok(message) = frames::decode(dialect, whole) else {
        return Ok(Err("DecodeError"));
    };
    same("the size", data.len(), size)?;
    same_fields(fields, |name| shown(&message, name))?;
    if message.number("reserved") == 0 {
        let again = frames::encode(dialect, message.name, &message);
        same("the frame", hex::encode(again), hex::encode(data))?;
    }
    Ok(Ok(()))
}

fn proof_of_work(data: &[u8], fields: &Value) -> Outcome {
    let (challenge, nonce) = data.split_at_checked(8).ok_or("no challenge")?;
    let (challenge, nonce) = (
        u64::from_be_bytes(challenge.try_into()?),
        u64::from_be_bytes(nonce.try_into()?),
    );
    let bits = fields["bits"].as_u64().ok_or("bits are missing")?;
    if !proof::proves(challenge, nonce, bits as u32) {
        return Ok(Err("ProofError"));
    }
    same(
        "the sum",
        hex::encode(proof::sum(challenge, nonce)),
        fields["sha256"].clone(),
    )?;
    Ok(Ok(()))
}

fn request(data: &[u8], fields: &Value) -> Outcome {
    let Some(request) = std::str::from_utf8(data)
        .ok()
        .and_then(|text| Request::parse(text).ok())
    else {
        return Ok(Err("DecodeError"));
    };
    let record = &request.record;
    if !record.key_bits().is_ok_and(|bits| (2_048..=4_096).contains(&bits)) {
        return Ok(Err("KeyError"));
    }
    if record.verify().is_err() {
        return Ok(Err("SignatureError"));
    }
    same_fields(fields, |name| match name {
        "type" => if request.searched.is_some() { "search" } else { "update" }.into(),
        "target" => json!(request.searched),
        "hash" => record.hash().into(),
        "address" => record.address.clone().into(),
        "date" => record.date.clone().into(),
        "signature" => record.signature.clone().into(),
        "depth" => request.depth.into(),
        "checked" => json!(request.checked),
        _ => Value::Null,
    })?;
    same("the request", request.text(), std::str::from_utf8(data)?)?;
    Ok(Ok(()))
}

fn record(data: &[u8], fields: &Value) -> Outcome {
    let key = fields["key"].as_str().ok_or("the key is missing")?;
    let envelope = match envelope::open(key, data) {
        Ok(envelope) => envelope,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let names = ["issuedAt", "expiresAt", "sequence", "replication"];
    let parts = ["ownerHex", "payloadHex", "signatureHex"];
    same_fields(fields, |name| {
        let number = names.iter().position(|each| *each == name);
        let part = parts.iter().position(|each| *each == name);
        match (number, part) {
            (Some(at), _) => envelope.numbers[at].into(),
            (_, Some(at)) => hex::encode(&envelope.parts[at]).into(),
            _ => key.into(),
        }
    })?;
    same("the envelope", hex::encode(envelope.encode()), hex::encode(data))?;
    Ok(Ok(()))
}
