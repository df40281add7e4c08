package report

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/removed"
	"backfire/experiments/summary"
	"backfire/game"
	"backfire/report/table"
	"backfire/stats"
)

// filteredBy is the defender of familyGames whose filter removes images.
const filteredBy = "spectral_signatures"

// familyGames is a sweep of several families of defenders against one attacker and against ten.
// The filter of filteredBy removes of each attacker's 50 poisoned images 40 and of its 100 others 10
// of its class 1 (seed 2: 20).
func familyGames(seeds ...uint64) *summary.Summary {
	point := points3(1, 10)
	point.name, point.singles = "defenses", 0
	point.defenders = []string{"cutmix", filteredBy, "fine_tuning", "indexing"}
	s := sweep("embedded", seeds, point)
	for i := range s.Points {
		lost := 10 * int(s.Points[i].Seed)
		for j := range s.Points[i].Games {
			g := &s.Points[i].Games[j]
			g.Lift = stats.Over(g.Attackers, func(a summary.GameAttacker) float64 { return float64(a.Lift) })
			if g.Defender == filteredBy {
				g.Filter = removedOf(g.N, lost)
			}
			if g.Defender == "indexing" {
				g.Values = valuesOf(g.N, s.Points[i].Seed)
			}
		}
	}
	return s
}

// removedOf returns what the filter of familyGames removed of n attackers and of an honest contributor, of which it
// removed no image.
func removedOf(n, lost int) *removed.Counts {
	all := &removed.Counts{}
	add := func(to, more game.Rate) game.Rate { return game.Rate{Hits: to.Hits + more.Hits, Of: to.Of + more.Of} }
	for id := range n + 1 {
		a := removed.Agent{ID: id, HonestLost: game.Rate{Of: 150}, LostByClass: make([]int, len(classNames))}
		if id < n {
			a = removed.Agent{
				ID: id, Precision: game.Rate{Hits: 40, Of: 40 + lost}, Recall: game.Rate{Hits: 40, Of: 50}, HonestLost: game.Rate{Hits: lost, Of: 100},
				LostByClass: make([]int, len(classNames)),
			}
			a.LostByClass[1] = lost
		}
		all.Agents = append(all.Agents, a)
		all.Precision, all.Recall, all.HonestLost = add(all.Precision, a.Precision), add(all.Recall, a.Recall), add(all.HonestLost, a.HonestLost)
	}
	return all
}

// valuesOf returns the values of n attackers and three honest contributors. The first attacker is the one without
// which the defender fares best; the others look like honest contributors. In seed 1 no loss was measured.
func valuesOf(n int, seed uint64) *summary.Values {
	loss := 0.5
	v := &summary.Values{Base: "base", CleanAccuracy: &game.Rate{Hits: 900, Of: 1000}}
	if seed > 1 {
		v.CleanLoss = &loss
	}
	for id := range n + 3 {
		a := summary.AgentValue{ID: id, Attacker: id < n, Model: "model", CleanAccuracy: game.Rate{Hits: 890, Of: 1000}}
		if id == 0 {
			a.CleanAccuracy.Hits = 920
		}
		if seed > 1 {
			without := 0.6 - 0.01*float64(id)
			a.CleanLoss = &without
		}
		v.Agents = append(v.Agents, a)
	}
	attackers := float64(n)
	random := stats.Number(attackers / (attackers + 3))
	v.ByAccuracy = &summary.RankingQuality{
		Precision: stats.Number((1 + (attackers-1)*(attackers-1)/(attackers+2)) / attackers), // the others are in random order
		Random:    random, AUC: stats.Number((3 + (attackers-1)*1.5) / (3 * attackers)),
	}
	if seed > 1 { // the three honest contributors, which have the lowest loss, come first
		v.ByLoss = &summary.RankingQuality{Precision: stats.Number(max(0, attackers-3) / attackers), Random: random}
	}
	return v
}

// meanAt returns the mean in a column of a row of a table.
func meanAt(t *testing.T, made *table.Table, group, head string, labels ...string) float64 {
	t.Helper()
	column := slices.Index(made.Columns, table.Column{Group: group, Head: head})
	require.GreaterOrEqual(t, column, 0, "%s %s", group, head)
	row := slices.IndexFunc(made.Rows, func(r table.Row) bool { return slices.Equal(r.Labels, labels) })
	require.GreaterOrEqual(t, row, 0, labels)
	require.Len(t, made.Rows[row].Entries[column].Values, 1)
	return float64(made.Rows[row].Entries[column].Values[0].Mean)
}

