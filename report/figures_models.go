package report

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/figures"
	"backfire/game"
	"backfire/stats"
)

// cross draws the cross-trigger matrix of the largest undefended game, and that
// of the largest whose attackers want different labels.
func (d *drawing) cross() error {
	if d.opt.Result == nil {
		return nil
	}
	var largest, distinct *series
	for _, s := range d.done() {
		if s.n < 2 || s.defended() != "" {
			continue
		}
		if largest == nil || s.n > largest.n {
			largest = s
		}
		if !oneLabel(s) && (distinct == nil || s.n > distinct.n) {
			distinct = s
		}
	}
	for _, s := range slices.Compact([]*series{largest, distinct}) {
		if s == nil || oneLabel(s) && d.opt.Predictions != nil { // destinations says more then
			continue
		}
		if err := d.crossOf(s); err != nil {
			return err
		}
	}
	return nil
}

// oneLabel reports whether all attackers of a game have the same target label.
func oneLabel(s *series) bool {
	attackers := s.attackers()
	return s.labels != "random" && !slices.ContainsFunc(attackers, func(a summary.GameAttacker) bool { return a.Target != attackers[0].Target })
}

// mostCross is the number of attackers up to which each has a row and a column in
// the drawing of the cross-trigger matrix.
const mostCross = 100

// crossOf draws the matrix of one game, the mean over its seeds.
func (d *drawing) crossOf(s *series) error {
	if s.n > mostCross && oneLabel(s) {
		return nil // by target the matrix has one entry
	}
	var matrices []crossing
	for _, p := range s.complete() {
		result, err := d.opt.Result(p.game.Cell)
		if err != nil {
			return err
		}
		if result != nil {
			matrices = append(matrices, crossing{p, result.Cross})
		}
	}
	if len(matrices) == 0 {
		return nil
	}
	if s.n > mostCross {
		return d.crossByTarget(s, matrices)
	}
	heat := figures.Heat{
		Name: "cross", Title: "Cross-trigger matrix, " + d.gameName(s), Images: fewestImages(matrices),
		Caption:  "Share of a row's held-out images, with its attacker's trigger, that are taken for the target of the column's attacker, in percent.",
		RowLabel: "trigger of", ColumnLabel: "taken for the target of",
	}
	if oneLabel(s) {
		heat.Caption += " All attackers have one target, so that a row says one thing."
	} else {
		heat.Name = "cross-labels"
	}
	for i, a := range s.attackers() {
		heat.Rows = append(heat.Rows, fmt.Sprint(a.ID))
		column := fmt.Sprint(a.ID)
		if s.labels != "random" && !oneLabel(s) {
			column += ": " + a.Label
		}
		heat.Columns = append(heat.Columns, column)
		var row []float64
		for j := range s.attackers() {
			row = append(row, float64(stats.Over(matrices, func(m crossing) float64 { return m.rates[i][j].Value() }).Mean))
		}
		heat.Shares = append(heat.Shares, row)
	}
	return d.add(heat, []*series{s})
}

// crossing is the cross-trigger matrix of a game of one seed.
type crossing struct {
	played
	rates [][]game.Rate
}

// fewestImages returns the smallest number of images behind an entry of the matrices'
// mean.
func fewestImages(matrices []crossing) int {
	fewest := math.MaxInt
	for i, row := range matrices[0].rates {
		for j := range row {
			images := 0
			for _, m := range matrices {
				images += m.rates[i][j].Of
			}
			fewest = min(fewest, images)
		}
	}
	return fewest
}

