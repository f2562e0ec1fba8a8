"""Checks the vector files of interop/vectors/: what this implementation makes of each of their cases"""
import base64
import hashlib
import json
import os
import re

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_private_key, load_pem_public_key

import cup2py
import frames
import message_vectors
import proof
from same import same, shown


def verify(paths):
    """`checked`: how many cases of each section; `failed`: which of them, and why"""
    report = {'checked': {}, 'failed': []}
    for path in paths:
        name = os.path.basename(path)
        with open(path, encoding='utf-8') as file:
            content = json.load(file)
        if isinstance(content, list):
            message_vectors.verify(name, content, report)
            continue
        for section, check in FILES.get(name, {}).items():
            holder = content
            for key in section.split('.'):
                holder = holder.get(key, {})
            cases = holder.get('vectors', []) if isinstance(holder, dict) else holder
            for index, case in enumerate(cases):
                where = f'{name}#{section}'
                report['checked'][where] = report['checked'].get(where, 0) + 1
                try:
                    check(case, content)
                except Exception as error:
                    report['failed'].append(f'{where}[{index}]: {error!r}')
    return report


def valid(dialect):
    def check(case, _):
        if 'initHex' in case:
            return handshake(case)
        frame = bytes.fromhex(case['hex'])
        same('the size', frames.frame_size(frame[:2]), len(frame))
        message = frames.decode(dialect, frame)
        for name, expected in case['fields'].items():
            same(name, shown(message, name), expected)
        values = {name: value for name, value in message.items() if name not in ('name', 'type', 'size')}
        bare = frames.encode(dialect, message['name'], **values)
        same('the frame without reserved bits', frames.decode(dialect, bare) | {'reserved': 0}, message | {'reserved': 0})
        if not message.get('reserved'):
            same('the frame', bare, frame)
    return check


def handshake(case):
    challenge, nonce = (frames.decode('g2_document', bytes.fromhex(case[name])) for name in ('initHex', 'verifyHex'))
    same('whether it proves', proof.proves(challenge['challenge'], nonce['nonce'], 24), case['valid'])
    if case['valid']:
        same('OK', frames.encode('g2_document', 'verdict').hex(), case['okHex'])


def malformed(dialect):
    def check(case, _):
        first = re.match(r'first (\d+) bytes', case['expected'])
        same('bytes taken', taken(dialect, bytes.fromhex(case['hex'])), int(first.group(1)) if first else 0)
    return check


def taken(dialect, data):
    """Bytes of the messages before the first that is none"""
    at = 0
    try:
        while len(data) - at >= 2:
            size = frames.frame_size(data[at:at + 2])
            if len(data) - at < size:
                break
            frames.decode(dialect, data[at:at + size])
            at += size
    except frames.Refused:
        pass
    return at


def challenge_proof(bits):
    def check(case, _):
        challenge, nonce = int(case['challengeHex'], 16), int(case['nonceHex'], 16)
        digest = hashlib.sha256(challenge.to_bytes(8, 'big') + nonce.to_bytes(8, 'big')).hexdigest()
        same('the sum', digest, case['sha256'])
        same('whether it proves', proof.proves(challenge, nonce, bits), True)
        same('the next nonce', proof.proves(challenge, nonce + 1, bits), False)
        same('the number', str(nonce), case['smallestNonce'])
    return check


def packet_proof(case, _):
    packet = bytes.fromhex(case['packetHex'])
    same('the sum', hashlib.sha256(packet).hexdigest(), case['sha256'])
    same('whether it proves', proof.packet_proves(packet), True)
    same('the packet', frames.encode('g1_midterm', 'offer', challenge=int(case['challengeHex'], 16),
                                     nonce=int(case['smallestNonce']), addresses=case['addresses']), packet)
    same('the smallest nonce', proof.solve_packet(packet), packet)


PSS = padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=32)
OAEP = padding.OAEP(mgf=padding.MGF1(SHA256()), algorithm=SHA256(), label=None)


def public_key(entry):
    if 'spki' in entry:
        return load_der_public_key(base64.b64decode(entry['spki']))
    return load_pem_public_key(entry['publicPem'].encode())


def signature(case, content):
    scheme = PSS if case['scheme'] == 'PSS' else padding.PKCS1v15()
    key = public_key(content['keys'][case['key']])
    try:
        key.verify(base64.b64decode(case['signature']), base64.b64decode(case['data']), scheme, SHA256())
        accepted = True
    except InvalidSignature:
        accepted = False
    same('whether it is accepted', accepted, case['valid'])


def encryption(case, content):
    entry = content['keys'][case['key']]
    key = load_pem_private_key(entry.get('pkcs8Pem', entry.get('privatePem')).encode(), None)
    try:
        plain = base64.b64encode(key.decrypt(base64.b64decode(case['ciphertext']), OAEP)).decode()
    except ValueError:
        plain = None
    same('the plaintext', plain, case['plaintext'])


def record(case, content):
    entry = next(key for key in content['keys'] if key['name'] == case['key'])
    pem, address, date = entry['publicPem'], case['ip'], case['dateString']
    public = load_pem_public_key(pem.encode())
    same('the PEM', cup2py.to_pem(public), pem)
    same('the user hash', cup2py.user_hash(pem), case['publicKeyHash'])
    same('the signed text', cup2py.signed_text(public, address, date), case['signedMessage'])
    same('whether it verifies', cup2py.verifies(pem, address, date, case['signatureB64']), True)
    same('another address', cup2py.verifies(pem, address + '0', date, case['signatureB64']), False)
    private = load_pem_private_key(entry['privatePem'].encode(), None, unsafe_skip_rsa_key_validation=True)
    same('our signature', cup2py.sign(private, address, date), case['signatureB64'])


FILES = {
    'gossip.json': {
        'api': valid('api'),
        'api_malformed': malformed('api'),
        'g1_final': valid('g1_final'),
        'g1_midterm': valid('g1_midterm'),
        'g2_document': valid('g2_document'),
        'pow.g1_final_peer_challenge': challenge_proof(24),
        'pow.g1_before_2021-09-11_peer_challenge': challenge_proof(16),
        'pow.g1_midterm_peer_offer': packet_proof,
    },
    'gossip-malformed.json': {
        'api_malformed': malformed('api'),
        'g1_final_malformed': malformed('g1_final'),
        'g1_midterm_malformed': malformed('g1_midterm'),
        'g2_document_malformed': malformed('g2_document'),
    },
    'rsa.json': {'signatures': signature, 'encryptions': encryption},
    'dht.json': {'messages': valid('dht'), 'malformed': malformed('dht_requests')},
    'cup2py.json': {'records': record},
}
