package datasets

import (
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// Classes that differ only in case, Unicode form or outer spaces are refused in a
// directory and in an archive, in one split and across both.
func TestClassesThatLookAlike(t *testing.T) {
	for name, tc := range map[string]struct {
		one, two string
		want     string // empty: both are read
	}{
		"case":              {"Cat", "cat", `the class folders "Cat" and "cat" differ only in case, Unicode form or outer spaces`},
		"case of one":       {"straße", "STRAẞE", "differ only in case"},
		"Greek case":        {"ΟΔΟΣ", "οδος", "differ only in case"},
		"Unicode form":      {"caf\u00e9", "cafe\u0301", `the class folders "cafe\u0301" and "caf\u00e9" differ only`},
		"both":              {"CAF\u00c9", "cafe\u0301", "differ only in case"},
		"Hangul":            {"\uac00", "\u1100\u1161", "differ only in case"},
		"space behind":      {"cat", "cat ", `"cat" and "cat " differ only`},
		"space before":      {"cat", " cat", "differ only in case"},
		"no-break space":    {"cat", "cat\u00a0", `"cat" and "cat\u00a0" differ only`},
		"zero width":        {"cat", "cat\u200b", "differ only in case"},
		"byte order mark":   {"cat", "\ufeffcat", "differ only in case"},
		"newline":           {"cat", "cat\n", `"cat" and "cat\n" differ only`},
		"not UTF-8":         {"cat", "caf\xe9", `the name of the class folder "caf\xe9" is not UTF-8; rename it`},
		"inner space":       {"cat s", "cats", ""},
		"plural":            {"cat", "cats", ""},
		"accent":            {"cafe", "caf\u00e9", ""},
		"number":            {"1", "01", ""},
		"wide letter":       {"a", "\uff41", ""},
		"alone with spaces": {" cat ", "dog", ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, dirs := range [][2]string{{tc.one + "/", tc.two + "/"}, {"train/" + tc.one + "/", "test/" + tc.two + "/"}} {
				entries := []tarEntry{{name: dirs[0] + "1.png", data: greyPNG(t, 2, 2, 1)}, {name: dirs[1] + "1.png", data: greyPNG(t, 2, 2, 2)}}
				dir := t.TempDir()
				unpackTree(t, dir, entries)
				for _, path := range []string{dir, write(t, tarFile(t, entries...), t.TempDir(), "x.tar")} {
					s, err := loadSource(t, Source{Name: Folder, Path: path})
					if tc.want != "" {
						require.ErrorIs(t, err, ErrCorrupt)
						require.ErrorContains(t, err, tc.want)
						require.NotContains(t, err.Error(), "\n")
						continue
					}
					require.NoError(t, err)
					require.ElementsMatch(t, []string{tc.one, tc.two}, s.Classes, "no class is renamed")
				}
			}
		})
	}
}

// All spellings of a name have one key, and the key does not depend on which is given.
func TestSpelling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringOf(rapid.RuneFrom(nil, unicode.Letter, unicode.Mn)).Draw(t, "name")
		for _, form := range []norm.Form{norm.NFC, norm.NFD} {
			require.Equal(t, spelling(name), spelling(form.String(name)))
			require.Equal(t, spelling(name), spelling("\t"+form.String(name)+"\u2003"))
		}
		require.Equal(t, spelling(name), spelling(spelling(name)))
		ascii := rapid.StringMatching(`[a-zA-Z0-9_-]*`).Draw(t, "ascii")
		require.Equal(t, spelling(strings.ToLower(ascii)), spelling(strings.ToUpper(ascii)))
	})
}

// A file's name does not have to be UTF-8, since it decides on the order only.
func TestFileNamesOfAnyBytes(t *testing.T) {
	entries := []tarEntry{{name: "cat/b\xe9.png", data: greyPNG(t, 2, 2, 1)}, {name: "cat/a\xff.png", data: greyPNG(t, 2, 2, 2)}, {name: "cat/\xfe\x1b[2J.txt"}}
	dir := t.TempDir()
	unpackTree(t, dir, entries)
	for _, path := range []string{dir, write(t, tarFile(t, entries...), t.TempDir(), "x.tar")} {
		s, err := loadSource(t, Source{Name: Folder, Path: path})
		require.NoError(t, err)
		require.Equal(t, []uint8{2, 1}, rows(s))
		require.Equal(t, `cat/\xfe\x1b[2J.txt`, s.Census.LeftOut[0].Example)
	}
}
