package cell

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Hash returns the name of the cell: the SHA-256 of its canonical JSON in 64 hexadecimal digits. It fails
// only for numbers that JSON cannot hold (NaN, infinities).
func (c Cell) Hash() (string, error) {
	hash, err := HashOf(c)
	if err != nil {
		return "", fmt.Errorf("cell: hash: %w", err)
	}
	return hash, nil
}

// HashOf returns the SHA-256 of a value's canonical JSON in 64 hexadecimal digits. Canonical JSON has sorted
// keys, no white space and numbers in Go's shortest form. The error is that of json.Marshal.
func HashOf(v any) (string, error) {
	data, err := canonical(v)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// canonical encodes v as JSON in one way only.
func canonical(v any) ([]byte, error) {
	tree, err := TreeOf(v)
	if err != nil {
		return nil, err
	}
	return json.Marshal(tree) // sorts the keys of maps
}

// TreeOf returns a value as JSON has it: objects as map[string]any, lists as []any, numbers as json.Number,
// which keeps their digits. The error is that of json.Marshal.
func TreeOf(v any) (any, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber() // keeps the digits of 64-bit seeds
	var tree any
	return tree, decoder.Decode(&tree)
}
