"""Records of the DHT as kad-dht stores them: docs/specs/dht.md, Keys and Envelope"""
import base64
import hashlib
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from refusals import Refusal
from same import same

PART = re.compile(r'[a-z2-7]{52}', re.ASCII)
NUMBERS = ('version', 'issuedAt', 'expiresAt', 'sequence', 'replication')
LIMITS = {'owner': 600, 'payload': 65_495, 'signature': 512}
# libp2p's PublicKey: type Ed25519, then 32 bytes
ED25519 = bytes.fromhex('08011220')


def read(data, fields):
    key = fields['key']
    owner = key_owner(key)
    envelope, signed = decode(data)
    if owner is not None and owner != hashlib.sha256(envelope['owner']).digest():
        raise Refusal('KeyError', 'the key belongs to another owner')
    verify(key.encode(), envelope, signed)
    for name, expected in fields.items():
        plain = envelope.get(name.removesuffix('Hex'))
        same(name, key if name == 'key' else plain.hex() if isinstance(plain, bytes) else plain, expected)
    same('the envelope', encode(envelope), data)


def key_owner(text):
    """Of an owned key, the SHA-256 of its owner; of a plain one, nothing"""
    root, *parts = text.split('/')
    kind, *names = parts or ['']
    if root != '' or len(names) != {'hearsay': 1, 'hearsay-owned': 2}.get(kind):
        raise Refusal('KeyError', 'no key of ours')
    found = [base32(name) for name in names]
    return found[0] if kind == 'hearsay-owned' else None


def base32(text):
    """32 bytes in 52 letters, of which the last has four bits that are zero"""
    if PART.fullmatch(text) is None:
        raise Refusal('KeyError', 'a part that is not 32 bytes in base32')
    data = base64.b32decode(text.upper() + '====')
    if base64.b32encode(data).decode().rstrip('=').lower() != text:
        raise Refusal('KeyError', 'bits beyond the last byte')
    return data


def decode(data):
    """The fields, and the bytes of all but the signature"""
    envelope, at, signed = {}, 0, b''
    for number, name in enumerate((*NUMBERS, *LIMITS), 1):
        if name == 'signature':
            signed = data[:at]
        if data[at:at + 1] != bytes([number << 3 | (2 if name in LIMITS else 0)]):
            raise Refusal('DecodeError', f'no field {number}')
        value, at = varint(data, at + 1)
        if name in LIMITS:
            if not 0 < value <= LIMITS[name] or at + value > len(data):
                raise Refusal('DecodeError', f'{name} of {value} bytes')
            value, at = data[at:at + value], at + value
        envelope[name] = value
    if at != len(data) or envelope.pop('version') != 1:
        raise Refusal('DecodeError', 'another version, or more than an envelope')
    return envelope, signed


def varint(data, at):
    """In its shortest form"""
    value = 0
    for shift in range(0, 56, 7):
        if at >= len(data):
            break
        byte = data[at]
        value, at = value | (byte & 127) << shift, at + 1
        if byte < 128:
            if (byte == 0 and shift > 0) or value >= 1 << 53:
                break
            return value, at
    raise Refusal('DecodeError', 'no number')


def encode(envelope):
    out = b''
    for number, (name, value) in enumerate(({'version': 1} | envelope).items(), 1):
        is_bytes = isinstance(value, bytes)
        out += bytes([number << 3 | (2 if is_bytes else 0)]) + to_varint(len(value) if is_bytes else value)
        out += value if is_bytes else b''
    return out


def to_varint(value):
    out = b''
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def verify(key, envelope, signed):
    owner = envelope['owner']
    try:
        if len(owner) != 36 or not owner.startswith(ED25519):
            raise InvalidSignature
        public = Ed25519PublicKey.from_public_bytes(owner[4:])
        public.verify(envelope['signature'], b'hearsay-dht-1' + len(key).to_bytes(2, 'big') + key + signed)
    except InvalidSignature as error:
        raise Refusal('SignatureError', 'not signed by its owner') from error
