"""Connections in and out; each stream goes to the handler of its protocol"""
import asyncio
import logging

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from . import multistream
from .noise import Noise
from .wire import peer_id, public_key
from .yamux import Yamux

log = logging.getLogger('libp2p')
HANDSHAKE_TIMEOUT = 20


class Channel:
    """A socket, before it is encrypted"""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def read(self, count):
        return await self.reader.readexactly(count)

    async def write(self, data):
        self.writer.write(data)
        await self.writer.drain()


class Connection:
    def __init__(self, remote, address, muxer, writer):
        self.remote, self.address = remote, address
        self.muxer, self.writer = muxer, writer
        self.running = asyncio.create_task(self.run())

    async def run(self):
        try:
            await self.muxer.run()
        except (EOFError, OSError, ValueError) as error:
            log.info('connection to %s ended: %s', self.remote, error)
        finally:
            self.writer.close()

    async def open(self, protocol):
        stream = await self.muxer.open()
        await multistream.select(stream, protocol)
        return stream


class Host:
    def __init__(self, seed, handlers):
        """`handlers`: coroutine functions of a stream and its connection, by protocol"""
        self.identity = Ed25519PrivateKey.from_private_bytes(seed)
        self.peer_id = peer_id(public_key(self.identity.public_key().public_bytes_raw()))
        self.handlers = handlers
        # BOUNDED by the connections
        self.tasks = set()

    async def listen(self, host, port):
        return await asyncio.start_server(self.accept, host, port)

    async def accept(self, reader, writer):
        try:
            address = writer.get_extra_info('peername')[0]
            await self.upgrade(reader, writer, address, is_client=False)
        except Exception as error:
            log.info('inbound connection failed: %r', error)
            writer.close()

    async def dial(self, host, port, expected):
        reader, writer = await asyncio.open_connection(host, port)
        try:
            connection = await self.upgrade(reader, writer, host, is_client=True)
            if connection.remote != expected:
                raise ValueError(f'{connection.remote} answers, not {expected}')
            return connection
        except BaseException:
            writer.close()
            raise

    async def upgrade(self, reader, writer, address, is_client):
        async with asyncio.timeout(HANDSHAKE_TIMEOUT):
            plain, noise = Channel(reader, writer), Noise(reader, writer)
            if is_client:
                await multistream.select(plain, '/noise')
                await noise.dial(self.identity)
                await multistream.select(noise, '/yamux/1.0.0')
            else:
                await multistream.answer(plain, ['/noise'])
                await noise.accept(self.identity)
                await multistream.answer(noise, ['/yamux/1.0.0'])
        connection = None

        def on_stream(stream):
            task = asyncio.create_task(self.serve(stream, connection))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

        connection = Connection(noise.remote, address, Yamux(noise, is_client, on_stream), writer)
        return connection

    async def serve(self, stream, connection):
        try:
            protocol = await multistream.answer(stream, self.handlers)
            await self.handlers[protocol](stream, connection)
        except (EOFError, OSError, ValueError) as error:
            log.info('stream of %s ended: %s', connection.remote, error)
            await stream.reset()
