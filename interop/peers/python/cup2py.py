"""CUP2PY user records: what is signed, and by whom. Written from the CUP2PY paper's behaviour as docs/specs/ has it."""
import base64
import hashlib
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

DATE = re.compile(r'(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{6}))?$', re.ASCII)


def user_hash(pem):
    return hashlib.sha256(pem.encode()).hexdigest()


def to_pem(public):
    return public.public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()


def date_text(text):
    """As Python shows a datetime: trailing zeros of seconds and microseconds are left out"""
    match = DATE.match(text)
    if match is None:
        raise ValueError(f'no date: {text}')
    *start, seconds, fraction = (int(part or 0) for part in match.groups())
    parts = start + ([seconds, fraction] if fraction else [seconds] if seconds else [])
    return f'datetime.datetime({", ".join(map(str, parts))})'


def signed_text(public, address, date):
    numbers = public.public_numbers()
    return f'(PublicKey({numbers.n}, {numbers.e}), {address!r}, {date_text(date)})'


def sign(private, address, date):
    text = signed_text(private.public_key(), address, date)
    return base64.b64encode(private.sign(text.encode(), padding.PKCS1v15(), SHA256())).decode()


def verifies(pem, address, date, signature):
    public = load_pem_public_key(pem.encode())
    if not isinstance(public, rsa.RSAPublicKey):
        return False
    try:
        public.verify(base64.b64decode(signature, validate=True),
                      signed_text(public, address, date).encode(), padding.PKCS1v15(), SHA256())
        return True
    except InvalidSignature:
        return False
