"""A CUP2PY peer: it publishes its record, keeps those it hears, passes them on, and searches when it is told to.

Written from docs/specs/cup2py.md.
"""
import asyncio
import datetime
import os

from cryptography.hazmat.primitives.serialization import load_pem_private_key

import cup2py
from linked import Linked
from refusals import Refusal
from requests_cup2py import decode, encode, verify

DEPTH, SEARCH_DEPTH, SEARCH_EVERY = 3, 7, 2
MAX_REQUEST = 65_536


class Users(Linked):
    def __init__(self, config):
        super().__init__(config)
        with open(os.environ['PEER_KEY'], 'rb') as file:
            key = load_pem_private_key(file.read(), None)
        host, port = config.listen
        self.own = own_record(key, f'/ip4/{host}/tcp/{port}/p2p/{self.host.peer_id}')
        self.records = {}
        self.report |= {'hash': self.own['hash'], 'records': []}

    async def work(self):
        """Search until it is found"""
        wanted = os.environ.get('PEER_SEARCH', '')
        while wanted and wanted not in self.records:
            for stream in list(self.links.values()):
                await self.say(stream, self.own | {'type': 'search', 'target': wanted, 'depth': SEARCH_DEPTH})
            await asyncio.sleep(SEARCH_EVERY)

    async def attend(self, stream, remote):
        await self.say(stream, self.own | {'type': 'update', 'depth': DEPTH})
        while True:
            request = decode(await read_request(stream))
            verify(request)
            await self.take(request, stream)

    async def say(self, stream, request):
        request = request | {'checked': [*request.get('checked', []), self.own['hash']]}
        data = encode(request)
        await self.write(stream, varint(len(data)) + data)

    async def take(self, request, source):
        held = self.records.get(request['hash'])
        is_new = request['hash'] != self.own['hash'] and (held is None or held['date'] < request['date'])
        if is_new:
            self.records[request['hash']] = request
            self.report['records'].append({name: request[name] for name in ('hash', 'address', 'date')})
        if request['type'] == 'search':
            found = self.own if request['target'] == self.own['hash'] else self.records.get(request['target'])
            if found is not None:
                await self.say(source, found | {'type': 'update', 'depth': 0, 'checked': []})
        elif is_new and request['depth'] > 0:
            for stream in list(self.links.values()):
                if stream is not source:
                    await self.say(stream, request | {'depth': request['depth'] - 1})


def own_record(key, address):
    """UTC, with microseconds that are not zero"""
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    date = str(now if now.microsecond else now.replace(microsecond=1))
    pem = cup2py.to_pem(key.public_key())
    return {'pem': pem, 'hash': cup2py.user_hash(pem), 'address': address, 'date': date,
            'signature': cup2py.sign(key, address, date)}


def varint(value):
    out = b''
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


async def read_request(stream):
    size = 0
    for shift in (0, 7, 14):
        byte = (await stream.read(1))[0]
        size |= (byte & 127) << shift
        if byte < 128:
            break
    if size > MAX_REQUEST or byte > 127:
        raise Refusal('DecodeError', f'a request of {size} bytes')
    return await stream.read(size)
