package serve

import (
	"crypto/sha256"
	"encoding/hex"
)

// digest returns the beginning of the SHA-256 of a text.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}
