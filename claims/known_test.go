package claims

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/stats"
)

// plain returns a hand-made game without a defense: each attacker has its ASR in percent,
// which is its lift, too, and 90 % alone.
func plain(seed uint64, labels Labels, asr ...float64) Game {
	g := Game{Seed: seed, Defense: NoDefense, Labels: labels, CleanAccuracy: 0.9}
	for id, x := range asr {
		share := stats.Number(x / 100)
		a := Attacker{
			ID: id, Target: 2, Rate: 0.2, P1: 0.2, P2: 0.2, Poisoned: 100, ASR: share, Lift: share,
			Single:     &Figures{ASR: 0.9, Lift: 0.9, Model: fmt.Sprint("alone", seed, id)},
			Divergence: stats.Undefined(), Robustness: stats.Undefined(), Randomness: stats.Undefined(),
		}
		if labels == Distinct {
			a.Target = id
		}
		g.Attackers = append(g.Attackers, a)
	}
	return g
}

// with returns a copy of the game that is changed, of a model of its own.
func (g Game) with(change func(g *Game)) Game {
	g.Attackers = slices.Clone(g.Attackers)
	change(&g)
	return g
}

// raise sets poison rate and trigger sizes of the first n attackers.
func raise(n int, p0, size float64) func(g *Game) {
	return func(g *Game) {
		for i := range n {
			a := &g.Attackers[i]
			a.Rate, a.P1, a.P2 = p0, size, size
		}
	}
}

// halfAlone gives attackers 50 % alone.
func halfAlone(g *Game) {
	for i := range g.Attackers {
		g.Attackers[i].Single = &Figures{ASR: 0.5, Lift: 0.5, Model: fmt.Sprint("alone", g.Seed, i)}
	}
}

// judged returns the answer on one claim, by 450 seeds of games made by hand, and fails if
// there is none. So many settle whatever can be.
func judged(t *testing.T, id string, play func(seed uint64) []Game) Verdict {
	t.Helper()
	verdicts := judgedBy(t, 450, id, play)
	require.Len(t, verdicts, 1)
	return verdicts[0]
}

// judgedBy returns the answers on one claim by a number of seeds.
func judgedBy(t *testing.T, seeds uint64, id string, play func(seed uint64) []Game) []Verdict {
	t.Helper()
	m := Measurements{Rate: 0.2, P1: 0.2, P2: 0.2, Primary: []string{id}}
	for seed := range seeds {
		for i, g := range play(seed) {
			g.Models = []string{fmt.Sprint(seed, " ", i)}
			m.Games = append(m.Games, g)
		}
	}
	verdicts, err := Judge(m, id)
	require.NoError(t, err)
	return verdicts
}

// either is 100 % on every second seed and otherwise 0 %, or the other way round.
func either(seed uint64, on uint64) float64 { return 100 * float64((seed+on)%2) }

