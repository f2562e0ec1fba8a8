"""CUP2PY's requests, UPDATE and SEARCH: docs/specs/cup2py.md, Requests"""
import datetime
import re

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

import cup2py
from refusals import Refusal
from same import same

PEM = re.compile('-----BEGIN RSA PUBLIC KEY-----\n(?:[A-Za-z0-9+/]{64}\n)*[A-Za-z0-9+/]{1,64}={0,2}\n'
                 '-----END RSA PUBLIC KEY-----\n')
HASH = re.compile('[0-9a-f]{64}')
BASE64 = re.compile('(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?')
DEPTH = re.compile('0|[1-9][0-9]?')
MAX_ADDRESS, MAX_CHECKED, MAX_DEPTH = 1_024, 900, 16
KEY_BITS = range(2_048, 4_097)


def read(data, fields):
    request = decode(data)
    verify(request)
    for name, expected in fields.items():
        same(name, request[name], expected)
    same('the request', encode(request), data)


def wanted(what, holds):
    if not holds:
        raise Refusal('DecodeError', what)


def decode(data):
    try:
        parts = data.decode('utf-8').split(';')
    except UnicodeDecodeError as error:
        raise Refusal('DecodeError', 'not UTF-8') from error
    wanted('a word and its fields', (parts[0], len(parts)) in (('UPDATE', 7), ('SEARCH', 8)))
    request = {'type': parts[0].lower()}
    if parts[0] == 'SEARCH':
        request['target'] = parts.pop(1)
        wanted('a user hash', HASH.fullmatch(request['target']))
    _, pem, address, date, signature, depth, listed = parts
    wanted('a key', len(pem) <= 3_000 and PEM.fullmatch(pem))
    # characters as UTF-16 counts them
    wanted('an address', len(address.encode('utf-16-le')) <= 2 * MAX_ADDRESS)
    wanted('a date', is_date(date))
    wanted('a signature', 0 < len(signature) <= 2_732 and BASE64.fullmatch(signature))
    wanted('a depth', DEPTH.fullmatch(depth) and int(depth) <= MAX_DEPTH)
    wanted('a list', listed[:1] == '[' and listed[-1:] == ']' and len(listed) >= 2)
    checked = listed[1:-1].split(',') if len(listed) > 2 else []
    wanted('user hashes', len(checked) <= MAX_CHECKED and all(HASH.fullmatch(each) for each in checked))
    return request | {'pem': pem, 'hash': cup2py.user_hash(pem), 'address': address, 'date': date,
                      'signature': signature, 'depth': int(depth), 'checked': checked}


def is_date(text):
    match = cup2py.DATE.fullmatch(text)
    if match is None:
        return False
    try:
        datetime.datetime(*(int(part or 0) for part in match.groups()))
        return True
    except ValueError:
        return False


def verify(request):
    try:
        key = load_pem_public_key(request['pem'].encode())
    except ValueError as error:
        raise Refusal('SignatureError', 'no key') from error
    if not isinstance(key, RSAPublicKey) or key.key_size not in KEY_BITS:
        raise Refusal('KeyError', 'a key of another size')
    if not cup2py.verifies(request['pem'], request['address'], request['date'], request['signature']):
        raise Refusal('SignatureError', 'not signed by its user')


def encode(request):
    head = f"SEARCH;{request['target']}" if request['type'] == 'search' else 'UPDATE'
    fields = ';'.join(request[name] for name in ('pem', 'address', 'date', 'signature'))
    return f"{head};{fields};{request['depth']};[{','.join(request['checked'])}]".encode()
