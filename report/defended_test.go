package report

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/claims"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/stats"
)

// defended makes up how the defender at a position ended a game.
func (f fakePoint) defended(seed uint64, n, at int, name string) summary.GameSummary {
	g, twin := f.game(seed, n), f.game(seed, n)
	g.Defender, g.Cell = name, fmt.Sprintf("%s-%s-%d-%d", f.name, name, seed, n)
	g.Models = []string{g.Cell}
	g.CleanAccuracy.Hits = max(0, g.CleanAccuracy.Hits-10*(at+1))
	g.Cost.Images, g.Cost.Undefended = 100+50*int64(at), 100
	if at == len(f.defenders)-1 {
		for i := 1; i < n; i++ {
			g.Models = append(g.Models, fmt.Sprintf("%s-%d", g.Cell, i))
		}
		g.Cost.Images = int64(90 * n)
	}
	g.TrainSeconds = 0.21 * float64(g.Cost.Images)
	g.Robustness = stats.Summarize([]float64{0.1 + 0.05*float64(at)})
	var asrs []float64
	for i := range g.Attackers {
		a := &g.Attackers[i]
		a.ASR.Hits /= at + 2
		a.Lift, a.Model = stats.Number(a.ASR.Value()-a.BaseRate.Value()), g.Models[min(i, len(g.Models)-1)]
		asrs = append(asrs, a.ASR.Value())
	}
	g.ASR = stats.Summarize(asrs)
	g.Difference = &summary.Difference{
		ASR: g.ASR.Mean - twin.ASR.Mean, CleanAccuracy: stats.Number(g.CleanAccuracy.Value() - twin.CleanAccuracy.Value()),
	}
	return g
}

// paperDefenders are those of the paper's table 3.
var paperDefenders = []string{claims.CutMix, claims.AgentAugmentation, claims.AgentIndexing}

// defended3 is table 3 with the paper's defenders.
func defended3(counts ...int) fakePoint {
	point := points3(counts...)
	point.defenders = paperDefenders
	return point
}

// everyDefense is table "defenses" with every defender that it has.
func everyDefense() fakePoint {
	point := points3(5)
	point.singles = 0
	point.defenders = []string{
		claims.CutMix, "mixup", "adversarial_triggers", "fgsm", "pgd", claims.AgentAugmentation,
		claims.AgentAugmentation + "+" + claims.CutMix, claims.AgentIndexing,
	}
	return point
}

func TestTable3HasTheRowsOfOtherDefenders(t *testing.T) {
	s := sweep("mnist", []uint64{1}, points3(1, 2))
	defended := s.Points[0].Games[1]
	defended.Defender, defended.Models = claims.CutMix, []string{"cutmix"}
	strange := s.Points[0].Games[0]
	strange.Defender, strange.Models = "prayer", []string{"prayer"}
	s.Points[0].Games = append(s.Points[0].Games, defended, strange)
	made, err := New(Table3, s, "mnist", Options{Result: result})
	require.NoError(t, err)
	row := find(t, made, "data augmentation")
	require.False(t, row.Entries[0].Values[0].Mean.Defined())
	require.True(t, row.Entries[1].Values[0].Mean.Defined())
	require.InDelta(t, 0.236, float64(row.Entries[1].Values[0].Paper), 1e-9) // a division by 100
	require.NotEmpty(t, row.Entries[0].Marks)
	require.Empty(t, row.Entries[1].Marks)
	require.False(t, besidePaper(find(t, made, "prayer")))
}

// Tables 1 and 2 tell defenders apart, and compare only games without a defense
// with the paper's.
func TestOtherTablesNameDefenders(t *testing.T) {
	for kind, point := range map[Kind]fakePoint{Table1: points1()[0], Table2: points2()[0]} {
		point.defenders = paperDefenders[:1]
		made, err := New(kind, sweep("mnist", []uint64{1}, point), "mnist", Options{Result: result})
		require.NoError(t, err)
		twins, defended := 0, 0
		for _, row := range made.Rows {
			if besidePaper(row) {
				twins++
			}
			if len(row.Labels[0]) > 8 && row.Labels[0][len(row.Labels[0])-8:] == ", cutmix" {
				defended++
				require.False(t, besidePaper(row))
			}
		}
		require.Len(t, point.counts, defended)
		require.Positive(t, twins)
	}
}

// A failed model is named as the cause, whichever of the defender's it is.
func TestAFailedModelOfSeveral(t *testing.T) {
	s := sweep("mnist", []uint64{1}, defended3(2))
	indexed := &s.Points[0].Games[3]
	require.Len(t, indexed.Models, 2)
	indexed.Complete = false
	made, err := New(Table3, s, "mnist", Options{Failures: []store.Failure{{Cell: indexed.Models[1], Error: "out of memory"}}})
	require.NoError(t, err)
	require.Len(t, made.Footnotes, 2)
	require.Equal(t, "No result, seed 1: out of memory.", made.Footnotes[1].Text)
}
