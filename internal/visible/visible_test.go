package visible_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/internal/visible"
)

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"N = 2 ± é, 犬, 👩\u200d🔬": "N = 2 ± é, 犬, 👩\u200d🔬",
		"a\x1b[2Jb":              `a\x1b[2Jb`,
		"a\nb\tc\rd":             `a\nb\tc\rd`,
		"a\u009bb\x7f\x00":       `a\u009bb\u007f\x00`,
		"a\u202eb\u2066c\ufeff":  `a\u202eb\u2066c\ufeff`,
		"a\u2028b\u00adc":        `a\u2028b\u00adc`,
		"\xff\xc3 a\xe2\x80":     `\xff\xc3 a\xe2\x80`,
		"\U000e0041":             `\udb40\udc41`,
		"\ufffd می\u200cخواهم ١": "\ufffd می\u200cخواهم ١",
		`C:\new`:                 `C:\new`,
	} {
		require.Equal(t, want, visible.Line(text))
	}
	require.Equal(t, "a\n\tb\\rc", visible.Text("a\n\tb\rc"))
}

// harmless reports whether a text holds nothing that a terminal or a reader of lines acts
// on.
func harmless(text string, lines bool) bool {
	return utf8.ValidString(text) && strings.IndexFunc(text, func(r rune) bool {
		if lines && (r == '\n' || r == '\t') {
			return false
		}
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || unicode.In(r, unicode.Zl, unicode.Zp) || r == 0xfeff
	}) < 0
}

// Whatever the text, what is shown is harmless, does not change when it is shown once
// more, and is the text itself where that was harmless.
func TestLineIsHarmless(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
		text := rapid.String().Draw(t, "text") + string(raw)
		for _, lines := range []bool{false, true} {
			show := map[bool]func(string) string{false: visible.Line, true: visible.Text}[lines]
			require.True(t, harmless(show(text), lines), "%q", show(text))
			require.Equal(t, show(text), show(show(text)))
		}
	})
	for r := range rune(unicode.MaxRune + 1) {
		require.True(t, harmless(visible.Line(string(r)), false), "%x", r)
	}
}

// A writer gives the same, however the text is cut into writes.
func TestWriter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text") + string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + rapid.String().Draw(t, "more")
		var out bytes.Buffer
		w := visible.NewWriter(&out)
		for rest := []byte(text); len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "n")
			written, err := w.Write(rest[:n])
			require.NoError(t, err)
			require.Equal(t, n, written)
			rest = rest[n:]
		}
		require.NoError(t, w.Flush())
		require.Equal(t, visible.Text(text), out.String())
	})
	var out bytes.Buffer
	w := visible.NewWriter(&out)
	require.Same(t, w, visible.NewWriter(w))
	require.Same(t, &out, visible.Raw(w))
	require.Same(t, &out, visible.Raw(&out))
	reader, closed := io.Pipe()
	require.NoError(t, reader.Close())
	_, err := visible.NewWriter(closed).Write([]byte("a"))
	require.ErrorIs(t, err, io.ErrClosedPipe)
}

// What the writer does to JSON keeps its meaning.
func TestWriterKeepsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text") + string(rapid.SliceOfN(rapid.RuneFrom(nil, unicode.Cf, unicode.Cc), 0, 5).Draw(t, "hidden"))
		var plain, out bytes.Buffer
		require.NoError(t, json.NewEncoder(&plain).Encode(text))
		require.NoError(t, json.NewEncoder(visible.NewWriter(&out)).Encode(text))
		require.True(t, harmless(out.String(), true))
		var want, got string
		require.NoError(t, json.Unmarshal(plain.Bytes(), &want))
		require.NoError(t, json.Unmarshal(out.Bytes(), &got), out.String())
		require.Equal(t, want, got)
	})
}

func TestSentence(t *testing.T) {
	a, b := errors.New("a\nline"), errors.New("b\x1b")
	for _, tc := range []struct {
		err  error
		want string
	}{
		{a, `a\nline`},
		{errors.Join(a, b), `a\nline; b\x1b`},
		{fmt.Errorf("x\n: %w", errors.Join(a, errors.Join(b, a))), `x\n: a\nline; b\x1b; a\nline`},
		{fmt.Errorf("%w and %w", a, b), `a\nline and b\x1b`},
		{errors.Join(a), `a\nline`},
		{silent{b}, "nothing\\n"},
	} {
		require.Equal(t, tc.want, visible.Sentence(tc.err))
	}
}

// silent is an error whose text does not have that of its cause.
type silent struct{ error }

func (silent) Error() string   { return "nothing\n" }
func (s silent) Unwrap() error { return s.error }

type tree struct {
	Text   string
	Inner  *tree
	List   []string
	Array  [2]string
	Any    any
	Map    map[string]tree
	Markup template.HTML
	Number int
	own    string
}

func TestStrings(t *testing.T) {
	bad := "a\x1b\n"
	value := &tree{
		Text: bad, Inner: &tree{Text: bad}, List: []string{bad}, Array: [2]string{bad, "b"}, Any: []any{bad, 1, nil},
		Map: map[string]tree{bad: {Text: bad}}, Markup: "<br>\n", Number: 3, own: bad,
	}
	shown := visible.Strings(value)
	good := `a\x1b\n`
	require.Equal(t, &tree{
		Text: good, Inner: &tree{Text: good}, List: []string{good}, Array: [2]string{good, "b"}, Any: []any{good, 1, nil},
		Map: map[string]tree{good: {Text: good}}, Markup: "<br>\n", Number: 3, own: bad,
	}, shown)
	require.Equal(t, bad, value.Inner.Text, "the value itself stays")
	require.Equal(t, []string{bad}, value.List)
	require.Nil(t, visible.Strings[*tree](nil))
	require.Nil(t, visible.Strings[fmt.Stringer](nil))
}

func TestFileName(t *testing.T) {
	for text, want := range map[string]string{
		"table1-mnist":           `table1-mnist`,
		"of mine":                `of-mine`,
		"../etc/passwd x\\y.z":   `etc-passwd-x-y\.z-[0-9a-f]{8}`,
		"犬":                      `[0-9a-f]{8}`,
		"":                       `[0-9a-f]{8}`,
		".hidden":                `hidden-[0-9a-f]{8}`,
		`a}\input{x`:             `a--input-x-[0-9a-f]{8}`,
		strings.Repeat("n", 300): `n{100}-[0-9a-f]{8}`,
	} {
		require.Regexp(t, "^"+want+"$", visible.FileName(text))
	}
	rapid.Check(t, func(t *rapid.T) {
		one, other := rapid.String().Draw(t, "one"), rapid.String().Draw(t, "other")
		name := visible.FileName(one)
		require.Regexp(t, `^[A-Za-z0-9][A-Za-z0-9._-]{0,108}$`, name)
		if strings.ReplaceAll(one, " ", "-") != strings.ReplaceAll(other, " ", "-") {
			require.NotEqual(t, name, visible.FileName(other))
		}
	})
}
