package report

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"backfire/experiments/summary"
	"backfire/figures"
	"backfire/internal/visible"
	"backfire/internal/words"
	"backfire/report/table"
)

// Figures draws the games of a summary on one of its datasets: each attacker alone and among N,
// which is the Lead, the ASR against the
// number of attackers, poison rate and pool size where the summary varies them, the
// ASR of each attacker, standard against robustness accuracy where there are
// several defenders, the certified accuracies of votes, the recall of filters, the learning curves of games
// that have them, of all attackers and of each, alone and among N, and, where opt returns them, what images with triggers are taken for,
// the cross-trigger matrices of the largest game, the confusion of classes, and the curves of loss
// and training accuracy. The error wraps ErrEmpty, or is that of opt's functions.
func Figures(kind Kind, s *summary.Summary, dataset string, opt Options) ([]*figures.Figure, error) {
	b, err := newBuilder(kind, s, dataset, opt)
	if err != nil {
		return nil, err
	}
	d := drawing{builder: b, stem: b.table.FileName()}
	for _, add := range []func() error{
		d.aloneAmong, d.byAttackers, d.byAttacker, d.byRate, d.byPool, d.tradeOff, d.destinations, d.cross, d.confusion, d.certifiedCurves, d.filterRecall, d.aloneLearning, d.attackersLearning, d.learning, d.curves,
	} {
		if err := add(); err != nil {
			return nil, fmt.Errorf("report: figures of %s on %s: %w", b.table.Name, dataset, err)
		}
	}
	return d.made, nil
}

// drawing collects figures.
type drawing struct {
	*builder
	stem string // of their names
	made []*figures.Figure
}

// done returns the series that have results.
func (d *drawing) done() []*series {
	return slices.DeleteFunc(slices.Clone(d.all), func(s *series) bool { return len(s.complete()) == 0 })
}

// add lays a figure out and adds its basis. An empty figure is left out and is no
// error.
func (d *drawing) add(spec interface {
	Figure() (*figures.Figure, error)
}, of []*series,
) error {
	f, err := visible.Strings(spec).Figure()
	if errors.Is(err, figures.ErrEmpty) {
		return nil
	}
	if err != nil {
		return err
	}
	f.Name = d.stem + "-" + f.Name
	basis, readings := d.basis(of)
	f.Basis, f.Readings = visible.Line(basis), visible.Line(readings)
	d.made = append(d.made, f)
	return nil
}

// basis names the seeds and models behind series, and their readings.
func (d *drawing) basis(of []*series) (basis, readings string) {
	seeds, models := map[uint64]bool{}, map[string]bool{}
	var texts []string
	for _, s := range of {
		for _, p := range s.complete() {
			seeds[p.point.Seed] = true
			for _, model := range p.game.Models {
				models[model] = true
			}
			if text := ReadingsText(p.point.Readings); !slices.Contains(texts, text) {
				texts = append(texts, text)
			}
		}
	}
	sorted := slices.Sorted(maps.Keys(seeds))
	text := fmt.Sprintf("%s (%s)", words.Plural(len(sorted), "seed"), table.SeedList(sorted))
	if len(sorted) == 1 {
		text = fmt.Sprintf("One seed: %d, so no interval over seeds", sorted[0])
	}
	return fmt.Sprintf("%s; %s.", text, words.Plural(len(models), "model")), fmt.Sprintf("Readings: %s.", strings.Join(texts, "; or "))
}

// axisKeys are the configuration keys that a figure's x stands for, or that follow
// from it.
var axisKeys = struct{ attackers, rate, pool []string }{
	attackers: []string{"attackers.counts", "attackers.singles", "attackers.label", "attackers.targets"},
	rate:      []string{"attackers.counts", "attackers.singles", "attackers.label", "attackers.targets", "attackers.p", "attackers.p0", "attackers.p1", "attackers.p2", "attackers.rates", "attackers.poison_rates", "attackers.trigger_sizes"},
	pool:      []string{"attackers.counts", "attackers.singles", "attackers.label", "attackers.targets", "pool.size"},
}

// group holds series that differ in x alone.
type group struct {
	of   []*series
	xs   []float64
	keys map[string]string // those that are left
	n    int               // 0: x
}

// groups collects the series with results that differ in x alone, in the order of
// their first, and keeps groups with at least two values of x. With fixed, series of
// one group also have the same number of attackers.
func (d *drawing) groups(x func(*series) (float64, bool), without []string, fixed bool) []*group {
	var all []*group
	known := map[string]*group{}
	for _, s := range d.done() {
		at, ok := x(s)
		if !ok {
			continue
		}
		keys := maps.Clone(s.keys)
		maps.DeleteFunc(keys, func(key, _ string) bool { return slices.Contains(without, key) })
		n := 0
		if fixed {
			n = s.n
		}
		id := fmt.Sprint(s.defender, s.labels, n, keysText(keys))
		if known[id] == nil {
			known[id] = &group{keys: keys, n: n}
			all = append(all, known[id])
		}
		if g := known[id]; !slices.Contains(g.xs, at) {
			g.of, g.xs = append(g.of, s), append(g.xs, at)
		}
	}
	return slices.DeleteFunc(all, func(g *group) bool { return len(g.xs) < 2 })
}
