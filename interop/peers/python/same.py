"""What a field is, and whether it is as it must be"""


def same(what, actual, expected):
    if actual != expected:
        raise AssertionError(f'{what} is {actual!r}, and must be {expected!r}')


def shown(message, name):
    """A field in the form the vectors have it"""
    plain = message.get(name.removesuffix('Hex'))
    if name.endswith('Hex'):
        return plain.hex() if isinstance(plain, bytes) else f'{plain:016x}'
    return str(plain) if name in ('id', 'challenge', 'nonce') else plain
