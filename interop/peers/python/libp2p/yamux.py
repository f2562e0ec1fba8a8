"""yamux: streams over one channel"""
import asyncio
import struct

DATA, WINDOW, PING, GO_AWAY = 0, 1, 2, 3
SYN, ACK, FIN, RST = 1, 2, 4, 8
INITIAL_WINDOW = 256 * 1_024
MAX_STREAMS = 256


class Stream:
    def __init__(self, session, number):
        self.session, self.number = session, number
        self.buffer = bytearray()
        self.window = INITIAL_WINDOW
        self.ended = self.closed = False
        self.changed = asyncio.Event()

    async def write(self, data):
        """As much as the other side allows, until all is sent"""
        while data:
            while self.window == 0 and not self.closed:
                await self.change()
            if self.closed:
                raise EOFError('the stream is closed')
            part, data = data[:self.window], data[self.window:]
            self.window -= len(part)
            await self.session.send(DATA, 0, self.number, len(part), part)

    async def read(self, count):
        while len(self.buffer) < count:
            if self.ended:
                raise EOFError('the stream has ended')
            await self.change()
        out = bytes(self.buffer[:count])
        del self.buffer[:count]
        await self.session.send(WINDOW, 0, self.number, count)
        return out

    async def close(self):
        if not self.closed:
            self.closed = True
            await self.session.send(DATA, FIN, self.number, 0)

    async def reset(self):
        if not (self.closed and self.ended):
            self.end()
            await self.session.send(WINDOW, RST, self.number, 0)

    def end(self):
        self.ended = self.closed = True
        self.session.streams.pop(self.number, None)
        self.changed.set()

    async def change(self):
        self.changed.clear()
        await self.changed.wait()


class Yamux:
    def __init__(self, channel, is_client, on_stream):
        self.channel, self.on_stream = channel, on_stream
        self.next = 1 if is_client else 2
        # BOUNDED by MAX_STREAMS
        self.streams = {}
        self.lock = asyncio.Lock()

    async def open(self):
        stream = Stream(self, self.next)
        self.next += 2
        self.streams[stream.number] = stream
        await self.send(WINDOW, SYN, stream.number, 0)
        return stream

    async def send(self, kind, flags, number, length, data=b''):
        async with self.lock:
            await self.channel.write(struct.pack('>BBHII', 0, kind, flags, number, length) + data)

    async def run(self):
        """Until the channel ends"""
        try:
            while await self.step():
                pass
        finally:
            for stream in list(self.streams.values()):
                stream.end()

    async def step(self):
        version, kind, flags, number, length = struct.unpack('>BBHII', await self.channel.read(12))
        if version != 0 or kind > GO_AWAY or (kind == DATA and length > INITIAL_WINDOW):
            raise ValueError('not yamux')
        data = await self.channel.read(length) if kind == DATA else b''
        if kind == GO_AWAY:
            return False
        if kind == PING:
            if flags & SYN:
                await self.send(PING, ACK, 0, length)
            return True
        stream = await self.stream_for(number, flags)
        if stream is not None:
            self.take(stream, kind, flags, length, data)
        return True

    async def stream_for(self, number, flags):
        if not flags & SYN:
            return self.streams.get(number)
        if number in self.streams or len(self.streams) >= MAX_STREAMS:
            await self.send(WINDOW, RST, number, 0)
            return None
        stream = self.streams[number] = Stream(self, number)
        await self.send(WINDOW, ACK, number, 0)
        self.on_stream(stream)
        return stream

    @staticmethod
    def take(stream, kind, flags, length, data):
        if kind == WINDOW:
            stream.window += length
        stream.buffer += data
        if flags & RST:
            stream.end()
        elif flags & FIN:
            stream.ended = True
        stream.changed.set()
