package words_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/internal/words"
)

// Wrapping changes blanks alone, and a line is too long only where it is a single word.
func TestWrap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-z±–]{1,9}( [a-z±–]{1,9}){0,20}`).Draw(t, "text")
		width := rapid.IntRange(5, 40).Draw(t, "width")
		var out strings.Builder
		words.Wrap(&out, width, "  ", text)
		require.Equal(t, strings.Fields(text), strings.Fields(out.String()))
		for i, line := range strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n") {
			require.Equal(t, i > 0, strings.HasPrefix(line, "  "))
			if len(strings.Fields(line)) > 1 {
				require.LessOrEqual(t, utf8.RuneCountInString(line), width)
			}
		}
	})
}
