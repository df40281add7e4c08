package report

import (
	"fmt"
	"strconv"

	"backfire/experiments/curve"
	"backfire/experiments/summary"
	"backfire/figures"
	"backfire/game"
	"backfire/report/table"
	"backfire/stats"
)

// curveRows lists every value of the games' learning curves.
func (b *builder) curveRows() {
	for _, s := range b.all {
		for _, p := range s.complete() {
			row := table.CurveRow{
				Point: p.point.Name, Keys: p.point.Keys, Seed: p.point.Seed, Repetition: p.point.Repetition, Defender: s.defender, N: s.n, Model: p.game.Cell,
			}
			for _, scores := range p.game.Curve {
				row.Epoch = scores.Epoch
				row.Model, row.Agent = p.game.Cell, curveDefender
				row.Measure, row.Value = curve.StandardAccuracy, stats.Number(scores.CleanAccuracy.Value())
				b.table.CurveRows = append(b.table.CurveRows, row)
				for i, a := range scores.Attackers {
					row.Model, row.Agent = p.game.Attackers[i].Model, strconv.Itoa(a.ID)
					for _, m := range curve.Measures() {
						row.Measure, row.Value = m.Name, stats.Number(m.Of(a))
						b.table.CurveRows = append(b.table.CurveRows, row)
					}
				}
			}
		}
	}
}

// mostCurveAttackers is the number of attackers up to which each has a line in the
// figure of a learning curve.
const mostCurveAttackers = 10

// learning draws the learning curve of each game that has one, a figure for each: the
// attackers' ASRs and the standard accuracy against the epoch, means over the seeds. Of
// more than mostCurves games it draws some.
func (d *drawing) learning() error {
	var scored []*series
	for _, s := range d.done() {
		if len(s.curve()) > 1 { // a point is no curve
			scored = append(scored, s)
		}
	}
	drawn := scored
	if len(drawn) > mostCurves {
		drawn = spreadOut(drawn, mostCurves)
	}
	for i, s := range drawn {
		chart := d.learningChart(s)
		chart.Name = fmt.Sprintf("learning-%d", i+1)
		if len(drawn) < len(scored) {
			chart.Caption += fmt.Sprintf(" %d of %d games have such a figure.", len(drawn), len(scored))
		}
		if err := d.add(chart, []*series{s}); err != nil {
			return err
		}
	}
	return nil
}

// learningChart returns the figure of a game's learning curve.
func (d *drawing) learningChart(s *series) figures.Chart {
	chart := figures.Chart{
		Title: "Learning curves, " + d.gameName(s),
		Caption: "ASR of each attacker and standard accuracy after epochs, on the held-out images that curves are measured on; mean over the seeds. " +
			"Points with capped bars: mean over the attackers with its 95 % CI " + d.intervalBasis() + ".",
		X: figures.Axis{Label: "epoch", Count: true}, Y: figures.Axis{Label: "ASR and standard accuracy", Share: true, Whole: true},
	}
	accuracy := figures.Line{Name: "standard accuracy", Quiet: true, Bare: true}
	average := figures.Line{Name: "mean ASR"}
	lines := make([]figures.Line, s.n)
	for i, a := range s.attackers() {
		lines[i] = figures.Line{Name: fmt.Sprintf("attacker %d", a.ID), Bare: true}
	}
	for _, at := range s.curve() {
		x := float64(at.epoch)
		accuracy.Points = append(accuracy.Points, at.mean(func(p curve.Point) game.Rate { return p.CleanAccuracy }, played.answers))
		average.Points = append(average.Points, point(x, table.NewSpread(table.QuantityASR, at.asrs())))
		for i := range lines {
			lines[i].Points = append(lines[i].Points, at.mean(func(p curve.Point) game.Rate { return p.Attackers[i].ASR }, once))
		}
	}
	if s.n > mostCurveAttackers {
		chart.Caption += fmt.Sprintf(" Of the %d attackers the mean is shown; thin bars: population standard deviation over them.", s.n)
		lines = nil
	} else {
		for i := range average.Points { // the lines show the spread
			average.Points[i].Spread = float64(stats.Undefined())
		}
	}
	if s.n == 1 { // its line is the mean
		average.Name, lines = lines[0].Name, nil
	}
	chart.Lines = append(append([]figures.Line{average}, lines...), accuracy)
	return chart
}

// scoredEpoch holds the points of a game's learning curves after one epoch, one for each
// seed and training.
type scoredEpoch struct {
	epoch  int
	games  []played
	points []curve.Point // in the order of games
}

// mean returns the mean of a rate over the seeds as a point of a chart. The rate of a game
// is over each of its images so many times.
func (e scoredEpoch) mean(of func(curve.Point) game.Rate, times func(played) int) figures.Point {
	var all perSeed[table.Measured]
	for i, at := range e.points {
		all.add(e.games[i].point.Seed, table.Measured{Value: of(at).Value(), Images: of(at).Of / times(e.games[i])})
	}
	seeds := all.joined(meanMeasured)
	p := figures.At(float64(e.epoch), float64(stats.Over(seeds, func(m table.Measured) float64 { return m.Value }).Mean))
	for _, seed := range seeds {
		p.Images += seed.Images
	}
	return p
}

// once counts each image of a rate once.
func once(played) int { return 1 }

// answers returns the number of models over whose answers the game's standard accuracy is.
func (p played) answers() int { return max(1, p.game.CleanAccuracy.Of/max(1, p.cleanImages())) }

// asrs returns the ASR over the attackers of each seed.
func (e scoredEpoch) asrs() []table.MeasuredSpread {
	var all perSeed[table.MeasuredSpread]
	for i, p := range e.points {
		each := make([]int, len(p.Attackers))
		for j, a := range p.Attackers {
			each[j] = a.ASR.Of
		}
		at := e.games[i].point
		all.add(at.Seed, table.MeasuredSpread{Over: p.ASRs(), Images: at.Readings.DistinctImages(each)})
	}
	return all.joined(meanSpread)
}

// curve returns the epochs after which the game is scored in every seed that has a result;
// none if one of these seeds has no learning curve.
func (s *series) curve() []scoredEpoch {
	done := s.complete()
	if len(done) == 0 {
		return nil
	}
	var epochs []scoredEpoch
	for _, first := range done[0].game.Curve {
		at := scoredEpoch{epoch: first.Epoch}
		for _, p := range done {
			if point, ok := pointAfter(p.game, first.Epoch); ok {
				at.games, at.points = append(at.games, p), append(at.points, point)
			}
		}
		if len(at.points) == len(done) {
			epochs = append(epochs, at)
		}
	}
	return epochs
}

// pointAfter returns the point of a game's learning curve after an epoch, and whether there
// is one.
func pointAfter(g *summary.GameSummary, epoch int) (curve.Point, bool) {
	for _, p := range g.Curve {
		if p.Epoch == epoch {
			return p, true
		}
	}
	return curve.Point{}, false
}

// curveDefender stands for the defender among the agents of a curve's rows.
const curveDefender = "defender"
