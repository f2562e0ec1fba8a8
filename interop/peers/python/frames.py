"""Frames `size:u16 type:u16 body`, big-endian, `size` counting all of it: gossip between peers, and the two APIs.

Written from docs/specs/gossip.md (Wire, API) and the DHT document's API. Field names are those of the vectors.
"""
from dataclasses import dataclass

MAX_SIZE = 65_535


class Refused(ValueError):
    """No message of this dialect"""


@dataclass
class Layout:
    name: str
    # (field, bytes); a field called `reserved` is sent as zeros
    fields: tuple = ()
    # what the rest is: 'data', 'addresses', 'value', or nothing
    rest: str | None = None
    # the last field is of reserved bits, and `valid` in the lowest one
    has_flag: bool = False
    # bytes there must be at least in the rest
    least: int = 0

    @property
    def width(self):
        return sum(width for _, width in self.fields)


def layout(name, *fields, rest=None, flag=False, least=0):
    return Layout(name, fields, rest, flag, least)


ANNOUNCE = layout('announce', ('id', 8), ('ttl', 1), ('reserved', 1), ('dataType', 2), rest='data')
INFO = layout('info', ('reserved', 2), ('port', 2))

DIALECTS = {
    'api': {
        500: layout('announce', ('ttl', 1), ('reserved', 1), ('dataType', 2), rest='data'),
        501: layout('notify', ('reserved', 2), ('dataType', 2)),
        502: layout('notification', ('messageId', 2), ('dataType', 2), rest='data'),
        503: layout('validation', ('messageId', 2), ('reserved', 2), flag=True),
    },
    'g1_final': {
        504: ANNOUNCE,
        505: layout('discovery'),
        506: layout('offer', rest='addresses'),
        507: INFO,
        508: layout('challenge', ('challenge', 8)),
        509: layout('proof', ('nonce', 8)),
        510: layout('verdict', ('reserved', 4), flag=True),
    },
    'g1_midterm': {
        504: ANNOUNCE,
        505: layout('discovery', ('challenge', 8)),
        506: layout('offer', ('challenge', 8), ('nonce', 8), rest='addresses'),
        507: INFO,
    },
    'g2_document': {
        504: layout('challenge', ('challenge', 8)),
        505: layout('proof', ('nonce', 8)),
        506: layout('verdict'),
        507: layout('announce', ('messageId', 2), ('dataType', 2), ('ttl', 1), ('reserved', 3), rest='data'),
    },
    'dht': {
        650: layout('put', ('ttl', 2), ('replication', 1), ('reserved', 1), ('key', 32), rest='value', least=1),
        651: layout('get', ('key', 32)),
        652: layout('success', ('key', 32), rest='value', least=1),
        653: layout('failure', ('key', 32)),
    },
}
# what a node takes of a client
DIALECTS['dht_requests'] = {number: DIALECTS['dht'][number] for number in (650, 651)}


def decode(dialect, frame):
    """The fields of one whole frame, with `type` its number and `name` what it is"""
    if len(frame) < 4:
        raise Refused('no type')
    number = int.from_bytes(frame[2:4], 'big')
    shape = DIALECTS[dialect].get(number)
    if shape is None:
        raise Refused(f'unknown type {number}')
    body, at = frame[4:], 0
    if len(body) < shape.width + shape.least or (shape.rest is None and len(body) > shape.width):
        raise Refused(f'{shape.name} of {len(frame)} bytes')
    message = {'type': number, 'name': shape.name, 'size': len(frame)}
    for name, width in shape.fields:
        message[name] = body[at:at + width] if name == 'key' else int.from_bytes(body[at:at + width], 'big')
        at += width
    if shape.has_flag:
        bits = message['reserved']
        message.update(reserved=bits >> 1, valid=bits & 1 == 1)
    if shape.rest is not None:
        message[shape.rest] = unpack(shape.rest, body[at:])
    return message


def unpack(kind, rest):
    if kind != 'addresses':
        return rest
    try:
        text = rest.decode('utf-8')
    except UnicodeDecodeError as error:
        raise Refused('addresses that are not UTF-8') from error
    return text.split(',') if text else []


def encode(dialect, name, **values):
    """A whole frame; reserved bits are zeros"""
    number, shape = next((number, shape) for number, shape in DIALECTS[dialect].items() if shape.name == name)
    body = b''
    for field, width in shape.fields:
        value = values[field] if field != 'reserved' else int(values['valid']) if shape.has_flag else 0
        body += value if field == 'key' else value.to_bytes(width, 'big')
    if shape.rest is not None:
        rest = values[shape.rest]
        body += ','.join(rest).encode() if shape.rest == 'addresses' else rest
    if len(body) + 4 > MAX_SIZE:
        raise ValueError(f'a frame of {len(body) + 4} bytes')
    return (len(body) + 4).to_bytes(2, 'big') + number.to_bytes(2, 'big') + body


def frame_size(head):
    """Of the first two bytes"""
    size = int.from_bytes(head, 'big')
    if size < 4:
        raise Refused(f'a size of {size}')
    return size


async def read_frame(read):
    head = await read(2)
    return head + await read(frame_size(head) - 2)
