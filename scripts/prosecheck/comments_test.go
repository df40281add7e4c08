package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFunctionComments(t *testing.T) {
	for name, tc := range map[string]struct{ comment, want string }{
		"verb":           {"// Load returns the set.", ""},
		"verb, method":   {"// Load reads it.\nfunc (t *T[K]) Load() {}\n\n// Load frees it.", ""},
		"hyphenated":     {"// Load re-reads the set.", ""},
		"none":           {"", ""},
		"directive":      {"// Load loads.\n//\n//go:noinline", ""},
		"code at end":    {"// Load loads:\n//\n//\tLoad()", ""},
		"stop in quotes": {"// Load returns \"done.\"", ""},
		"block":          {"/* Load loads\nall. */", ""},
		"thing":          {"// Load is the set.", `3: "Load is": continue with a verb`},
		"has":            {"// Load has the set.", `3: "Load has": continue with a verb`},
		"no verb":        {"// Load the set.", `3: "Load the": continue with a verb`},
		"past":           {"// Load, loaded.", `3: the comment of Load begins with "Load,"`},
		"another name":   {"// load returns the set.", `3: the comment of Load begins with "load"`},
		"no name":        {"// Returns the set.", `3: the comment of Load begins with "Returns"`},
		"name alone":     {"// Load", `3: "Load ": continue with a verb`},
		"no stop":        {"// Load returns the set", "3: the comment does not end with a full stop"},
		"no stop, list":  {"// Load returns:\n//   - the set\n//\n// or nothing", "3: the comment does not end with a full stop"},
	} {
		t.Run(name, func(t *testing.T) {
			lines := found(t, "package a\n\n"+tc.comment+"\nfunc Load() {}\n", false)
			if tc.want == "" {
				require.Empty(t, lines)
				return
			}
			require.NotEmpty(t, lines)
			require.Contains(t, lines[0], tc.want)
		})
	}
}

// Names that are not exported may have any comment, unless all are asked for.
func TestHiddenComments(t *testing.T) {
	text := `package a

// load is what nobody reads
func load() {} // whoever

// Load is hidden, as its type
func (t t) Load() {}

// t says which it is
type t struct {
	A int // says how
}

// T exists.
type T struct {
	a int // says what
}

func Close() {
	// says if
}
`
	require.Empty(t, found(t, text, false))
	require.Len(t, found(t, text, true), 7)
}

func TestDeclarationComments(t *testing.T) {
	text := `// Package a is what
// there is.
package a

// The kinds, whichever
const (
	A = 1 // says how

	// B is nobody's
	B = 2
)

// T is a type.
type T struct {
	A, b int // is what A says
	// c says what
	c int
	D struct {
		E int // whoever asks
	}
	// Says if.
	error
}

// I is an interface.
type I interface {
	// Close says whether it is closed
	Close() bool
}
`
	require.Equal(t, []string{
		`1: "is what":`, `5: the comment`, `7: "says how":`, `9: "nobody": name`, `9: the comment`,
		`15: "is what":`, `19: "whoever": name`, `21: "says if":`, `27: "says whether":`,
	}, beginnings(found(t, text, false)))
}

// beginnings keeps the first three words of lines.
func beginnings(lines []string) []string {
	for i, line := range lines {
		lines[i] = strings.Join(strings.Fields(line)[:3], " ")
	}
	return lines
}

func TestPhrases(t *testing.T) {
	for words, n := range map[string]int{
		"It says how it is done.":             1,
		"They SAY Which one.":                 1,
		"It says\n// whether it is.":          1,
		"This is what it\n// says, if asked.": 1,
		"Nobody (whoever) and \"anybody\".":   3,
		"Nobody's.":                           1,
		"It says it. How is it said?":         0,
		"It is: what else. It is (what).":     1,
		"The essays how.":                     0,
		"Whatever is said, everybody's.":      0,
	} {
		lines := found(t, "// Package a exists.\n//\n// "+words+"\npackage a\n", false)
		require.Len(t, lines, n, words)
	}
}
