package report

import (
	"fmt"
	"strings"

	"backfire/claims"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/game"
	"backfire/stats"
)

// fakePoint is a point of a made-up sweep.
type fakePoint struct {
	name    string
	keys    map[string]string
	labels  string // same, list or random
	targets []int  // of labels list; otherwise 2
	counts  []int
	rates   []float64 // of the first attackers; the others have p
	p       float64
	singles int
	// elsewhere: triggers are verified in other single games than the point's.
	elsewhere bool
	// defenders also end every game, each with a lower ASR than the one before;
	// the last of them with as many models as there are attackers.
	defenders []string
}

// classNames are those of the made-up datasets.
var classNames = []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}

// sweep makes the summary of a sweep on a dataset: the points for each seed,
// with made-up results.
func sweep(dataset string, seeds []uint64, points ...fakePoint) *summary.Summary {
	s := &summary.Summary{Sweep: strings.Repeat("ab", 32), Store: "runs"}
	for _, seed := range seeds {
		for _, fake := range points {
			point := summary.PointSummary{
				Name: dataset + ", " + fake.name + fmt.Sprintf(", seed %d", seed), Keys: fake.keys, Seed: seed,
				Data: cell.Data{Name: dataset, Images: 60000, Classes: classNames}, Pool: 20000,
				Model:    cell.Model{Architecture: cell.ResNet18, Width: 32},
				Training: cell.Training{Epochs: 30, Batch: 32, Optimizer: "sgd", LearningRate: 0.1, Momentum: 0.9, WeightDecay: 5e-4, Schedule: "onecycle"},
				Readings: cell.Readings{
					TriggerRange: "per_dimension", Sampling: "per_agent", LabelMode: "dirty", ExcludeTargetClass: true, Denominator: "own", Seats: 5,
				},
				Labels: fake.labels, MinSingleASR: 0.8,
			}
			for _, n := range fake.counts {
				point.Games = append(point.Games, fake.game(seed, n))
				for i, name := range fake.defenders {
					point.Games = append(point.Games, fake.defended(seed, n, i, name))
				}
			}
			s.Points = append(s.Points, point)
		}
	}
	return s
}

// fixed returns the summary with a choice of claims before training.
func fixed(s *summary.Summary, ids ...string) *summary.Summary {
	s.Primary = &plan.Primary{Claims: ids, Margins: claims.DefaultMargins(), Looks: []int{12, 24}}
	return s
}

// game makes up the game with n attackers.
func (f fakePoint) game(seed uint64, n int) summary.GameSummary {
	rate := func(percent int) game.Rate { return game.Rate{Hits: min(1000, max(0, 10*percent+int(seed))), Of: 1000} }
	g := summary.GameSummary{Overlaps: []game.PairOverlap{}}
	g.Defender, g.N, g.Complete, g.CleanAccuracy = plan.Undefended, n, true, rate(98-n-2*int(seed))
	var asrs, bases []float64
	for id := range n {
		a := summary.GameAttacker{}
		a.ID, a.Target, a.PoisonRate, a.P1, a.P2 = id, game.TargetLabel(f.target(seed, id)), f.p, f.p, f.p
		if id < len(f.rates) {
			a.PoisonRate, a.P1, a.P2 = f.rates[id], f.rates[id], f.rates[id]
		}
		a.Label = classNames[a.Target]
		a.ASR, a.BaseRate, a.Robustness = rate(100/n+4*id+int(100*(a.PoisonRate-0.2))), rate(3), rate(10)
		a.Lift = stats.Number(a.ASR.Value() - a.BaseRate.Value())
		if id < f.singles {
			single := rate(97 - id)
			a.SingleASR, a.SingleCell = &single, fmt.Sprintf("single-%d-%d-%d", seed, id, a.Target)
			lift := stats.Number(single.Value() - a.BaseRate.Value())
			a.SingleLift = &lift
			verified := single
			a.Candidates = []plan.Candidate{{Cell: a.SingleCell, ASR: &verified, Kept: true}}
			if f.elsewhere {
				a.Candidates[0].Cell = "verified-" + a.SingleCell
			}
		}
		asrs, bases = append(asrs, a.ASR.Value()), append(bases, a.BaseRate.Value())
		g.Attackers = append(g.Attackers, a)
	}
	g.Cell = fmt.Sprintf("%s-%d-%d", f.name, seed, n)
	if n == 1 && f.singles > 0 {
		g.Cell, g.Attackers[0].ASR = g.Attackers[0].SingleCell, *g.Attackers[0].SingleASR
		asrs[0] = g.Attackers[0].ASR.Value()
		g.Attackers[0].Lift = stats.Number(asrs[0] - bases[0])
	}
	g.Models = []string{g.Cell}
	for i := range g.Attackers {
		g.Attackers[i].Model = g.Cell
	}
	g.ASR, g.BaseRate, g.Robustness = stats.Summarize(asrs), stats.Summarize(bases), stats.Summarize([]float64{0.1})
	g.TrainSeconds = 20
	g.Compare()
	return g
}

