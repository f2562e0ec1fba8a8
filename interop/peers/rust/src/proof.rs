//! Proofs of work: docs/specs/gossip.md, The gate.

use sha2::{Digest, Sha256};

pub fn sum(challenge: u64, nonce: u64) -> [u8; 32] {
    let mut input = [0; 16];
    input[..8].copy_from_slice(&challenge.to_be_bytes());
    input[8..].copy_from_slice(&nonce.to_be_bytes());
    Sha256::digest(input).into()
}

pub fn zero_bits(sum: &[u8; 32]) -> u32 {
    let (high, low) = sum.split_at(16);
    match u128::from_be_bytes(high.try_into().unwrap()).leading_zeros() {
        128 => 128 + u128::from_be_bytes(low.try_into().unwrap()).leading_zeros(),
        count => count,
    }
}

pub fn proves(challenge: u64, nonce: u64, bits: u32) -> bool {
    zero_bits(&sum(challenge, nonce)) >= bits
}

/// The smallest nonce.
pub fn solve(challenge: u64, bits: u32) -> u64 {
    (0..)
        .find(|nonce| proves(challenge, *nonce, bits))
        .expect("there is one")
}
