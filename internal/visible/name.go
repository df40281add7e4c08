package visible

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// The sizes of a name of a file, in bytes. Most file systems allow 255 for a name with
// its extension.
const (
	mostName = 100
	sumName  = 8 // hexadecimal digits
)

// FileName returns a name for a file, a directory or a label of LaTeX, made of a text from
// outside: ASCII letters and digits, and - _ . but not at the beginning. A space becomes a
// dash. Where the text has other characters, begins with one of these, is empty or longer
// than 100 bytes, each of them becomes a dash, too, and behind the name stands the
// beginning of the text's SHA-256, so that different texts keep different names.
func FileName(text string) string {
	clean := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_.", r) {
			return r
		}
		return '-'
	}, text)
	trimmed := strings.TrimLeft(clean, "-_.")
	if trimmed != "" && len(trimmed) <= mostName && trimmed == strings.ReplaceAll(text, " ", "-") {
		return trimmed
	}
	sum := sha256.Sum256([]byte(text))
	trimmed = strings.TrimRight(trimmed[:min(len(trimmed), mostName)], "-_.") + "-" + hex.EncodeToString(sum[:])[:sumName]
	return strings.TrimLeft(trimmed, "-")
}
