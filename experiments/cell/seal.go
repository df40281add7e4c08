package cell

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// ErrSeal marks a file that does not fit its own digest: something in it was changed after it was written.
var ErrSeal = errors.New("it does not fit its digest")

// sealField is the field of a sealed file that holds its digest.
const sealField = "digest"

// SealOf returns the digest of a value that is stored as a sealed file: the SHA-256 of the canonical JSON of all
// its fields except "digest", see HashOf.
func SealOf(v any) (string, error) {
	digest, err := HashWithout(v, sealField)
	if err != nil {
		return "", fmt.Errorf("cell: seal: %w", err)
	}
	return digest, nil
}

// CheckSeal compares the text of a sealed file with its digest. It returns false for a file without one, as older
// versions wrote it. The error wraps ErrSeal.
func CheckSeal(text []byte) (sealed bool, err error) {
	var file map[string]json.RawMessage
	if err := json.Unmarshal(text, &file); err != nil {
		return false, err
	}
	stored, sealed := file[sealField]
	if !sealed {
		return false, nil
	}
	var want string
	if err := json.Unmarshal(stored, &want); err != nil {
		return true, fmt.Errorf("%w: %w", ErrSeal, err)
	}
	got, err := SealOf(json.RawMessage(text))
	switch {
	case err != nil:
		return true, err
	case got != want:
		return true, fmt.Errorf("%w %.12s: it was changed after it was written", ErrSeal, want)
	}
	return true, nil
}

// HashWithout returns the hash of a value without some of its fields.
func HashWithout(v any, fields ...string) (string, error) {
	tree, err := TreeOf(v)
	if err != nil {
		return "", err
	}
	if object, ok := tree.(map[string]any); ok {
		maps.DeleteFunc(object, func(key string, _ any) bool { return slices.Contains(fields, key) })
	}
	return HashOf(tree)
}
