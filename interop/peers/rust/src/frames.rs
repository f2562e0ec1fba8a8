//! Frames `size:u16 type:u16 body`, big-endian, where size counts all of it: docs/specs/gossip.md, Wire and API.

use futures::io::{AsyncRead, AsyncReadExt};
use std::collections::BTreeMap;
use std::io;

pub const MAX_FRAME: usize = 65_535;

/// What the body ends with.
#[derive(Clone, Copy, PartialEq)]
pub enum Rest {
    Nothing,
    Data,
    Addresses,
}

/// One message type: numbers of so many bytes, then the rest. `reserved` is sent as zeros; with `flag`, the lowest bit
/// of the reserved ones is `valid`.
pub struct Layout {
    pub kind: u16,
    pub name: &'static str,
    pub fields: &'static [(&'static str, usize)],
    pub rest: Rest,
    pub flag: bool,
}

const fn layout(
    kind: u16,
    name: &'static str,
    fields: &'static [(&'static str, usize)],
    rest: Rest,
    flag: bool,
) -> Layout {
    Layout {
        kind,
        name,
        fields,
        rest,
        flag,
    }
}

use Rest::{Addresses, Data, Nothing};

const ANNOUNCE: Layout = layout(
    504,
    "announce",
    &[("id", 8), ("ttl", 1), ("reserved", 1), ("dataType", 2)],
    Data,
    false,
);
const INFO: Layout = layout(507, "info", &[("reserved", 2), ("port", 2)], Nothing, false);

pub type Dialect = &'static [Layout];

pub const API: Dialect = &[
    layout(
        500,
        "announce",
        &[("ttl", 1), ("reserved", 1), ("dataType", 2)],
        Data,
        false,
    ),
    layout(501, "notify", &[("reserved", 2), ("dataType", 2)], Nothing, false),
    layout(502, "notification", &[("messageId", 2), ("dataType", 2)], Data, false),
    layout(503, "validation", &[("messageId", 2), ("reserved", 2)], Nothing, true),
];

pub const G1: Dialect = &[
    ANNOUNCE,
    layout(505, "discovery", &[], Nothing, false),
    layout(506, "offer", &[], Addresses, false),
    INFO,
    layout(508, "challenge", &[("challenge", 8)], Nothing, false),
    layout(509, "proof", &[("nonce", 8)], Nothing, false),
    layout(510, "verdict", &[("reserved", 4)], Nothing, true),
];

pub const MIDTERM: Dialect = &[
    ANNOUNCE,
    layout(505, "discovery", &[("challenge", 8)], Nothing, false),
    layout(506, "offer", &[("challenge", 8), ("nonce", 8)], Addresses, false),
    INFO,
];

pub const G2: Dialect = &[
    layout(504, "challenge", &[("challenge", 8)], Nothing, false),
    layout(505, "proof", &[("nonce", 8)], Nothing, false),
    layout(506, "verdict", &[], Nothing, false),
    layout(
        507,
        "announce",
        &[("id", 2), ("dataType", 2), ("ttl", 1), ("reserved", 3)],
        Data,
        false,
    ),
];

/// One frame, taken apart.
#[derive(Default, Clone)]
pub struct Message {
    pub name: &'static str,
    pub kind: u16,
    pub size: usize,
    pub numbers: BTreeMap<&'static str, u64>,
    pub valid: bool,
    pub data: Vec<u8>,
    pub addresses: Vec<String>,
}

impl Message {
    pub fn of(numbers: &[(&'static str, u64)]) -> Self {
        Message {
            numbers: numbers.iter().copied().collect(),
            ..Default::default()
        }
    }

    pub fn number(&self, name: &str) -> u64 {
        self.numbers.get(name).copied().unwrap_or(0)
    }
}

fn refused(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

pub fn decode(dialect: Dialect, frame: &[u8]) -> io::Result<Message> {
    let Some((head, mut body)) = frame.split_at_checked(4) else {
        return Err(refused("no type".into()));
    };
    let kind = u16::from_be_bytes([head[2], head[3]]);
    let Some(shape) = dialect.iter().find(|shape| shape.kind == kind) else {
        return Err(refused(format!("unknown type {kind}")));
    };
    let strange = || refused(format!("{} of {} bytes", shape.name, frame.len()));
    let mut message = Message {
        name: shape.name,
        kind,
        size: frame.len(),
        ..Default::default()
    };

    for (name, width) in shape.fields {
        let (bytes, after) = body.split_at_checked(*width).ok_or_else(strange)?;
        message
            .numbers
            .insert(name, bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)));
        body = after;
    }

    if shape.flag {
        let bits = message.number("reserved");
        message.valid = bits & 1 == 1;
        message.numbers.insert("reserved", bits >> 1);
    }

    match shape.rest {
        Nothing if !body.is_empty() => return Err(strange()),
        Nothing => {}
        Data => message.data = body.to_vec(),
        Addresses => {
            let text = std::str::from_utf8(body).map_err(|_| refused("addresses that are not UTF-8".into()))?;
            message.addresses = text
                .split(',')
                .filter(|_| !text.is_empty())
                .map(str::to_owned)
                .collect();
        }
    }

    Ok(message)
}

/// A whole frame; reserved bits are zeros.
pub fn encode(dialect: Dialect, name: &str, message: &Message) -> Vec<u8> {
    let shape = dialect
        .iter()
        .find(|shape| shape.name == name)
        .expect("a message of this dialect");
    let mut frame = vec![0, 0];
    frame.extend(shape.kind.to_be_bytes());

    for (name, width) in shape.fields {
        let value = match *name {
            "reserved" => u64::from(shape.flag && message.valid),
            name => message.number(name),
        };
        frame.extend(&value.to_be_bytes()[8 - width..]);
    }

    match shape.rest {
        Nothing => {}
        Data => frame.extend(&message.data),
        Addresses => frame.extend(message.addresses.join(",").as_bytes()),
    }

    assert!(frame.len() <= MAX_FRAME, "a frame of {} bytes", frame.len());
    let size = (frame.len() as u16).to_be_bytes();
    frame[..2].copy_from_slice(&size);
    frame
}

/// Of the first two bytes.
pub fn frame_size(head: [u8; 2]) -> io::Result<usize> {
    match u16::from_be_bytes(head) {
        size if size < 4 => Err(refused(format!("a size of {size}"))),
        size => Ok(size.into()),
    }
}

pub async fn read_frame(reader: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut head = [0; 2];
    reader.read_exact(&mut head).await?;
    let mut frame = vec![0; frame_size(head)?];
    frame[..2].copy_from_slice(&head);
    reader.read_exact(&mut frame[2..]).await?;
    Ok(frame)
}