// Each claim has the answer that hand-made measurements with a known truth demand.
func TestKnownTruths(t *testing.T) {
	same := func(asr ...float64) func(uint64) []Game {
		return func(seed uint64) []Game { return []Game{plain(seed, Same, asr...)} }
	}
	labelled := func(asr ...float64) func(uint64) []Game {
		return func(seed uint64) []Game { return []Game{plain(seed, Distinct, asr...)} }
	}
	// escalated returns games before and after the first n attackers raise p0 and the size.
	escalated := func(n int, p0, size float64, before, after []float64) func(uint64) []Game {
		return func(seed uint64) []Game {
			return []Game{plain(seed, Same, before...), plain(seed, Same, after...).with(raise(n, p0, size))}
		}
	}
	for _, tc := range []struct {
		claim string
		want  Outcome
		play  func(seed uint64) []Game
	}{
		{"C1", Supported, same(30, 40, 20)},
		{"C1", Opposite, func(seed uint64) []Game { return []Game{plain(seed, Same, 90, 90).with(halfAlone)} }},
		{"C1", NoEffect, same(90, 91, 89)},
		{"C1", Undecided, func(seed uint64) []Game { return []Game{plain(seed, Same, either(seed, 0), 40).with(halfAlone)} }},
		{"C2", Supported, escalated(1, 0.4, 0.4, []float64{40, 40, 40}, []float64{90, 10, 10})},
		{"C2", Opposite, escalated(1, 0.4, 0.4, []float64{60, 60, 60}, []float64{20, 60, 60})},
		{"C2", NoEffect, escalated(1, 0.4, 0.4, []float64{50, 50, 50}, []float64{90, 50, 50})},
		{"C2", Undecided, func(seed uint64) []Game {
			return escalated(1, 0.4, 0.4, []float64{40, either(seed, 0), 40}, []float64{90, either(seed, 1), 40})(seed)
		}},
		{"C3", Supported, escalated(3, 0.9, 0.9, []float64{60, 60, 60}, []float64{3, 3, 3})},
		{"C3", Opposite, escalated(3, 0.9, 0.9, []float64{60, 60, 60}, []float64{99, 98, 97})},
		{"C3", Undecided, func(seed uint64) []Game {
			return escalated(3, 0.9, 0.9, []float64{60, 60, 60}, []float64{either(seed, 0) / 4, 3, 3})(seed)
		}},
		{"C4", Supported, labelled(30, 40, 20)},
		{"C4", Opposite, func(seed uint64) []Game { return []Game{plain(seed, Distinct, 90, 90).with(halfAlone)} }},
		{"C4", NoEffect, labelled(90, 91, 89)},
		{"C4", Undecided, func(seed uint64) []Game { return []Game{plain(seed, Distinct, either(seed, 0), 40).with(halfAlone)} }},
	} {
		t.Run(tc.claim+" "+string(tc.want), func(t *testing.T) {
			v := judged(t, tc.claim, tc.play)
			require.Equal(t, tc.want, v.Outcome, v.Sentence)
		})
	}
}

// result holds the ASRs of two attackers under a defense, in percent, and its standard
// accuracy.
type result struct {
	asr   [2]float64
	clean stats.Number
}

// usual holds results in which every claim on defenses is right.
var usual = map[string]result{
	NoDefense: {[2]float64{80, 80}, 0.9}, CutMix: {[2]float64{50, 50}, 0.85},
	AgentAugmentation: {[2]float64{20, 20}, 0.8}, AgentIndexing: {[2]float64{20, 20}, 0.9},
}

// changed returns usual with other results of one defense.
func changed(defense string, asr [2]float64, clean stats.Number) map[string]result {
	by := maps.Clone(usual)
	by[defense] = result{asr, clean}
	return by
}

// defended returns games of two attackers with the results of each defense, and a control of
// agent indexing.
func defended(images int, by map[string]result, control *Control) func(uint64) []Game {
	return func(seed uint64) []Game {
		var games []Game
		for _, defense := range []string{NoDefense, CutMix, AgentAugmentation, AgentIndexing} {
			games = append(games, plain(seed, Same, by[defense].asr[0], by[defense].asr[1]).with(func(g *Game) {
				g.Defense, g.CleanAccuracy = defense, by[defense].clean
				for i := range g.Attackers {
					g.Attackers[i].Images = images
				}
				if defense == AgentIndexing {
					g.Control = control
				}
			}))
		}
		return games
	}
}

// Each defense claim has the answer that the truth demands: of the spread beyond chance, and
// at equal numbers of images.
func TestKnownTruthsOfDefenses(t *testing.T) {
	for _, tc := range []struct {
		claim   string
		want    Outcome
		images  int
		by      map[string]result
		control *Control
	}{
		{"C5", Supported, 0, usual, nil},
		{"C5", NoEffect, 0, changed(CutMix, [2]float64{80, 80}, 0.85), nil},
		{"C5", Opposite, 0, changed(NoDefense, [2]float64{10, 10}, 0.9), nil},
		{"C6", Supported, 0, usual, nil},
		{"C6", Supported, 20, changed(AgentAugmentation, [2]float64{15, 25}, 0.8), nil}, // 7 % apart, by chance
		{"C6", Opposite, 2000, changed(AgentAugmentation, [2]float64{0, 40}, 0.8), nil},
		{"C6", NoEffect, 0, changed(AgentAugmentation, [2]float64{50, 50}, 0.8), nil},
		{"C7", Supported, 0, usual, nil},
		{"C7", Supported, 0, usual, &Control{ASR: 0.8, Lift: 0.8, CleanAccuracy: 0.88}},
		{"C7", NoEffect, 0, usual, &Control{ASR: 0.2, Lift: 0.2, CleanAccuracy: 0.9}}, // any contribution less does it
		{"C7", Opposite, 0, changed(AgentIndexing, [2]float64{20, 20}, 0.7), nil},
	} {
		t.Run(tc.claim+" "+string(tc.want), func(t *testing.T) {
			v := judged(t, tc.claim, defended(tc.images, tc.by, tc.control))
			require.Equal(t, tc.want, v.Outcome, v.Sentence)
			if tc.claim == "C7" {
				against := "against no defense and one contribution more"
				if tc.control != nil {
					against = "against leaving out an honest contributor"
				}
				require.Contains(t, v.Statistics[0].Name, against)
			}
		})
	}
	v := judgedBy(t, 6, "C7", func(seed uint64) []Game {
		control := &Control{ASR: 0.8, Lift: 0.8, CleanAccuracy: 0.9}
		if seed == 2 {
			control = nil
		}
		return defended(0, usual, control)(seed)
	})[0]
	require.Equal(t, []string{"models without an honest contributor, none of them collapsed (seed 2)"}, v.Missing)
}

