package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"backfire/experiments/plan"
	"backfire/experiments/summary"
	"backfire/report/table"
	"backfire/stats"
)

// series is one game with one defender, over all seeds.
type series struct {
	keys     map[string]string // of its point
	name     string            // of its point, if it was given one
	labels   string            // how target labels were chosen
	defender string
	n        int
	games    []played // one per seed and training, in the order of the summary
}

// played is a game of one seed and training.
type played struct {
	point *summary.PointSummary
	game  *summary.GameSummary
}

// collect returns the series of a dataset, in the order of their first game. Points of
// two seeds belong together if their varied keys have the same values; where a seed has
// several such points, the first belongs to the first.
func collect(s *summary.Summary, dataset string) []*series {
	var all []*series
	known := map[string]*series{}
	seen := map[string]int{}
	for i := range s.Points {
		point := &s.Points[i]
		if point.Data.Name != dataset {
			continue
		}
		id := keysText(point.Keys)
		seeded := fmt.Sprintf("%d %d %s", point.Seed, point.Repetition, id)
		seen[seeded]++
		for j := range point.Games {
			g := &point.Games[j]
			key := fmt.Sprintf("%s #%d #%d %s", id, seen[seeded], j, g.Defender)
			if known[key] == nil {
				known[key] = &series{
					keys: point.Keys, name: givenName(point), labels: point.Labels, defender: g.Defender, n: g.N,
				}
				all = append(all, known[key])
			}
			known[key].games = append(known[key].games, played{point, g})
		}
	}
	return all
}

// keysText returns keys and values in the order of the keys.
func keysText(keys map[string]string) string {
	texts := make([]string, 0, len(keys))
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		texts = append(texts, key+" = "+keys[key])
	}
	return strings.Join(texts, ", ")
}

// givenName returns a point's name without the values of its keys, the dataset, the seed
// and the training: the name that the sweep file gives it, or nothing.
func givenName(p *summary.PointSummary) string {
	parts := slices.DeleteFunc(strings.Split(p.Name, ", "), func(part string) bool {
		key, value, isKey := strings.Cut(part, " = ")
		known, varied := p.Keys[key]
		return part == p.Data.Name || part == fmt.Sprintf("seed %d", p.Seed) || part == fmt.Sprintf("training %d", p.Repetition) || isKey && varied && known == value
	})
	return strings.Join(parts, ", ")
}

// complete returns the games that have a result.
func (s *series) complete() []played {
	return slices.DeleteFunc(slices.Clone(s.games), func(p played) bool { return !p.game.Complete })
}

// attackers returns the attackers of a game that has a result, nil if none has.
func (s *series) attackers() []summary.GameAttacker {
	if done := s.complete(); len(done) > 0 {
		return done[0].game.Attackers
	}
	return nil
}

// asr returns the ASR over the attackers.
func (s *series) asr() table.Value {
	return s.spread(table.QuantityASR, func(p played) (table.MeasuredSpread, bool) {
		return table.MeasuredSpread{Over: p.game.ASR, Images: p.attackersImages()}, true
	})
}

// clean returns the standard accuracy.
func (s *series) clean() table.Value {
	return table.NewValue(table.QuantityClean, s.seeds(func(g *summary.GameSummary) float64 { return g.CleanAccuracy.Value() }, played.cleanImages))
}

// baseRate returns the base rate, the mean over the attackers.
func (s *series) baseRate() table.Value {
	return table.NewValue(table.QuantityBaseRate, s.seeds(func(g *summary.GameSummary) float64 { return float64(g.BaseRate.Mean) }, played.attackersImages))
}

// robustness returns the robustness accuracy, the mean over the attackers.
func (s *series) robustness() table.Value {
	return table.NewValue(table.QuantityRobust, s.seeds(func(g *summary.GameSummary) float64 { return float64(g.Robustness.Mean) }, played.attackersImages))
}

// defended returns the defender as the end of a row's label; empty without a defense.
func (s *series) defended() string {
	if s.defender == plan.Undefended {
		return ""
	}
	return ", " + s.defender
}

// againstNone returns the entries that compare a defender with the same game without a
// defense (the twin): differences of standard accuracy, ASR and robustness accuracy,
// paired by seed, and the cost of training. They are empty for the twin.
func (s *series) againstNone() []table.Entry {
	if s.defended() == "" {
		return make([]table.Entry, len(againstNoneHeads))
	}
	against := func(quantity table.Quantity, images func(played) int, compare func(g, twin *summary.GameSummary) float64) table.Entry {
		return table.EntryOf(s.overSeeds(quantity, func(p played) (table.Measured, bool) {
			value := table.Measured{Value: float64(stats.Undefined()), Images: images(p)}
			if twin := p.twin(); twin != nil && twin.Complete {
				value.Value = compare(p.game, twin)
			}
			return value, true
		}))
	}
	return []table.Entry{
		against(table.QuantityCleanChange, played.cleanImages, func(g, twin *summary.GameSummary) float64 {
			return g.CleanAccuracy.Value() - twin.CleanAccuracy.Value()
		}),
		against(table.QuantityASRChange, played.attackersImages, func(g, twin *summary.GameSummary) float64 { return float64(g.ASR.Mean - twin.ASR.Mean) }),
		against(table.QuantityRobustChange, played.attackersImages, func(g, twin *summary.GameSummary) float64 {
			return float64(g.Robustness.Mean - twin.Robustness.Mean)
		}),
		table.EntryOf(s.cost()),
		against(table.QuantityTime, noImages, func(g, twin *summary.GameSummary) float64 {
			if g.TrainSeconds == 0 || twin.TrainSeconds == 0 {
				return float64(stats.Undefined())
			}
			return g.TrainSeconds / twin.TrainSeconds
		}),
	}
}

// againstNoneHeads are the heads of the columns of againstNone.
var againstNoneHeads = []string{"acc.", "ASR", robustHead, "images", "time"}

// twin returns the same game without a defense, which is the last such game before it;
// nil if there is none.
func (p played) twin() *summary.GameSummary {
	var twin *summary.GameSummary
	for i := range p.point.Games {
		g := &p.point.Games[i]
		if g.Defender == plan.Undefended {
			twin = g
		}
		if g == p.game {
			break
		}
	}
	return twin
}

// cost returns the images through training steps as a share of the undefended twin's.
func (s *series) cost() table.Value {
	return table.NewValue(table.QuantityCost, s.seeds(func(g *summary.GameSummary) float64 {
		if g.Cost.Undefended == 0 {
			return float64(stats.Undefined())
		}
		return float64(g.Cost.Images) / float64(g.Cost.Undefended)
	}, noImages))
}

// attackerASR returns the ASR of the attacker at a position.
func (s *series) attackerASR(i int) table.Value {
	return s.overSeeds(table.QuantityASR, func(p played) (table.Measured, bool) {
		return measuredRate(p.game.Attackers[i].ASR), true
	})
}

// singleASRs returns the single ASRs of the attacker at a position, one for each seed
// that has one.
func (s *series) singleASRs(i int) []table.Measured {
	return s.perSeed(func(p played) (table.Measured, bool) {
		if single := p.game.Attackers[i].SingleASR; single != nil {
			return measuredRate(*single), true
		}
		return table.Measured{}, false
	})
}
