package claims

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/stats"
)

// changes changes a game.
type changes = func(g *Game)

// predicted sets robustness accuracy and the distance from uniform predictions.
func predicted(robustness, randomness, clean stats.Number) changes {
	return func(g *Game) {
		g.CleanAccuracy = clean
		for i := range g.Attackers {
			g.Attackers[i].Robustness, g.Attackers[i].Randomness = robustness, randomness
		}
	}
}

func wide(g *Game) { g.Width = 64 }

func narrow(g *Game) { g.Width = 8 }

func ofPool(size int) changes { return func(g *Game) { g.Pool = size } }

func defendedBy(name string) changes { return func(g *Game) { g.Defense = name } }

func unchanged(*Game) {}

func orthogonalKind(g *Game) { g.Trigger = orthogonalTrigger }

// Each claim of the sibling has the answer that hand-made measurements with a known truth
// demand.
func TestKnownTruthsOfSiblings(t *testing.T) {
	three := func(seed uint64, asr float64) Game { return plain(seed, Same, asr, asr, asr) }
	pair := func(a, b float64, change, other changes) func(uint64) []Game {
		return func(seed uint64) []Game { return []Game{three(seed, a).with(change), three(seed, b).with(other)} }
	}
	grown := func(one, several changes) func(uint64) []Game {
		return func(seed uint64) []Game {
			return []Game{plain(seed, Same, 90).with(one), three(seed, 90).with(several)}
		}
	}
	escalated := func(one, every [3]float64) func(uint64) []Game {
		return func(seed uint64) []Game {
			return []Game{
				plain(seed, Same, 20, 50, 80), plain(seed, Same, one[:]...).with(raise(1, 0.4, 0.4)), plain(seed, Same, every[:]...).with(raise(3, 0.9, 0.9)),
			}
		}
	}
	for _, tc := range []struct {
		claim string
		want  Outcome
		play  func(uint64) []Game
	}{
		{"S1", Supported, grown(predicted(0.1, 0.8, 0.9), predicted(0.1, 0.2, 0.9))},
		{"S1", Opposite, grown(predicted(0.1, 0.2, 0.9), predicted(0.1, 0.8, 0.9))},
		{"S1", NoEffect, grown(predicted(0.1, 0.8, 0.9), predicted(0.1, 0.8, 0.9))},
		{"S2", Supported, grown(predicted(0.5, 0.5, 0.9), predicted(0.05, 0.5, 0.9))},
		{"S2", Opposite, grown(predicted(0.5, 0.5, 0.9), predicted(0.6, 0.5, 0.9))},
		{"S2", Opposite, grown(predicted(0.5, 0.5, 0.9), predicted(0.05, 0.5, 0.8))},
		{"S3", Supported, pair(60, 60, wide, narrow)},
		{"S3", Opposite, pair(90, 30, wide, narrow)},
		{"S3", Undecided, func(seed uint64) []Game { return pair(either(seed, 0), either(seed, 1), wide, narrow)(seed) }},
		{"S4", Supported, labelled(80, 20)},
		{"S4", Opposite, labelled(20, 80)},
		{"S4", NoEffect, labelled(50, 50)},
		{"S4", Supported, party(80, 20, 20)},
		{"S4", Opposite, party(80, 70, 20)}, // two of five gain, too
		{"S4", Opposite, party(20, 50, 80)},
		{"S5", Supported, pair(30, 30, orthogonalKind, unchanged)},
		{"S5", Opposite, pair(90, 30, orthogonalKind, unchanged)},
		{"S5", Undecided, func(seed uint64) []Game {
			return pair(either(seed, 0), either(seed, 1), orthogonalKind, unchanged)(seed)
		}},
		{"S6", Supported, escalated([3]float64{99, 1, 50}, [3]float64{50, 50, 50})},
		{"S6", Opposite, escalated([3]float64{50, 50, 50}, [3]float64{99, 1, 50})},
		{"S6", Opposite, escalated([3]float64{99, 1, 50}, [3]float64{0, 0, 0})}, // the mean falls
		{"S7", Supported, pair(80, 20, defendedBy(mixUp), unchanged)},
		{"S7", Opposite, pair(20, 80, defendedBy(pgd), unchanged)},
		{"S7", NoEffect, pair(50, 50, defendedBy(fgsm), unchanged)},
		{"S9", Supported, pair(60, 60, ofPool(20000), ofPool(10000))},
		{"S9", Opposite, pair(20, 80, ofPool(20000), ofPool(10000))},
		{"S9", Undecided, pair(3, 3, ofPool(20000), ofPool(10000))}, // attacks that never work are alike everywhere
	} {
		t.Run(tc.claim+" "+string(tc.want), func(t *testing.T) {
			v := judged(t, tc.claim, tc.play)
			require.Equal(t, tc.want, v.Outcome, v.Sentence)
		})
	}
}

