"""Varints, the few fields of protobuf that are needed, and peer ids."""
import hashlib

ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


async def read_varint(read):
    """`read(1)` gives a byte; at most nine of them"""
    number = 0
    for shift in range(0, 63, 7):
        byte = (await read(1))[0]
        number |= (byte & 127) << shift
        if byte < 128:
            return number
    raise ValueError('a varint of more than nine bytes')


def take_varint(data, at):
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return number, at


def fields(data):
    """Of a protobuf message: varints as numbers, the rest as bytes; the last of each"""
    at, out = 0, {}
    while at < len(data):
        tag, at = take_varint(data, at)
        value, at = take_varint(data, at)
        if tag & 7 == 2:
            value, at = data[at:at + value], at + value
        out[tag >> 3] = value
    return out


def field(number, value):
    """One length-delimited field"""
    return varint(number << 3 | 2) + varint(len(value)) + value


def public_key(raw):
    """An Ed25519 key as libp2p writes it"""
    return b'\x08\x01' + field(2, raw)


def peer_id(key):
    """Of a public key in libp2p's encoding: short ones stand in the id, of long ones their hash"""
    digest = b'\0' + varint(len(key)) + key if len(key) <= 42 else b'\x12\x20' + hashlib.sha256(key).digest()
    number, out = int.from_bytes(digest, 'big'), ''
    while number:
        number, rest = divmod(number, 58)
        out = ALPHABET[rest] + out
    return '1' * (len(digest) - len(digest.lstrip(b'\0'))) + out
