"""Checks the vectors of messages: `{ name, hex | text, fields, ok | errorName }`, one file for each protocol"""
import hashlib

import dht_records
import frames
import proof
import requests_cup2py
import shout
from refusals import Refusal
from same import same, shown


def verify(name, vectors, report):
    read = READERS.get(name)
    if read is None:
        return
    report['checked'][f'{name}#vectors'] = len(vectors)
    for index, vector in enumerate(vectors):
        try:
            check(read, vector)
        except Exception as error:
            report['failed'].append(f'{name}#vectors[{index}]: {error!r}'[:1000])


def check(read, vector):
    data = bytes.fromhex(vector['hex']) if 'hex' in vector else vector['text'].encode()
    refusal = None
    try:
        read(data, vector.get('fields', {}))
    except Refusal as error:
        refusal = error.error_name
    except frames.Refused:
        refusal = 'DecodeError'
    same('the refusal', refusal, vector.get('errorName'))


def frame(dialect):
    """One whole frame with these fields, which is encoded again"""
    def read(data, fields):
        size = frames.frame_size(data[:2])
        message = frames.decode(dialect, data[:size])
        same('the size', len(data), size)
        for name, expected in fields.items():
            same(name, shown(message, name), expected)
        values = {name: value for name, value in message.items() if name not in ('name', 'type', 'size')}
        again = frames.encode(dialect, message['name'], **values)
        same('the frame without reserved bits', frames.decode(dialect, again) | {'reserved': 0}, message | {'reserved': 0})
        if not message.get('reserved'):
            same('the frame', again, data)
    return read


def proof_of_work(data, fields):
    challenge, nonce = int.from_bytes(data[:8], 'big'), int.from_bytes(data[8:], 'big')
    if not proof.proves(challenge, nonce, fields['bits']):
        raise Refusal('ProofError', 'it does not prove')
    same('the sum', hashlib.sha256(data).hexdigest(), fields['sha256'])


READERS = {
    'gossip.json': frame('g1_final'),
    'gossip-midterm.json': frame('g1_midterm'),
    'gossip-p2p.json': frame('g2_document'),
    'gossip-api.json': frame('api'),
    'gossip-proofs.json': proof_of_work,
    'dht-api.json': frame('dht'),
    'dht-records.json': dht_records.read,
    'cup2py.json': requests_cup2py.read,
    'shout.json': shout.read,
}
