"""A gossip peer that calls everything valid, passes it on, and says it again under the next data type.

Written from docs/specs/gossip.md. It speaks the dialect of the protocol it is told.
"""
import asyncio
import hashlib
import logging
import secrets

from frames import Refused, decode, encode, read_frame
from libp2p.host import Host
from libp2p.identify import listen_addresses
from proof import packet_proves, proves, solve, solve_packet

log = logging.getLogger('gossip')

DIALECT_OF = {
    '/hearsay/gossip/1.0.0': 'g1_final',
    '/hearsay/gossip-midterm/1.0.0': 'g1_midterm',
    '/hearsay/gossip-p2p/1.0.0': 'g2_document',
}
REDIAL_AFTER = 1
ASK_EVERY = 2
MAX_SEEN = 10_000


class Link:
    """One stream to one peer"""

    def __init__(self, stream, connection, direction, address):
        self.stream, self.direction = stream, direction
        self.remote, self.host = connection.remote, connection.address
        self.address = address
        self.verified = False
        self.informed = False
        self.challenge = None


class Gossip:
    def __init__(self, config):
        self.config, self.dialect = config, DIALECT_OF[config.protocol]
        self.host = Host(config.seed, {config.protocol: self.accept})
        # by peer id
        self.links = {}
        # BOUNDED by MAX_SEEN, the oldest leave
        self.seen = {}
        self.challenges = set()
        self.report = {'peerId': self.host.peer_id, 'verified': [], 'heard': [], 'infos': [], 'offers': [], 'refused': [],
                       # how often it was told what it had heard
                       'copies': 0}

    async def run(self):
        if self.config.listen:
            await self.host.listen(*self.config.listen)
        async with asyncio.TaskGroup() as group:
            for address in self.config.dial:
                group.create_task(self.keep(*address))
            if self.dialect.startswith('g1'):
                group.create_task(self.ask())
            # until it is told to end
            await asyncio.Event().wait()

    async def keep(self, host, port, peer, text):
        """Stay linked to a known peer"""
        while True:
            if peer not in self.links:
                try:
                    connection = await self.host.dial(host, port, peer)
                    stream = await connection.open(self.config.protocol)
                    asyncio.create_task(self.attend(Link(stream, connection, 'outbound', text), connection))
                except (OSError, EOFError, ValueError, TimeoutError) as error:
                    log.info('dialling %s: %r', peer, error)
            await asyncio.sleep(REDIAL_AFTER)

    async def accept(self, stream, connection):
        await self.attend(Link(stream, connection, 'inbound', None), connection)

    async def attend(self, link, connection):
        """From the opening of a stream to its end"""
        self.links[link.remote] = link
        try:
            await self.open(link)
            if link.address is None:
                asyncio.create_task(self.locate(link, connection))
            while True:
                message = decode(self.dialect, frame := await read_frame(link.stream.read))
                await self.take(link, message, frame)
        except Refused as error:
            log.warning('%s is cut off: %s', link.remote, error)
            self.report['refused'].append(str(error))
            await link.stream.reset()
        except EOFError as error:
            log.info('%s: %s', link.remote, error)
        except Exception:
            log.exception('%s', link.remote)
        finally:
            if self.links.get(link.remote) is link:
                del self.links[link.remote]

    async def open(self, link):
        if self.dialect == 'g1_midterm':
            await self.admit(link)
        elif link.direction == 'inbound':
            link.challenge = secrets.randbits(64)
            await self.send(link, 'challenge', challenge=link.challenge)
        elif self.dialect == 'g1_final' and self.config.listen:
            await self.send(link, 'info', port=self.config.listen[1])

    async def send(self, link, name, **values):
        await link.stream.write(encode(self.dialect, name, **values))

    async def admit(self, link):
        link.verified = True
        self.report['verified'].append({'peer': link.remote, 'direction': link.direction})
        log.info('verified %s, %s', link.remote, link.direction)

    async def take(self, link, message, frame):
        name = message['name']
        log.info('%s sends %s', link.remote, name)
        if link.verified:
            await self.take_verified(link, message, frame)
        elif link.direction == 'inbound' and name == 'info' and not link.informed:
            link.informed = True
            self.learn(link, message['port'])
        elif link.direction == 'inbound' and name == 'proof':
            await self.judge(link, message['nonce'])
        elif link.direction == 'outbound' and name == 'challenge' and link.challenge is None:
            link.challenge = message['challenge']
            nonce = await asyncio.to_thread(solve, link.challenge, self.config.bits)
            await self.send(link, 'proof', nonce=nonce)
        elif link.direction == 'outbound' and name == 'verdict' and message.get('valid', True):
            await self.admit(link)
        else:
            raise Refused(f'{name} before the proof')

    async def judge(self, link, nonce):
        if not proves(link.challenge, nonce, self.config.bits):
            if self.dialect == 'g1_final':
                await self.send(link, 'verdict', valid=False)
                await link.stream.close()
            raise Refused('a wrong proof')
        await self.send(link, 'verdict', **({'valid': True} if self.dialect == 'g1_final' else {}))
        await self.admit(link)

    async def take_verified(self, link, message, frame):
        match message['name']:
            case 'announce':
                await self.hear(link, message)
            case 'discovery':
                await self.offer(link, message)
            case 'offer':
                await self.take_offer(message, frame)
            case 'info':
                self.learn(link, message['port'])
            case name:
                raise Refused(f'{name} after the proof')

    def learn(self, link, port):
        self.report['infos'].append({'peer': link.remote, 'port': port})

    @staticmethod
    async def locate(link, connection):
        """Where others can dial it, as identify has it: on the host it comes from"""
        try:
            for host, port in await listen_addresses(connection):
                if host == link.host:
                    link.address = f'/ip4/{host}/tcp/{port}/p2p/{link.remote}'
        except (EOFError, ValueError) as error:
            log.info('identify of %s: %s', link.remote, error)

    async def hear(self, link, message):
        number = message['id'] if 'id' in message else message['messageId']
        digest = hashlib.sha256(message['data']).hexdigest()
        key = (number, message['dataType'], digest)
        if message['dataType'] != self.config.data_type:
            return
        if key in self.seen:
            self.report['copies'] += 1
            return
        self.remember(key)
        self.report['heard'].append({
            'id': f'{number:x}',
            'ttl': message['ttl'],
            'dataType': message['dataType'],
            'bytes': len(message['data']),
            'sha256': digest,
        })
        log.info('heard %x', number)
        if message['ttl'] != 1:
            await self.spread(number, max(message['ttl'] - 1, 0), message['dataType'], message['data'], link)
        await self.announce(message['dataType'] + 1, message['data'])

    async def announce(self, data_type, data):
        number = secrets.randbits(16 if self.dialect == 'g2_document' else 64)
        self.remember((number, data_type, hashlib.sha256(data).hexdigest()))
        await self.spread(number, 0, data_type, data)

    async def spread(self, number, ttl, data_type, data, source=None):
        name = 'messageId' if self.dialect == 'g2_document' else 'id'
        for link in list(self.links.values()):
            if link.verified and link is not source:
                try:
                    await self.send(link, 'announce', **{name: number}, ttl=ttl, dataType=data_type, data=data)
                except EOFError:
                    log.info('%s has left', link.remote)

    def remember(self, key):
        self.seen[key] = True
        if len(self.seen) > MAX_SEEN:
            del self.seen[next(iter(self.seen))]

    async def offer(self, link, message):
        others = [other.address for other in self.links.values() if other.verified and other is not link]
        known = [address for address in others if address is not None]
        if known and self.dialect == 'g1_final':
            await self.send(link, 'offer', addresses=known[:64])
        elif known:
            frame = encode(self.dialect, 'offer', challenge=message['challenge'], nonce=0, addresses=known[:64])
            await link.stream.write(await asyncio.to_thread(solve_packet, frame))

    async def take_offer(self, message, frame):
        if self.dialect == 'g1_midterm':
            if message['challenge'] not in self.challenges or not packet_proves(frame):
                raise Refused('an OFFER without a proof')
            self.challenges.discard(message['challenge'])
        self.report['offers'] += message['addresses']
        for address in message['addresses']:
            # so that those who watch our clients see it
            await self.announce(self.config.data_type + 2, address.encode())

    async def ask(self):
        """Until somebody offers something"""
        while not self.report['offers']:
            await asyncio.sleep(ASK_EVERY)
            for link in list(self.links.values()):
                if link.verified:
                    await self.ask_one(link)

    async def ask_one(self, link):
        values = {}
        if self.dialect == 'g1_midterm':
            values = {'challenge': secrets.randbits(64)}
            self.challenges.add(values['challenge'])
        try:
            await self.send(link, 'discovery', **values)
        except EOFError:
            log.info('%s has left', link.remote)
