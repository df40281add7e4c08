// Package streams provides a random generator of its own for every random decision.
//
// A stream is a pure function of a seed, its purpose and optional indices (an attacker,
// an epoch). It does not depend on the order in which streams are made, on time, on the
// number of workers or on the device. So the first N attackers have the same triggers
// in the games of N and of N+1 attackers, and a run can be resumed without the state of
// any generator.
package streams

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
)

// domain separates the keys of this package from other uses of SHA-256 over the same
// values. Changing it changes every result.
const domain = "backfire stream v1"

// New returns the generator of a seed, a purpose and indices: a ChaCha8 whose key is the
// SHA-256 of their encoding. The encoding contains the lengths, so that different
// arguments never have the same one.
func New(seed uint64, purpose string, index ...uint64) *rand.Rand {
	key := make([]byte, 0, len(domain)+len(purpose)+8*(len(index)+3))
	key = append(key, domain...)
	key = binary.LittleEndian.AppendUint64(key, seed)
	key = binary.LittleEndian.AppendUint64(key, uint64(len(purpose)))
	key = append(key, purpose...)
	key = binary.LittleEndian.AppendUint64(key, uint64(len(index)))
	for _, i := range index {
		key = binary.LittleEndian.AppendUint64(key, i)
	}
	return rand.New(rand.NewChaCha8(sha256.Sum256(key)))
}
