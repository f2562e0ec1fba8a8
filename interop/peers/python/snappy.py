"""Raw Snappy blocks, as SHOUT has them: a varint of the length, then literals and copies"""
from refusals import Refusal


def decompress(data, limit):
    try:
        length, at = size_of(data)
        if length > limit:
            raise Refusal('DecodeError', f'{length} bytes')
        out = bytearray()
        while at < len(data):
            at = element(data, at, out)
            if len(out) > length:
                break
    except IndexError as error:
        raise Refusal('DecodeError', 'a block that ends early') from error
    if len(out) != length:
        raise Refusal('DecodeError', f'{len(out)} bytes, and not {length}')
    return bytes(out)


def size_of(data):
    length = 0
    for at in range(5):
        length |= (data[at] & 127) << (7 * at)
        if data[at] < 128:
            return length, at + 1
    raise Refusal('DecodeError', 'no length')


def element(data, at, out):
    """@returns where the next one is"""
    tag, at = data[at], at + 1
    kind, number = tag & 3, tag >> 2
    if kind == 0:
        extra = max(0, number - 59)
        size = (int.from_bytes(data[at:at + extra], 'little') if extra else number) + 1
        at += extra
        if at + size > len(data):
            raise IndexError
        out += data[at:at + size]
        return at + size
    width = {1: 1, 2: 2, 3: 4}[kind]
    offset = int.from_bytes(data[at:at + width], 'little')
    if at + width > len(data):
        raise IndexError
    size = number + 1
    if kind == 1:
        size, offset = (number & 7) + 4, (tag >> 5) << 8 | offset
    if not 0 < offset <= len(out):
        raise Refusal('DecodeError', 'a copy of what is not there')
    for _ in range(size):
        out.append(out[-offset])
    return at + width
