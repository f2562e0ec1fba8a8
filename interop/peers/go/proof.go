// Proofs of work: docs/specs/gossip.md, The gate.

package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
)

func zeroBits(sum [32]byte) int {
	count := 0
	for _, b := range sum {
		count += bits.LeadingZeros8(b)
		if b != 0 {
			break
		}
	}
	return count
}

func proofSum(challenge, nonce uint64) [32]byte {
	var input [16]byte
	binary.BigEndian.PutUint64(input[:], challenge)
	binary.BigEndian.PutUint64(input[8:], nonce)
	return sha256.Sum256(input[:])
}

func proves(challenge, nonce uint64, difficulty int) bool {
	return zeroBits(proofSum(challenge, nonce)) >= difficulty
}

// solve finds the smallest nonce, unless the context ends first.
func solve(ctx context.Context, challenge uint64, difficulty int) (uint64, error) {
	for nonce := uint64(0); ; nonce++ {
		if proves(challenge, nonce, difficulty) {
			return nonce, nil
		}
		if nonce&0xffff == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
	}
}
