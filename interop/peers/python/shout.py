"""SHOUT's transmissions and messages: docs/specs/shout.md, Wire"""
import hashlib
import zlib

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (Encoding, PublicFormat, load_der_public_key,
                                                          load_pem_private_key)

import msgpack
import snappy
from refusals import Refusal
from same import same

HEADER = 6
MAX_TRANSMISSION, MAX_MESSAGE, MAX_INFLATED = 1 << 20, 1 << 18, 4 << 20
IV, TAG = 12, 16
ACK, NACK, CHANGE_KEY, STORE = 0, 1, 5, 11
TAU_BYTES = 32
PSS = padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=32)
OAEP = padding.OAEP(mgf=padding.MGF1(SHA256()), algorithm=SHA256(), label=None)


def read(data, fields):
    bits, pem = fields['bits'], fields.get('openedWith')
    compression, messages = decode(data, bits)
    private = pem and load_pem_private_key(pem.encode(), None)
    shown = []
    for message in messages:
        verify(message)
        payload = unseal(message, private) if message['sealed'] else message['payload']
        check_meaning(message, msgpack.unpack(payload))
        shown.append({'opcode': message['opcode'], 'sealed': message['sealed'],
                      'from': digest(message['from']), 'to': digest(message['to']),
                      'payloadHex': payload.hex(), 'signatureHex': message['signature'].hex()})
    for name, expected in fields.items():
        actual = {'bits': bits, 'openedWith': pem, 'compression': compression, 'messages': shown}[name]
        same(name, actual, expected)


def wanted(what, holds):
    if not holds:
        raise Refusal('DecodeError', what)


def decode(data, bits):
    wanted('a header', len(data) > HEADER)
    compression, length = data[1] & 7, int.from_bytes(data[2:HEADER], 'big')
    wanted('as many bytes as it says', length <= MAX_TRANSMISSION and length == len(data) - HEADER)
    body, messages = inflate(compression, data[HEADER:]), []
    while body or not messages:
        message, body = decode_one(body, bits)
        messages.append(message)
    return compression, messages


def inflate(compression, body):
    limit = min(MAX_INFLATED, max(256 * 1_024, 100 * len(body)))
    if compression == 0:
        return body
    if compression == 5:
        return snappy.decompress(body, limit)
    # gzip (2) and zlib (4) by their headers; nobody agreed to the others
    wanted('a compression', compression in (2, 4))
    stream = zlib.decompressobj(31 if compression == 2 else 15)
    try:
        out = stream.decompress(body, limit + 1)
    except zlib.error as error:
        raise Refusal('DecodeError', str(error)) from error
    wanted('one whole stream, and not too long', stream.eof and not stream.unused_data and len(out) <= limit)
    return out


def decode_one(body, bits):
    signature, key = bits // 8, bits // 8 + 38
    header = signature + 6 + 2 * key
    wanted('a header', len(body) >= header)
    length = int.from_bytes(body[signature:signature + 4], 'big')
    wanted('a payload', header + length <= min(len(body), MAX_MESSAGE))
    whole, start = body[:header + length], signature + 6
    message = {'signature': whole[:signature], 'signed': whole[signature:], 'opcode': whole[signature + 4] >> 4,
               'sealed': whole[signature + 5] & 1 == 1, 'from': whole[start:start + key],
               'to': whole[start + key:header], 'payload': whole[header:],
               'associated': whole[signature + 4:header]}
    message['key'] = public_key(message['from'], bits)
    public_key(message['to'], bits)
    return message, body[len(whole):]


def public_key(der, bits):
    """Of this size, with the usual exponent, in its one encoding"""
    try:
        key = load_der_public_key(der)
    except ValueError as error:
        raise Refusal('DecodeError', 'no key') from error
    wanted('an RSA key', isinstance(key, RSAPublicKey) and key.key_size == bits)
    wanted('its exponent', key.public_numbers().e == 65_537)
    wanted('its encoding', key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == der)
    return key


def verify(message):
    try:
        message['key'].verify(message['signature'], message['signed'], PSS, SHA256())
    except InvalidSignature as error:
        raise Refusal('SignatureError', 'not signed by its sender') from error


def unseal(message, private):
    payload, wrapped = message['payload'], private.key_size // 8
    if len(payload) < wrapped + IV + TAG:
        raise Refusal('SealError', 'too short to be sealed')
    try:
        key = private.decrypt(payload[:wrapped], OAEP)
        return AESGCM(key).decrypt(payload[wrapped:wrapped + IV], payload[wrapped + IV:], message['associated'])
    except (ValueError, InvalidTag) as error:
        raise Refusal('SealError', 'not sealed for this key') from error


def check_meaning(message, value):
    opcode, parts = message['opcode'], value if isinstance(value, list) else []
    if opcode in (ACK, NACK):
        holds = bool(parts) and isinstance(parts[0], int) and 0 <= parts[0] < 16
    elif opcode == CHANGE_KEY:
        holds = len(parts) >= 2 and parts[0] == message['from'] and is_key(parts[1], message['key'].key_size)
    elif opcode == STORE:
        holds = len(parts) >= 3 and parts[0] == address(parts[1])
    else:
        holds = True
    if not holds:
        raise Refusal('PayloadError', f'opcode {opcode} does not say that')


def is_key(der, bits):
    try:
        return isinstance(der, bytes) and public_key(der, bits) is not None
    except Refusal:
        return False


def address(key):
    return hashlib.sha256(key.encode() if isinstance(key, str) else key).digest()[-TAU_BYTES:]


def digest(der):
    return hashlib.sha256(der).hexdigest()
