package datasets

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// named returns a set with classes of the given names.
func named(t require.TestingT, classes ...string) *Set {
	labels := make([]uint16, len(classes))
	for i := range labels {
		labels[i] = uint16(i)
	}
	s, err := New("pets", make([]uint8, len(classes)), labels, 1, 1, 1, classes)
	require.NoError(t, err)
	return s
}

func TestClass(t *testing.T) {
	for _, tc := range []struct {
		classes []string
		want    map[string]int
		refused []string
		words   string // of each error
	}{
		{
			classes: []string{"cat", "dog", "3D", "infinity"},
			want:    map[string]int{"cat": 0, "dog": 1, "3D": 2, "0": 0, "3": 3, "#0": 0, "#3": 3},
			refused: []string{"", "bird", "Cat", "-1", "+1", "-0", "4", "#4", "01", "#01", "# 1", "##1", "1.0", "1e0", "0x1", "99999999999999999999"},
			words:   "pets has cat, dog, 3D, infinity, or 0 to 3",
		},
		{
			classes: []string{"cat", "dog", "0"},
			want:    map[string]int{"0": 2, "#0": 0, "#2": 2},
			refused: []string{"", "bird", "3", "00", "#3"},
			words:   "pets has cat, dog, 0, or #0 to #2",
		},
		{
			classes: []string{"00000", "00001", "00010", "00002"},
			want:    map[string]int{"00010": 2, "00002": 3, "#2": 2, "#3": 3},
			refused: []string{"0", "1", "2", "3"},
			words:   "; as some names are numbers, write #",
		},
		{
			classes: []string{"00000", "00001", "00010", "00002"},
			refused: []string{"10", "8", "010", "000010", "00010.0"},
			words:   ", or #0 to #3",
		},
		{
			classes: []string{"True", "no", "1e3", "~", "2.0", "#0"},
			want:    map[string]int{"True": 0, "no": 1, "1e3": 2, "~": 3, "2.0": 4, "#0": 5, "#1": 1},
			refused: []string{"true", "False", "1000", "null", "2", "0"},
			words:   "unknown class",
		},
		{classes: []string{"0x1F", "a"}, refused: []string{"1"}, words: "write #1 for a"},
		{classes: []string{"-1", "a"}, refused: []string{"1"}, words: "write #1 for a"},
		{classes: []string{"\u0662", "a"}, refused: []string{"1"}, words: "write #1 for a"}, // an Arabic digit
	} {
		s := named(t, tc.classes...)
		for name, want := range tc.want {
			got, err := s.Class(name)
			require.NoError(t, err, name)
			require.Equal(t, want, got, name)
		}
		for _, name := range tc.refused {
			_, err := s.Class(name)
			require.ErrorIs(t, err, ErrUnknownClass, name)
			require.ErrorContains(t, err, tc.words, name)
		}
	}
}

// Each name means its class, and # means each position, whatever the names are. A number
// without # never means another class than the one of that name if a name is a number.
func TestClassIsItsNameFirst(t *testing.T) {
	name := rapid.OneOf(rapid.StringMatching(`[0-9]{1,3}`), rapid.StringMatching(`#?[a-z0-9.]{1,3}`))
	rapid.Check(t, func(t *rapid.T) {
		classes := rapid.SliceOfNDistinct(name, 1, 9, rapid.ID[string]).Draw(t, "classes")
		s := named(t, classes...)
		for want, name := range classes {
			got, err := s.Class(name)
			require.NoError(t, err)
			require.Equal(t, want, got, name)
			if mark := fmt.Sprintf("#%d", want); !slices.Contains(classes, mark) {
				got, err = s.Class(mark)
				require.NoError(t, err)
				require.Equal(t, want, got, mark)
			}
		}
		number := fmt.Sprint(rapid.IntRange(0, 12).Draw(t, "number"))
		if slices.ContainsFunc(classes, isNumber) && !slices.Contains(classes, number) {
			_, err := s.Class(number)
			require.ErrorIs(t, err, ErrUnknownClass)
		}
	})
}
