"""A SHOUT peer: it agrees to the subnet it is told, proves its key, answers PING and WHISPER, relays SHOUT, and says what
it is told to say. Without compression, and without the table. Written from docs/specs/shout.md.
"""
import asyncio
import os

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

import msgpack
import shout
from linked import Linked
from refusals import Refusal

BITS = 2_048
ACK, NACK, PING, OPTION, SHOUT, WHISPER = 0, 1, 2, 3, 6, 8
SUBNET, CONNECTION = 2, 3
# for a peer that waits for us to name one
OURS = [20, 3, 256, BITS, 8, 'libp2p', '']
GREET_AFTER, SAY_AFTER = 1, 3


class Shouter(Linked):
    def __init__(self, config):
        super().__init__(config)
        with open(os.environ['PEER_KEY'], 'rb') as file:
            self.key = load_pem_private_key(file.read(), None)
        self.der = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        # by stream, of who is there
        self.keys, self.greeted, self.seen = {}, set(), set()
        self.report |= {'key': shout.digest(self.der), 'bound': [], 'shouts': [], 'whispers': [], 'acks': [], 'nacks': []}

    async def work(self):
        await asyncio.sleep(SAY_AFTER)
        for stream, key in list(self.keys.items()):
            await self.say(stream, PING, key, None)
            if text := os.environ.get('PEER_WHISPER'):
                await self.say(stream, WHISPER, key, text, sealed=True)
        if text := os.environ.get('PEER_SHOUT'):
            await self.spread(self.signed(SHOUT, self.der, text))

    async def attend(self, stream, remote):
        asyncio.create_task(self.greet_later(stream))
        try:
            while True:
                head = await stream.read(shout.HEADER)
                length = int.from_bytes(head[2:], 'big')
                if not 0 < length <= shout.MAX_TRANSMISSION:
                    raise Refusal('DecodeError', f'a transmission of {length} bytes')
                for message in shout.decode(head + await stream.read(length), BITS)[1]:
                    shout.verify(message)
                    await self.take(message, stream, remote)
        finally:
            self.keys.pop(stream, None)

    async def greet_later(self, stream):
        """Whoever speaks first names the subnet"""
        await asyncio.sleep(GREET_AFTER)
        await self.greet(stream, OURS)

    async def greet(self, stream, subnet):
        if stream not in self.greeted:
            self.greeted.add(stream)
            # as long as its key is unknown
            await self.say(stream, OPTION, self.der, [SUBNET, subnet])

    async def take(self, message, stream, remote):
        opcode, sender = message['opcode'], message['from']
        value = msgpack.unpack(shout.unseal(message, self.key) if message['sealed'] else message['payload'])
        said = {'from': shout.digest(sender), 'text': str(value)}
        if opcode == OPTION:
            await self.take_option(value, sender, stream, remote)
        elif opcode == PING:
            await self.say(stream, ACK, sender, [PING])
        elif opcode in (ACK, NACK):
            self.report['acks' if opcode == ACK else 'nacks'].append(value[0])
        elif opcode == WHISPER:
            self.report['whispers'].append(said)
            await self.say(stream, ACK, sender, [WHISPER, message['signature']])
        elif opcode == SHOUT and message['signature'] not in self.seen:
            self.seen.add(message['signature'])
            self.report['shouts'].append(said)
            await self.spread(message['signature'] + message['signed'], stream)

    async def take_option(self, value, sender, stream, remote):
        option, setting = value
        if option == SUBNET:
            self.keys[stream] = sender
            await self.greet(stream, setting)
            await self.say(stream, ACK, sender, [OPTION, SUBNET, setting])
            await self.say(stream, OPTION, sender, [CONNECTION, [self.host.peer_id, remote]])
        elif option == CONNECTION:
            if setting != [remote, self.host.peer_id]:
                raise Refusal('PayloadError', f'a key that is bound to {setting}')
            self.report['bound'].append(shout.digest(sender))
            await self.say(stream, ACK, sender, [OPTION, CONNECTION, setting])
        else:
            await self.say(stream, NACK, sender, [OPTION, option, setting])

    async def spread(self, message, source=None):
        for stream in list(self.links.values()):
            if stream is not source:
                await self.write(stream, transmission(message))

    async def say(self, stream, opcode, to, value, sealed=False):
        await self.write(stream, transmission(self.signed(opcode, to, value, sealed)))

    def signed(self, opcode, to, value, sealed=False):
        head = bytes([opcode << 4, int(sealed)]) + self.der + to
        payload = seal(to, msgpack.pack(value), head) if sealed else msgpack.pack(value)
        covered = len(payload).to_bytes(4, 'big') + head + payload
        return self.key.sign(covered, shout.PSS, SHA256()) + covered


def seal(to, payload, associated):
    key, iv = AESGCM.generate_key(256), os.urandom(shout.IV)
    wrapped = shout.public_key(to, BITS).encrypt(key, shout.OAEP)
    return wrapped + iv + AESGCM(key).encrypt(iv, payload, associated)


def transmission(message):
    return bytes(2) + len(message).to_bytes(4, 'big') + message
