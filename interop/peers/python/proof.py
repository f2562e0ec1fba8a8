"""Proofs of work: docs/specs/gossip.md, The gate"""
import hashlib


def zero_bits(digest):
    return 256 - int.from_bytes(digest, 'big').bit_length()


def proves(challenge, nonce, bits):
    return zero_bits(hashlib.sha256(challenge.to_bytes(8, 'big') + nonce.to_bytes(8, 'big')).digest()) >= bits


def solve(challenge, bits):
    """The smallest nonce"""
    start, limit, nonce = challenge.to_bytes(8, 'big'), 1 << 256 - bits, 0
    sha256, number = hashlib.sha256, int.from_bytes
    while number(sha256(start + nonce.to_bytes(8, 'big')).digest(), 'big') >= limit:
        nonce += 1
    return nonce


NONCE_AT = 12


def packet_proves(packet, bits=16):
    """Of the midterm text: the sum is over the whole OFFER"""
    return zero_bits(hashlib.sha256(packet).digest()) >= bits


def solve_packet(packet, bits=16):
    nonce = 0
    while True:
        whole = packet[:NONCE_AT] + nonce.to_bytes(8, 'big') + packet[NONCE_AT + 8:]
        if packet_proves(whole, bits):
            return whole
        nonce += 1
