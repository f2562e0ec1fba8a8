"""Noise_XX_25519_ChaChaPoly_SHA256 with libp2p's payloads, both sides"""
import hashlib
import hmac
import struct

from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from .wire import field, fields, peer_id, public_key

NAME = b'Noise_XX_25519_ChaChaPoly_SHA256'
SIGNED = b'noise-libp2p-static-key:'
MAX_PLAIN = 65_535 - 16


def hkdf(chain, material):
    secret = hmac.digest(chain, material, 'sha256')
    first = hmac.digest(secret, b'\x01', 'sha256')
    return first, hmac.digest(secret, first + b'\x02', 'sha256')


class Cipher:
    def __init__(self, key):
        self.aead, self.count = ChaCha20Poly1305(key), 0

    def nonce(self):
        self.count += 1
        return bytes(4) + struct.pack('<Q', self.count - 1)

    def seal(self, data, also=b''):
        return self.aead.encrypt(self.nonce(), data, also)

    def open(self, data, also=b''):
        return self.aead.decrypt(self.nonce(), data, also)


class Handshake:
    """The symmetric state of the Noise framework"""

    def __init__(self):
        self.hash = self.chain = NAME
        self.cipher = None
        self.mix_hash(b'')

    def mix_hash(self, data):
        self.hash = hashlib.sha256(self.hash + data).digest()

    def mix_key(self, mine, theirs):
        self.chain, key = hkdf(self.chain, mine.exchange(X25519PublicKey.from_public_bytes(theirs)))
        self.cipher = Cipher(key)

    def seal(self, data):
        sealed = self.cipher.seal(data, self.hash)
        self.mix_hash(sealed)
        return sealed

    def open(self, sealed):
        data = self.cipher.open(sealed, self.hash)
        self.mix_hash(sealed)
        return data


class Noise:
    """An encrypted channel: `read`, `write`, and who is at the other end"""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.buffer = bytearray()
        self.remote = None

    async def dial(self, identity):
        state, ephemeral, static = Handshake(), X25519PrivateKey.generate(), X25519PrivateKey.generate()
        await self.send_frame(self.first(state, ephemeral))
        answer = await self.read_frame()
        theirs = answer[:32]
        state.mix_hash(theirs)
        state.mix_key(ephemeral, theirs)
        their_static = state.open(answer[32:80])
        state.mix_key(ephemeral, their_static)
        self.meet(state.open(answer[80:]), their_static)
        out = state.seal(static.public_key().public_bytes_raw())
        state.mix_key(static, theirs)
        await self.send_frame(out + state.seal(payload(identity, static)))
        self.out, self.into = map(Cipher, hkdf(state.chain, b''))

    async def accept(self, identity):
        state, ephemeral, static = Handshake(), X25519PrivateKey.generate(), X25519PrivateKey.generate()
        theirs = await self.read_frame()
        state.mix_hash(theirs)
        state.mix_hash(b'')
        own = ephemeral.public_key().public_bytes_raw()
        state.mix_hash(own)
        state.mix_key(ephemeral, theirs)
        out = state.seal(static.public_key().public_bytes_raw())
        state.mix_key(static, theirs)
        await self.send_frame(own + out + state.seal(payload(identity, static)))
        answer = await self.read_frame()
        their_static = state.open(answer[:48])
        state.mix_key(ephemeral, their_static)
        self.meet(state.open(answer[48:]), their_static)
        self.into, self.out = map(Cipher, hkdf(state.chain, b''))

    @staticmethod
    def first(state, ephemeral):
        own = ephemeral.public_key().public_bytes_raw()
        state.mix_hash(own)
        state.mix_hash(b'')
        return own

    def meet(self, sent, static):
        """Takes the identity when it signed the static key"""
        said = fields(sent)
        verify(said[1], said[2], SIGNED + static)
        self.remote = peer_id(said[1])

    async def send_frame(self, data):
        self.writer.write(struct.pack('>H', len(data)) + data)
        await self.writer.drain()

    async def read_frame(self):
        return await self.reader.readexactly(struct.unpack('>H', await self.reader.readexactly(2))[0])

    async def write(self, data):
        for at in range(0, len(data), MAX_PLAIN):
            sealed = self.out.seal(bytes(data[at:at + MAX_PLAIN]))
            self.writer.write(struct.pack('>H', len(sealed)) + sealed)
        await self.writer.drain()

    async def read(self, count):
        while len(self.buffer) < count:
            self.buffer += self.into.open(await self.read_frame())
        out = bytes(self.buffer[:count])
        del self.buffer[:count]
        return out


def payload(identity, static):
    signature = identity.sign(SIGNED + static.public_key().public_bytes_raw())
    return field(1, public_key(identity.public_key().public_bytes_raw())) + field(2, signature)


def verify(key, signature, data):
    """Whatever kind of identity a libp2p node may have"""
    said = fields(key)
    kind, raw = said.get(1, 0), said[2]
    if kind == 1:
        Ed25519PublicKey.from_public_bytes(raw).verify(signature, data)
    elif kind == 0:
        load_der_public_key(raw).verify(signature, data, padding.PKCS1v15(), SHA256())
    elif kind == 2:
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256K1(), raw)
        point.verify(signature, data, ec.ECDSA(SHA256()))
    else:
        load_der_public_key(raw).verify(signature, data, ec.ECDSA(SHA256()))