// The figures of a defender stand beside each other for one attacker and for many, and the score and the changes follow
// from them, seed by seed.
func TestFamiliesHaveTheFiguresOfTheirGames(t *testing.T) {
	s := familyGames(1, 2)
	made, err := New(Families, s, "embedded", Options{Name: "defenses"})
	require.NoError(t, err)
	require.Len(t, made.Rows, 5)
	require.Equal(t, []string{"none"}, made.Rows[0].Labels)
	for group, n := range map[string]int{"N = 1": 1, "N = 10": 10} {
		for _, row := range made.Rows {
			defender := row.Labels[0]
			var score, accuracy, asr, change, images float64
			for _, p := range s.Points {
				var own, none *summary.GameSummary
				for i := range p.Games {
					if g := &p.Games[i]; g.N == n && g.Defender == defender {
						own = g
					} else if g.N == n && g.Defender == "none" {
						none = g
					}
				}
				seeds := float64(len(s.Points))
				accuracy += own.CleanAccuracy.Value() / seeds
				asr += float64(own.ASR.Mean) / seeds
				score += math.Sqrt(own.CleanAccuracy.Value()*(1-float64(own.ASR.Mean))) / seeds
				if none != nil {
					change += float64(own.ASR.Mean-none.ASR.Mean) / seeds
					images += float64(own.Cost.Images) / float64(own.Cost.Undefended) / seeds
				}
			}
			require.InDelta(t, accuracy, meanAt(t, made, group, "acc.", defender), 1e-12)
			require.InDelta(t, asr, meanAt(t, made, group, "ASR", defender), 1e-12)
			require.InDelta(t, score, meanAt(t, made, group, "score", defender), 1e-12)
			if defender != "none" {
				require.InDelta(t, change, meanAt(t, made, group, "ASR change", defender), 1e-12)
				require.InDelta(t, images, meanAt(t, made, group, "images", defender), 1e-12)
			}
		}
	}
}

// Precision and recall are means over the seeds, lost images mean numbers.
func TestFiltersCountByAgentAndClass(t *testing.T) {
	made, err := New(Filters, familyGames(1, 2), "embedded", Options{Name: "defenses-filters"})
	require.NoError(t, err)
	require.Len(t, made.Rows, 1+2+1+11, "a row for all and one for each agent, of either game")
	require.InDelta(t, (40./50+40./60)/2, meanAt(t, made, "", "precision", filteredBy, "1", "0"), 1e-12)
	require.InDelta(t, 0.8, meanAt(t, made, "", "recall", filteredBy, "10", "all"), 1e-12)
	require.InDelta(t, (100./1150+200./1150)/2, meanAt(t, made, "", "honest lost", filteredBy, "10", "all"), 1e-12)
	honest := made.Rows[slices.IndexFunc(made.Rows, func(r table.Row) bool { return slices.Equal(r.Labels, []string{filteredBy, "10", "10"}) })]
	require.False(t, honest.Entries[0].Values[0].Mean.Defined(), "the precision of no images")
	all := made.Rows[slices.IndexFunc(made.Rows, func(r table.Row) bool { return slices.Equal(r.Labels, []string{filteredBy, "10", "all"}) })]
	lostOf := func(class string) string {
		return all.Entries[slices.IndexFunc(made.Columns, func(c table.Column) bool { return c.Group != "" && c.Head == class })].Caption
	}
	require.Equal(t, "150", lostOf("1"), "(10 + 20)/2 images of each of ten attackers")
	require.Equal(t, "0", lostOf("2"))
}

// The figure of filters has a row for each game and a column for each attacker.
func TestRecallOfFiltersIsDrawn(t *testing.T) {
	all, err := Figures(Families, familyGames(1, 2), "embedded", Options{})
	require.NoError(t, err)
	drawn := named(t, all, "-filter-recall")
	require.Equal(t, []string{"filter", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, drawn.Values.Heads)
	require.Len(t, drawn.Values.Rows, 2)
	for i, attackers := range []int{1, 10} {
		row := drawn.Values.Rows[i]
		require.Contains(t, row[0], "spectral signatures")
		require.Equal(t, slices.Repeat([]string{"80"}, attackers), row[1:1+attackers])
	}
}

// A ranking by equal accuracies is a random one; the loss puts honest contributors first, and seeds
// without it do not count.
func TestValuesJudgeTheRankings(t *testing.T) {
	made, err := New(Values, familyGames(1, 2), "embedded", Options{Name: "defenses-values"})
	require.NoError(t, err)
	require.Len(t, made.Rows, 1+4+1+13)
	const precision = "precision of the ranking"
	require.InDelta(t, 1, meanAt(t, made, precision, "by acc.", "indexing", "1", "all"), 1e-12)
	require.InDelta(t, 1./4, meanAt(t, made, precision, "random", "indexing", "1", "all"), 1e-12)
	require.InDelta(t, 0, meanAt(t, made, precision, "by loss", "indexing", "1", "all"), 1e-12)
	require.InDelta(t, (1+9*9./12)/10, meanAt(t, made, precision, "by acc.", "indexing", "10", "all"), 1e-12)
	require.InDelta(t, (3+9*1.5)/30, meanAt(t, made, "AUC", "by acc.", "indexing", "10", "all"), 1e-12)
	require.InDelta(t, 0.02, meanAt(t, made, "change without it", "acc.", "indexing", "1", "0 attacker"), 1e-12)
	require.InDelta(t, -0.01, meanAt(t, made, "change without it", "acc.", "indexing", "1", "1 honest"), 1e-12)
	require.InDelta(t, 0.09, meanAt(t, made, "change without it", "loss", "indexing", "1", "1 honest"), 1e-12)

	_, err = New(Values, familyGames(), "embedded", Options{})
	require.ErrorIs(t, err, ErrEmpty)
	_, err = New(Values, sweep("embedded", []uint64{1}, defended3(1)), "embedded", Options{})
	require.ErrorIs(t, err, ErrEmpty, "no honest contributors were ranked")
}