// Of three rows the one in which all three are raised decides; otherwise the poison rate
// alone, and then the size.
func TestRowsOfRises(t *testing.T) {
	before, after := []float64{40, 40, 40}, []float64{90, 10, 10}
	row := func(p0, size float64) func(uint64) Game {
		return func(seed uint64) Game { return plain(seed, Same, after...).with(raise(1, p0, size)) }
	}
	everything, rate, size := row(0.4, 0.4), row(0.4, 0.2), row(0.2, 0.4)
	for _, tc := range []struct {
		rows []func(uint64) Game
		want []string
	}{
		{[]func(uint64) Game{size, rate, everything}, []string{"p0, p1 and p2", "p0 alone", "p1 and p2 alone"}},
		{[]func(uint64) Game{size, rate}, []string{"p0 alone", "p1 and p2 alone"}},
		{[]func(uint64) Game{size}, []string{"p1 and p2 alone"}},
	} {
		v := judgedBy(t, 12, "C2", func(seed uint64) []Game {
			games := []Game{plain(seed, Same, before...)}
			for _, row := range tc.rows {
				games = append(games, row(seed))
			}
			return games
		})[0]
		require.Len(t, v.statements(), 2)
		require.Len(t, v.Statistics, 4*len(tc.want))
		for i, s := range v.Statistics {
			require.Contains(t, s.Name, "raises "+tc.want[i/4])
			require.Equal(t, i >= 4, s.Beside)
		}
	}
	// A row beside the verdict may lack a seed.
	v := judgedBy(t, 12, "C2", func(seed uint64) []Game {
		games := []Game{plain(seed, Same, before...), everything(seed)}
		if seed != 3 {
			games = append(games, rate(seed))
		}
		return games
	})[0]
	require.Empty(t, v.Missing)
	require.Len(t, v.Statistics[0].PerSeed, 12)
	require.Len(t, v.Statistics[4].PerSeed, 11)
	// Two raisers, and one that lowers something, are no such game.
	for _, change := range []func(*Game){raise(2, 0.4, 0.4), raise(1, 0.4, 0.1)} {
		require.Empty(t, judgedBy(t, 6, "C2", func(seed uint64) []Game {
			return []Game{plain(seed, Same, before...), plain(seed, Same, after...).with(change)}
		}))
	}
}

// The spread leaves out what so few images make by chance.
func TestSpread(t *testing.T) {
	g := plain(1, Same, 20, 40, 60)
	require.InDelta(t, 0.2, spread(g, ASR), 1e-12, "the sample standard deviation")
	for i := range g.Attackers {
		g.Attackers[i].Images, g.Attackers[i].Lift = 101, g.Attackers[i].ASR-0.1
	}
	noise := (0.16 + 0.24 + 0.24) / 300
	require.InDelta(t, 0.04-noise, spread(g, ASR)*spread(g, ASR), 1e-12)
	require.InDelta(t, 0.04-noise-0.09/100, spread(g, Lift)*spread(g, Lift), 1e-12)
	for i := range g.Attackers {
		g.Attackers[i].Images = 3
	}
	require.Zero(t, spread(g, ASR))
	g.Attackers[0].ASR = stats.Undefined()
	require.False(t, stats.Number(spread(g, ASR)).Defined())
}