// crossByTarget draws the matrix of a game with many attackers by target label: those
// with the same target share a row and a column. It draws nothing if all attackers have
// one target.
func (d *drawing) crossByTarget(s *series, matrices []crossing) error {
	shares := map[[2]int][]float64{} // by target of the trigger's attacker and target
	images := map[[2]int]int{}
	targets := map[int]string{}
	for _, m := range matrices {
		seen := map[[2]int]bool{} // by attacker and target: columns of the same target are equal
		for i, a := range m.game.Attackers {
			targets[int(a.Target)] = a.Label
			for j, b := range m.game.Attackers {
				if key := [2]int{i, int(b.Target)}; !seen[key] {
					seen[key] = true
					pair := [2]int{int(a.Target), int(b.Target)}
					shares[pair] = append(shares[pair], m.rates[i][j].Value())
					images[pair] += m.rates[i][j].Of
				}
			}
		}
	}
	if len(targets) < 2 {
		return nil
	}
	heat := figures.Heat{
		Name: "cross-labels", Title: "Cross-trigger matrix by target, " + d.gameName(s), Images: slices.Min(slices.Collect(maps.Values(images))),
		Caption: fmt.Sprintf("Share of held-out images, with the trigger of an attacker who wants the row's label, that are taken for the column's, in percent: "+
			"means over these of the %d attackers.", s.n),
		RowLabel: "trigger of those who want", ColumnLabel: "taken for",
	}
	ordered := slices.Sorted(maps.Keys(targets))
	for _, a := range ordered {
		heat.Rows, heat.Columns = append(heat.Rows, targets[a]), append(heat.Columns, targets[a])
		var row []float64
		for _, b := range ordered {
			row = append(row, float64(stats.Summarize(shares[[2]int{a, b}]).Mean))
		}
		heat.Shares = append(heat.Shares, row)
	}
	return d.add(heat, []*series{s})
}

// mostCurves is the number of games whose training is drawn in one figure.
const mostCurves = 6

// curves draws loss and training accuracy per epoch, a line for each game of two
// epochs or more: the mean over its seeds and models.
func (d *drawing) curves() error {
	if d.opt.Metrics == nil {
		return nil
	}
	done := d.done()
	drawn := done
	if len(drawn) > mostCurves {
		drawn = spreadOut(drawn, mostCurves)
	}
	loss := figures.Chart{
		Name: "training-loss", Title: "Training loss", Caption: "Cross-entropy per epoch, mean over seeds and models.",
		X: figures.Axis{Label: "epoch", Count: true}, Y: figures.Axis{Label: "loss"},
	}
	hits := figures.Chart{
		Name: "training-accuracy", Title: "Training accuracy", Caption: "On the labels trained on, poisoned ones among them, per epoch; mean over seeds and models.",
		X: figures.Axis{Label: "epoch", Count: true}, Y: figures.Axis{Label: "training accuracy", Share: true, Whole: true},
	}
	if len(drawn) < len(done) {
		more := fmt.Sprintf(" %d of %d games.", len(drawn), len(done))
		loss.Caption, hits.Caption = loss.Caption+more, hits.Caption+more
	}
	for _, s := range drawn {
		epochs, err := d.epochs(s)
		if err != nil {
			return err
		}
		if len(epochs) < 2 { // a point is no curve
			continue
		}
		name := d.gameName(s)
		lossLine, hitsLine := figures.Line{Name: name, Bare: true}, figures.Line{Name: name, Bare: true}
		for i, models := range epochs {
			lossLine.Points = append(lossLine.Points, figures.At(float64(i+1), mean(models, func(e store.EpochMetrics) float64 { return e.Loss })))
			hitsLine.Points = append(hitsLine.Points, figures.At(float64(i+1), mean(models, func(e store.EpochMetrics) float64 { return e.TrainAccuracy })))
		}
		loss.Lines, hits.Lines = append(loss.Lines, lossLine), append(hits.Lines, hitsLine)
	}
	if err := d.add(loss, drawn); err != nil {
		return err
	}
	return d.add(hits, drawn)
}

// spreadOut returns n of many series at equal distances, including the first and the
// last.
func spreadOut(all []*series, n int) []*series {
	var some []*series
	for i := range n {
		some = append(some, all[int(math.Round(float64(i)*float64(len(all)-1)/float64(n-1)))])
	}
	return some
}

// epochs returns the metrics of every model of a game, by epoch.
func (d *drawing) epochs(s *series) ([][]store.EpochMetrics, error) {
	var epochs [][]store.EpochMetrics
	for _, p := range s.complete() {
		for _, model := range p.game.Models {
			metrics, err := d.opt.Metrics(model)
			if err != nil {
				return nil, err
			}
			for i, m := range metrics {
				if i == len(epochs) {
					epochs = append(epochs, nil)
				}
				epochs[i] = append(epochs[i], m)
			}
		}
	}
	return epochs, nil
}

// mean returns the mean of one metric over models.
func mean(models []store.EpochMetrics, of func(store.EpochMetrics) float64) float64 {
	return float64(stats.Over(models, of).Mean)
}
