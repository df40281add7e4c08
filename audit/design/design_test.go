package design_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/audit/design"
)

// letters parses "ABCE" as an effect.
func letters(text string) design.Effect {
	var e design.Effect
	for _, r := range text {
		e |= design.Main(int(r - 'A'))
	}
	return e
}

// words parses a list of words.
func words(text string) []design.Effect {
	var all []design.Effect
	for word := range strings.FieldsSeq(text) {
		all = append(all, letters(word))
	}
	slices.Sort(all)
	return all
}

// The tables of Box, Hunter and Hunter (and of Montgomery, appendix X): generators and defining words of the
// fractions of resolution IV in 16 runs.
var published = []struct {
	name       string
	factors    int
	generators []string
	words      string
	groups     []string
}{
	{
		"2^(6-2)", 6,
		[]string{"ABC", "BCD"},
		"ABCE BCDF ADEF",
		[]string{"AB CE", "AC BE", "AD EF", "AE BC DF", "AF DE", "BD CF", "BF CD"},
	},
	{
		"2^(7-3)", 7,
		[]string{"ABC", "BCD", "ACD"},
		"ABCE BCDF ADEF ACDG BDEG ABFG CEFG",
		[]string{"AB CE FG", "AC BE DG", "AD CG EF", "AE BC DF", "AF BG DE", "AG BF CD", "BD CF EG"},
	},
	{
		"2^(8-4)", 8,
		[]string{"BCD", "ACD", "ABC", "ABD"},
		"BCDE ACDF ABCG ABDH ABEF ADEG ACEH BDFG BCFH CDGH CEFG DEFH BEGH AFGH",
		[]string{"AB CG DH EF", "AC BG DF EH", "AD BH CF EG", "AE BF CH DG", "AF BE CD GH", "AG BC DE FH", "AH BD CE FG"},
	},
}

func TestPublishedTables(t *testing.T) {
	for _, table := range published {
		t.Run(table.name, func(t *testing.T) {
			var generators []design.Effect
			for _, g := range table.generators {
				generators = append(generators, letters(g))
			}
			d, err := design.New(table.factors, generators...)
			require.NoError(t, err)
			require.Equal(t, 16, d.Runs())
			require.Equal(t, 4, d.Resolution())
			got := d.Words()
			slices.Sort(got)
			want := words(table.words)
			require.Subset(t, got, want)
			lengths := func(ws []design.Effect) []int {
				var all []int
				for _, w := range ws {
					all = append(all, w.Order())
				}
				slices.Sort(all)
				return all
			}
			require.Len(t, got, 1<<len(generators)-1)

			var groups []string
			for _, group := range d.Aliases() {
				if len(group) > 1 {
					text := design.AliasText(group, strings.Split("ABCDEFGH", ""))
					groups = append(groups, strings.ReplaceAll(strings.ReplaceAll(text, " x ", ""), " +", ""))
				}
			}
			require.Equal(t, table.groups, groups)

			found, err := design.Find(table.factors, 16, 4)
			require.NoError(t, err)
			require.Equal(t, lengths(got), lengths(found.Words()), "the search finds a design with the published word lengths")
		})
	}
}

func TestSmallest(t *testing.T) {
	for factors, runs := range map[int]int{3: 8, 4: 8, 5: 16, 6: 16, 8: 16, 9: 32, 12: 32} {
		d, err := design.Find(factors, 0, 4)
		require.NoError(t, err)
		require.Equal(t, runs, d.Runs(), "%d factors", factors)
		require.GreaterOrEqual(t, d.Resolution(), 4)
	}
	d, err := design.Find(5, 0, 5)
	require.NoError(t, err)
	require.Equal(t, 16, d.Runs(), "2^(5-1) with E = ABCD")
	require.Equal(t, []design.Effect{letters("ABCDE")}, d.Words())
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		factors, runs, resolution int
		text                      string
	}{
		{7, 8, 4, "7 factors in 8 runs do not reach resolution 4; 16 runs do"},
		{9, 16, 4, "9 factors in 16 runs do not reach resolution 4; 32 runs do"},
		{6, 12, 4, "12 runs: must be a power of 2"},
		{2, 8, 4, "2 factors have 4 combinations"},
		{13, 0, 4, "13 factors: must be 1 to 12"},
		{6, 0, 2, "resolution 2: must be at least 3"},
	} {
		_, err := design.Find(c.factors, c.runs, c.resolution)
		require.ErrorIs(t, err, design.ErrDesign)
		require.ErrorContains(t, err, c.text)
	}
	_, err := design.New(4, letters("AB"), letters("AB"))
	require.ErrorIs(t, err, design.ErrDesign)
	_, err = design.New(4, letters("AD"))
	require.ErrorIs(t, err, design.ErrDesign)
}

// Every effect's column has as many high as low runs, effects of different groups are orthogonal, and aliases are
// equal up to their sign.
func TestColumns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, err := design.Find(rapid.IntRange(2, 9).Draw(t, "factors"), 0, 4)
		require.NoError(t, err)
		if rapid.Bool().Draw(t, "folded") {
			d = d.Fold(design.Effect(rapid.IntRange(1, 1<<d.Factors-1).Draw(t, "fold")))
		}
		groupOf := map[design.Effect]int{}
		for i, group := range d.Aliases() {
			for _, e := range group {
				groupOf[e] = i
			}
		}
		of := rapid.SampledFrom(d.Effects())
		a, b := of.Draw(t, "a"), of.Draw(t, "b")
		sum, product := 0, 0
		for run := range d.Runs() {
			sum += d.Sign(run, a)
			product += d.Sign(run, a) * d.Sign(run, b)
		}
		require.Zero(t, sum)
		if groupOf[a] == groupOf[b] {
			require.Contains(t, []int{d.Runs(), -d.Runs()}, product)
		} else {
			require.Zero(t, product)
		}
	})
}

// A fold-over on one factor of an aliased pair tells it apart and keeps the resolution.
func TestSeparating(t *testing.T) {
	d, err := design.New(6, letters("ABC"), letters("BCD"))
	require.NoError(t, err)
	pair := [2]design.Effect{letters("AB"), letters("CE")}
	fold := d.Separating([][2]design.Effect{pair})
	require.Equal(t, 1, fold.Order())
	folded := d.Fold(fold)
	require.Equal(t, 32, folded.Runs())
	require.GreaterOrEqual(t, folded.Resolution(), 4)
	for _, group := range folded.Aliases() {
		require.False(t, slices.Contains(group, pair[0]) && slices.Contains(group, pair[1]))
	}
	require.Zero(t, d.Separating(nil))
}