// Claims that the games do not speak to are absent.
func TestAbsentSiblings(t *testing.T) {
	for _, c := range All() {
		if c.ID[0] == 'S' {
			require.Empty(t, judgedBy(t, 6, c.ID, func(seed uint64) []Game { return []Game{plain(seed, Same, 50, 50)} }), c.ID)
		}
	}
	// Pools with other numbers of poisoned images are not compared.
	require.Empty(t, judgedBy(t, 6, "S9", func(seed uint64) []Game {
		return []Game{plain(seed, Same, 50).with(ofPool(100)), plain(seed, Same, 50).with(func(g *Game) {
			g.Pool, g.Attackers[0].Poisoned = 200, 200
		})}
	}))
}

// Points that differ in a setting are different games, and their notes tell which.
func TestSettingsAreNamed(t *testing.T) {
	v := judgedBy(t, 6, "S3", func(seed uint64) []Game {
		games := []Game{plain(seed, Same, 50, 50).with(wide), plain(seed, Same, 50, 50).with(narrow)}
		if seed == 1 {
			return games[:1]
		}
		return games
	})[0]
	require.Equal(t, []string{"N = 2, label 2, p = 0.2, no defense, pool of 0, width 8, random triggers (seed 1)"}, v.Missing)
}

// labelled returns games of three attackers with one label and with one for each.
func labelled(same, distinct float64) func(uint64) []Game {
	return func(seed uint64) []Game {
		return []Game{plain(seed, Same, same, same, same), plain(seed, Distinct, distinct, distinct, distinct)}
	}
}

// party returns games of five attackers with one label, with one for two of them, and with one
// for each.
func party(same, some, distinct float64) func(uint64) []Game {
	return func(seed uint64) []Game {
		shared := plain(seed, Mixed, some, some, some, some, some).with(func(g *Game) {
			for i := range g.Attackers {
				g.Attackers[i].Target = max(1, i) // attackers 0 and 1 share a label
			}
		})
		return []Game{
			plain(seed, Same, same, same, same, same, same), shared,
			plain(seed, Distinct, distinct, distinct, distinct, distinct, distinct),
		}
	}
}

// A party is two in five attackers with one label, and the others have labels of their own.
func TestParty(t *testing.T) {
	for targets, want := range map[string]bool{
		"2,2,1,5,9": true, "1,2,3,4,2": true, "2,2,1,1,9": false, "2,2,2,5,9": false, "2,2,2,2,2": false, "1,2,3,4,5": false,
		"1,1,1,1,2,3,4,5,6,7": true, "1,1,1,2,3,4,5,6,7,8": false, "1,1": false,
	} {
		var list []int
		for _, text := range strings.Split(targets, ",") {
			n, err := strconv.Atoi(text)
			require.NoError(t, err)
			list = append(list, n)
		}
		require.Equal(t, want, gameKey{labels: LabelsOf(list), n: len(list), targets: targets}.hasParty(), targets)
	}
}
