"""multistream-select 1.0.0: which protocol is spoken here"""
from .wire import read_varint, varint

HEADER = '/multistream/1.0.0'
MAX_LINE = 1_024


async def send(channel, *lines):
    await channel.write(b''.join(varint(len(line) + 1) + line.encode() + b'\n' for line in lines))


async def receive(channel):
    size = await read_varint(channel.read)
    if not 0 < size <= MAX_LINE:
        raise ValueError(f'a line of {size} bytes')
    line = await channel.read(size)
    if line[-1:] != b'\n':
        raise ValueError('a line without an end')
    return line[:-1].decode()


async def select(channel, protocol):
    """The initiator's side: one protocol, or nothing"""
    await send(channel, HEADER, protocol)
    if await receive(channel) != HEADER:
        raise ValueError('not multistream-select')
    answer = await receive(channel)
    if answer != protocol:
        raise ValueError(f'asked for {protocol}, and the answer is {answer}')


async def answer(channel, protocols):
    """The other side: the first protocol that is asked for and known here"""
    await send(channel, HEADER)
    if await receive(channel) != HEADER:
        raise ValueError('not multistream-select')
    while True:
        wanted = await receive(channel)
        if wanted in protocols:
            await send(channel, wanted)
            return wanted
        await send(channel, 'na')
