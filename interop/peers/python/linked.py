"""A peer of one protocol that stays linked to whom it is told to dial: one stream a peer"""
import asyncio
import logging

from libp2p import identify
from libp2p.host import Host
from refusals import Refusal

log = logging.getLogger('peer')
REDIAL_AFTER = 1


class Linked:
    """What it makes of a stream is `attend`, and what it does besides is `work`"""

    def __init__(self, config):
        self.config = config
        self.host = Host(config.seed, {config.protocol: self.accept, identify.PROTOCOL: self.identify})
        # by peer id, the newest stream. BOUNDED by the peers there are
        self.links = {}
        self.report = {'peerId': self.host.peer_id, 'refused': []}

    async def run(self):
        if self.config.listen:
            await self.host.listen(*self.config.listen)
        async with asyncio.TaskGroup() as group:
            for address in self.config.dial:
                group.create_task(self.keep(*address))
            group.create_task(self.work())
            # until it is told to end
            await asyncio.Event().wait()

    async def keep(self, host, port, peer, _):
        while True:
            if peer not in self.links:
                try:
                    connection = await self.host.dial(host, port, peer)
                    asyncio.create_task(self.accept(await connection.open(self.config.protocol), connection))
                except (OSError, EOFError, ValueError, TimeoutError) as error:
                    log.info('dialling %s: %r', peer, error)
            await asyncio.sleep(REDIAL_AFTER)

    async def identify(self, stream, _):
        await identify.answer(stream, self.host, self.config.listen)

    async def accept(self, stream, connection):
        remote = connection.remote
        self.links[remote] = stream
        try:
            await self.attend(stream, remote)
        except Refusal as error:
            log.warning('%s is cut off: %s', remote, error)
            self.report['refused'].append(str(error))
            await stream.reset()
        except EOFError as error:
            log.info('%s: %s', remote, error)
        except Exception:
            log.exception('%s', remote)
        finally:
            if self.links.get(remote) is stream:
                del self.links[remote]

    async def write(self, stream, data):
        try:
            await stream.write(data)
        except EOFError as error:
            log.info('a peer has left: %s', error)
