"""identify: asks a peer where it listens, and tells others what is spoken here"""
import ipaddress

from .wire import field, public_key, read_varint, take_varint, varint

PROTOCOL = '/ipfs/id/1.0.0'
KEY, LISTEN_ADDRESSES, PROTOCOLS, AGENT, VERSION = 1, 2, 3, 6, 5
MAX_SIZE = 65_536
IP4, TCP = 4, 6


async def listen_addresses(connection):
    """TCP addresses over IPv4, as (host, port); other kinds are left out"""
    stream = await connection.open(PROTOCOL)
    size = await read_varint(stream.read)
    if size > MAX_SIZE:
        raise ValueError(f'an identify message of {size} bytes')
    message = await stream.read(size)
    await stream.close()
    return [address for raw in repeated(message, LISTEN_ADDRESSES) if (address := tcp_address(raw))]


def repeated(data, wanted):
    """All values of one length-delimited field"""
    at, out = 0, []
    while at < len(data):
        tag, at = take_varint(data, at)
        value, at = take_varint(data, at)
        if tag & 7 == 2:
            if tag >> 3 == wanted:
                out.append(data[at:at + value])
            at += value
    return out


def tcp_address(raw):
    """`/ip4/…/tcp/…` and nothing more"""
    if len(raw) == 8 and raw[0] == IP4 and raw[5] == TCP:
        return str(ipaddress.IPv4Address(raw[1:5])), int.from_bytes(raw[6:8], 'big')
    return None


async def answer(stream, host, listen):
    """@param listen: host and port"""
    key = public_key(host.identity.public_key().public_bytes_raw())
    address = bytes([IP4]) + ipaddress.IPv4Address(listen[0]).packed + bytes([TCP]) + listen[1].to_bytes(2, 'big')
    message = field(KEY, key) + field(LISTEN_ADDRESSES, address) + field(VERSION, b'ipfs/0.1.0') + field(AGENT, b'by hand')
    message += b''.join(field(PROTOCOLS, protocol.encode()) for protocol in host.handlers)
    await stream.write(varint(len(message)) + message)
    await stream.close()
