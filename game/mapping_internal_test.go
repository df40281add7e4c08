package game

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/datasets"
	"backfire/triggers"
)

// mapped returns a game of three classes, and the rules of one attacker with a change.
func mapped(t require.TestingT, seed uint64, change func(a *Attacker)) (*Game, *datasets.Set) {
	images, labels := make([]uint8, 300*64), make([]uint8, 300)
	for i := range labels {
		labels[i] = uint8(i % 3)
		images[64*i], images[64*i+1] = uint8(i), uint8(i>>8)
	}
	set, err := datasets.New("mapped", images, labels, 1, 8, 8, []string{"a", "b", "c"})
	require.NoError(t, err)
	a := Attacker{Target: 1, PoisonRate: 0.5, LabelMode: DirtyLabel, Trigger: triggers.Spec{P1: 0.3, P2: 0.5, Range: triggers.PerDimension}}
	change(&a)
	g, err := New(set, Rules{
		Seed: seed, DefenderShare: 0.4, HeldOut: 0.2, Sampling: PerAgent, ExcludeTargetClass: true, Denominator: Own, Attackers: []Attacker{a},
	})
	require.NoError(t, err)
	return g, set
}

// With all-to-all labels, each poisoned image of class y is trained on as y + 1, and a
// model that predicts so has an ASR of 1 over all images and a base rate of 0.
func TestAllToAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g, _ := mapped(t, rapid.Uint64().Draw(t, "seed"), func(a *Attacker) { a.Mapping, a.Target = AllToAll, 0 })
		poisoned := 0
		for _, row := range g.Training().Rows {
			if row.Trigger != NoTrigger {
				require.Equal(t, (row.Old+1)%3, row.New)
				poisoned++
			} else {
				require.Equal(t, row.Old, row.New)
			}
		}
		require.Equal(t, round(0.5, len(g.Deal().Attackers[0].Contributed)), poisoned)
		score := scoreOf(t, g, func(label uint8, stamped bool) uint8 {
			if stamped {
				return (label + 1) % 3
			}
			return label
		})
		require.Equal(t, Rate{len(g.Deal().Attackers[0].HeldOut), len(g.Deal().Attackers[0].HeldOut)}, score.Attackers[0].ASR)
		require.Zero(t, score.Attackers[0].BaseRate.Hits)
		require.Zero(t, score.Attackers[0].Robustness.Hits)
		require.Equal(t, score.Attackers[0].ASR, score.Cross[0][0])
	})
}

// With source-specific labels, images of the sources alone are poisoned and counted.
func TestSourceSpecific(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g, set := mapped(t, rapid.Uint64().Draw(t, "seed"), func(a *Attacker) { a.Mapping, a.Sources = SourceSpecific, []int{2} })
		for _, row := range g.Training().Rows {
			if row.Trigger != NoTrigger {
				require.Equal(t, uint8(2), row.Old)
				require.Equal(t, uint8(1), row.New)
			}
		}
		sources := 0
		for _, image := range g.Deal().Attackers[0].HeldOut {
			if set.Labels[image] == 2 {
				sources++
			}
		}
		score := scoreOf(t, g, func(label uint8, stamped bool) uint8 {
			if stamped && label == 2 {
				return 1
			}
			return 0 // a model that gives images of other classes no target
		})
		require.Equal(t, Rate{sources, sources}, score.Attackers[0].ASR)
		require.Equal(t, Rate{0, sources}, score.Attackers[0].BaseRate)
	})
}

// scoreOf scores predictions that are a function of label and stamp.
func scoreOf(t require.TestingT, g *Game, predict func(label uint8, stamped bool) uint8) *Score {
	var predicted []uint8
	for _, probe := range g.Probes().List {
		predicted = append(predicted, predict(probe.Label, probe.Trigger != NoTrigger))
	}
	score, err := g.Score(predicted)
	require.NoError(t, err)
	return score
}

func TestMappingsAreRefused(t *testing.T) {
	for name, change := range map[string]func(a *Attacker){
		"unknown":          func(a *Attacker) { a.Mapping = "x" },
		"clean labels":     func(a *Attacker) { a.Mapping, a.Target, a.LabelMode = AllToAll, 0, CleanLabel },
		"any image":        func(a *Attacker) { a.Mapping, a.Sources, a.Budget = SourceSpecific, []int{0}, AnyImage },
		"target of all":    func(a *Attacker) { a.Mapping = AllToAll },
		"no sources":       func(a *Attacker) { a.Mapping = SourceSpecific },
		"sources of all":   func(a *Attacker) { a.Sources = []int{0} },
		"target as source": func(a *Attacker) { a.Mapping, a.Sources = SourceSpecific, []int{1} },
		"twice":            func(a *Attacker) { a.Mapping, a.Sources = SourceSpecific, []int{0, 0} },
	} {
		a := Attacker{Target: 1, PoisonRate: 0.5, LabelMode: DirtyLabel}
		change(&a)
		require.ErrorIs(t, a.checkMapping(3), ErrRules, name)
	}
}
