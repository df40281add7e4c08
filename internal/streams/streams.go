// Package streams gives every random decision its own generator.
//
// A stream is a pure function of a seed, the purpose it serves and optional
// indices (an attacker, an epoch). It never depends on the order in which
// streams are made, on time, on the number of workers or on the device, so a
// game with N+1 attackers shares the first N attackers' triggers with the game
// of N, and a run can be resumed without saving any generator state.
package streams

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
)

// domain separates the keys of this package from any other use of SHA-256
// over the same values. Changing it changes every result.
const domain = "backfire stream v1"

// New returns the generator that belongs to seed, purpose and index: a ChaCha8
// keyed with the SHA-256 of their unambiguous encoding (lengths included, so
// ("a", 1, 2) and ("a", 1) with any continuation never share a key).
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
