"""MessagePack as far as SHOUT takes it: docs/specs/shout.md, Values"""
import struct

from refusals import Refusal

MAX_DEPTH, MAX_ELEMENTS = 32, 65_536
# by first byte: what it is, and the bytes of its number or length
SIZED = {0xc4: ('bin', 1), 0xc5: ('bin', 2), 0xc6: ('bin', 4), 0xd9: ('str', 1), 0xda: ('str', 2), 0xdb: ('str', 4),
         0xdc: ('list', 2), 0xdd: ('list', 4), 0xde: ('map', 2), 0xdf: ('map', 4)}
NUMBERS = {0xca: '>f', 0xcb: '>d', 0xcc: '>B', 0xcd: '>H', 0xce: '>I', 0xcf: '>Q',
           0xd0: '>b', 0xd1: '>h', 0xd2: '>i', 0xd3: '>q'}
PLAIN = {0xc0: None, 0xc2: False, 0xc3: True}


def unpack(data):
    """Exactly one value"""
    reader = Reader(data)
    value = reader.value(0)
    if reader.at != len(data):
        raise Refusal('DecodeError', 'bytes behind the value')
    return value


class Reader:
    def __init__(self, data):
        self.data, self.at, self.elements = data, 0, 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise Refusal('DecodeError', 'a value that ends early')
        self.at += count
        return self.data[self.at - count:self.at]

    def value(self, depth):
        head = self.take(1)[0]
        if head < 0x80 or head >= 0xe0:
            return head if head < 0x80 else head - 256
        if head in PLAIN:
            return PLAIN[head]
        if head in NUMBERS:
            shape = NUMBERS[head]
            return struct.unpack(shape, self.take(struct.calcsize(shape)))[0]
        if head < 0xa0:
            return self.many('map' if head < 0x90 else 'list', head & 15, depth)
        if head < 0xc0:
            return self.text(head & 31)
        if head not in SIZED:
            raise Refusal('DecodeError', f'a value that begins with {head}')
        kind, width = SIZED[head]
        count = int.from_bytes(self.take(width), 'big')
        if kind == 'bin':
            return bytes(self.take(count))
        return self.text(count) if kind == 'str' else self.many(kind, count, depth)

    def text(self, count):
        try:
            return self.take(count).decode('utf-8')
        except UnicodeDecodeError as error:
            raise Refusal('DecodeError', 'text that is not UTF-8') from error

    def many(self, kind, count, depth):
        self.elements += count
        if depth >= MAX_DEPTH or self.elements > MAX_ELEMENTS or count > len(self.data) - self.at:
            raise Refusal('DecodeError', 'too many, or too deep')
        if kind == 'list':
            return [self.value(depth + 1) for _ in range(count)]
        found = {}
        for _ in range(count):
            key = self.value(depth + 1)
            if not isinstance(key, str) or key in found:
                raise Refusal('DecodeError', 'a key that is no text, or twice')
            found[key] = self.value(depth + 1)
        return found


def pack(value):
    """As much as a peer here says: nothing, numbers, text, bytes and lists"""
    if value is None:
        return b'\xc0'
    if isinstance(value, int):
        return bytes([value]) if 0 <= value < 128 else b'\xcf' + value.to_bytes(8, 'big')
    if isinstance(value, bytes):
        return b'\xc5' + len(value).to_bytes(2, 'big') + value
    if isinstance(value, str):
        data = value.encode()
        return (bytes([0xa0 | len(data)]) if len(data) < 32 else b'\xda' + len(data).to_bytes(2, 'big')) + data
    return b'\xdc' + len(value).to_bytes(2, 'big') + b''.join(map(pack, value))