// target is what an attacker wants.
func (f fakePoint) target(seed uint64, id int) int {
	switch f.labels {
	case "list":
		return f.targets[id]
	case "random":
		return (int(seed) + 3*id) % len(classNames)
	default:
		return 2
	}
}

// result stands in for the stored result of an attacker alone.
func result(cell string) (*store.Result, error) {
	var seed, id, target int
	if _, err := fmt.Sscanf(cell, "single-%d-%d-%d", &seed, &id, &target); err != nil {
		return nil, fmt.Errorf("cell %s: %w", cell, err)
	}
	r := &store.Result{CleanAccuracy: game.Rate{Hits: 970 - 20*seed, Of: 1000}, Attackers: make([]store.AttackerResult, 1)}
	a := &r.Attackers[0]
	a.ID, a.Target, a.PoisonRate, a.ASR = id, game.TargetLabel(target), 0.2, game.Rate{Hits: 10*(97-id) + seed, Of: 1000}
	a.Lift = stats.Number(a.ASR.Value() - 0.03)
	return r, nil
}

func points1() []fakePoint {
	keys := func(counts, p, rates, singles string) map[string]string {
		return map[string]string{"attackers.counts": counts, "attackers.p": p, "attackers.rates": rates, "attackers.singles": singles}
	}
	return []fakePoint{
		{name: "N grows", keys: keys("1,2,3,4,5", "0.2", "", "5"), labels: "same", counts: []int{1, 2, 3, 4, 5}, p: 0.2, singles: 5},
		{name: "attacker 0 raises p", keys: keys("5", "0.2", "0.4", "5"), labels: "same", counts: []int{5}, p: 0.2, rates: []float64{0.4}},
		{name: "all raise p", keys: keys("5", "0.9", "", "0"), labels: "same", counts: []int{5}, p: 0.9},
	}
}

func points2() []fakePoint {
	point := func(n int, labels, targets string, wanted ...int) fakePoint {
		return fakePoint{
			name: fmt.Sprintf("N = %d, %s", n, labels), labels: labels, targets: wanted, counts: []int{n}, p: 0.2, singles: n,
			keys: map[string]string{"attackers.counts": fmt.Sprint(n), "attackers.labels": labels, "attackers.targets": targets},
		}
	}
	return []fakePoint{point(2, "same", ""), point(2, "list", "1,2", 1, 2), point(4, "same", ""), point(4, "list", "1,2,5,9", 1, 2, 5, 9)}
}

func points3(counts ...int) fakePoint {
	return fakePoint{name: "table3", keys: map[string]string{}, labels: "random", counts: counts, p: 0.2, singles: 1}
}

// pointsOfItsOwn are those of a sweep with names and keys that need care.
func pointsOfItsOwn() []fakePoint {
	var all []fakePoint
	for _, name := range []string{"a & b_1", `50 % | [x] * \ {y} ~ ^ $ # <z>`} {
		for _, p := range []string{"0.1", "0.3"} {
			keys := map[string]string{"attackers.p": p, "trigger.range": "area", "attackers.counts": "2"}
			all = append(all, fakePoint{
				name: name + ", attackers.p = " + p, keys: keys, labels: "same", counts: []int{2}, p: map[string]float64{"0.1": 0.1, "0.3": 0.3}[p],
			})
		}
	}
	return all
}

// flawed is table 1 with everything that is flagged.
func flawed() *summary.Summary {
	s := sweep("mnist", []uint64{1, 2, 3}, points1()...)
	none := func(g *summary.GameSummary) {
		empty := stats.Summarize(nil)
		*g = summary.GameSummary{
			GameResult: summary.GameResult{
				N: g.N, Defender: g.Defender, Cell: g.Cell, Models: g.Models,
				ASR: empty, BaseRate: empty, Lift: empty, Robustness: empty, Attackers: []summary.GameAttacker{},
			},
		}
	}
	none(&s.Points[0].Games[2])
	for i := range 3 {
		none(&s.Points[3*i+1].Games[0])
	}
	s.Points[5].Games[0].Collapsed, s.Points[8].Games[0].Collapsed = true, true
	pair := game.PairOverlap{A: 1, B: 3}
	pair.Jaccard = 0.54
	s.Points[3].Games[4].Overlaps = []game.PairOverlap{pair}
	s.Points[6].Games[4].Overlaps = []game.PairOverlap{pair, pair, pair, pair}
	for _, seed := range []int{0, 1} {
		for n := 4; n <= 5; n++ {
			a := &s.Points[3*seed].Games[n-1].Attackers[3]
			weak := game.Rate{Hits: 780 - 10*seed, Of: 1000}
			a.Candidates = append([]plan.Candidate{{Cell: "weak", ASR: &weak}}, a.Candidates...)
			a.Candidates[1].Draw = 1
			if seed == 1 {
				a.Candidates[1].ASR, a.SingleASR = &game.Rate{Hits: 785, Of: 1000}, &game.Rate{Hits: 785, Of: 1000}
			}
		}
	}
	return s
}
