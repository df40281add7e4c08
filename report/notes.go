package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"backfire/experiments/cell"
	"backfire/experiments/summary"
	"backfire/internal/network"
	"backfire/internal/words"
	"backfire/paper"
	"backfire/report/table"
)

// notes adds the notes on columns, scale, readings and targets; for a table of the
// paper also its source.
func (b *builder) notes(ofPaper bool) {
	t := b.table
	note := func(format string, args ...any) { t.Notes = append(t.Notes, fmt.Sprintf(format, args...)) }
	robust := ""
	if slices.ContainsFunc(t.Columns, func(c table.Column) bool { return c.Head == robustHead }) {
		robust = "; " + robustHead + ": robustness accuracy, images with the trigger taken for what they are"
	}
	note("In percent. ASR: images with the trigger taken for the target; base rate: the same images without it; acc.: standard accuracy, "+
		"of the defender on clean images%s. Behind ±: the population standard deviation over the attackers of a game%s. %s",
		robust, map[bool]string{true: ", averaged over the seeds"}[len(b.table.Seeds) > 1], b.intervals())
	if text := b.comparedNote(); text != "" {
		note("%s", text)
	}
	if text := b.costs(); text != "" {
		note("%s", text)
	}
	if text := b.correlations(); text != "" {
		note("%s", text)
	}
	note("%s", b.scale())
	if text := b.arithmeticNote(); text != "" {
		note("%s", text)
	}
	if text := b.sharedPixels(); text != "" {
		note("%s", text)
	}
	note("%s", b.readingsNote())
	note("%s", b.targets())
	if ofPaper {
		note("%s", b.source())
	}
}

// costs returns a note on the training cost of the defenders; empty if none has a
// result.
func (b *builder) costs() string {
	least, most := map[string]float64{}, map[string]float64{}
	var names []string
	for _, s := range b.all {
		share := s.cost().Mean
		if s.defended() == "" || !share.Defined() {
			continue
		}
		if !slices.Contains(names, s.defender) {
			names = append(names, s.defender)
			least[s.defender], most[s.defender] = float64(share), float64(share)
		}
		least[s.defender], most[s.defender] = min(least[s.defender], float64(share)), max(most[s.defender], float64(share))
	}
	if len(names) == 0 {
		return ""
	}
	for i, name := range names {
		low, high := fmt.Sprintf("%.2f", least[name]), fmt.Sprintf("%.2f", most[name])
		names[i] = name + " " + low
		if low != high {
			names[i] += " to " + high
		}
	}
	text := "Images through training steps, as a multiple of the same game's without a defense: " + strings.Join(names, ", ") + "."
	if slices.ContainsFunc(b.table.Columns, func(c table.Column) bool { return c.Group == againstNone }) {
		text += " Against none: changes in points against that game, seed by seed; images, and the time that all epochs took, in percent of its. " +
			"Times depend on the machine and on what else it did."
		if slices.ContainsFunc(b.all, func(s *series) bool {
			return slices.ContainsFunc(s.complete(), func(p played) bool { return len(p.game.Models) > 1 })
		}) {
			text += " Of several models, acc. is the mean over those that answer, and each attacker's ASR is that of the one that answers it."
		}
	}
	return text
}

// sharedPixels returns a note on held-out images that were also trained on under another number; empty
// if there are none.
func (b *builder) sharedPixels() string {
	most, games, all := 0, 0, 0
	for _, s := range b.all {
		for _, p := range s.complete() {
			if all++; p.game.SharedPixels > 0 {
				games++
			}
			most = max(most, p.game.SharedPixels)
		}
	}
	if most == 0 {
		return ""
	}
	return fmt.Sprintf("Repeated images: in %d of %s, up to %d held-out images have the pixels of an image that an agent contributed.",
		games, words.Plural(all, "game"), most)
}

// pointSummaries returns the distinct points behind the table.
func (b *builder) pointSummaries() []*summary.PointSummary {
	var points []*summary.PointSummary
	for _, s := range b.all {
		for _, p := range s.games {
			if !slices.Contains(points, p.point) {
				points = append(points, p.point)
			}
		}
	}
	return points
}

// seeds returns the seeds of the sweep, ascending.
func (b *builder) seeds() []uint64 {
	var seeds []uint64
	for _, p := range b.pointSummaries() {
		seeds = append(seeds, p.Seed)
	}
	slices.Sort(seeds)
	return slices.Compact(seeds)
}

// intervals returns sentences on the intervals and the decimals of the figures.
func (b *builder) intervals() string {
	seeds := b.table.Seeds
	text := fmt.Sprintf("Figures are means over %d seeds. 95 %% CI: the confidence interval of the mean over the seeds, by betting; "+
		"it assumes nothing but the range of the figure, and holds however often seeds are added. Limits are rounded outward.", len(seeds))
	if len(seeds) == 1 {
		text = fmt.Sprintf("One seed: %d, so there is no interval over seeds.", seeds[0])
	}
	if b.shows(func(v table.Value) bool { return v.CIOver == table.OverImages }) {
		text += " 95 % CI, images: where one seed is behind a figure, the binomial interval (Wilson) over the images of that one game; " +
			"another seed may change the figure by far more."
	}
	if b.shows(func(v table.Value) bool { return v.FewImages() }) {
		text += " Figures of fewer than 500 images have no decimal."
	}
	return text
}

// shows reports whether the table has a value with a property.
func (b *builder) shows(property func(table.Value) bool) bool {
	has := func(e table.Entry) bool { return slices.ContainsFunc(e.Values, property) }
	return slices.ContainsFunc(b.table.Rows, func(r table.Row) bool { return slices.ContainsFunc(r.Entries, has) }) ||
		slices.ContainsFunc(b.table.Lists, func(l table.AttackerList) bool { return slices.ContainsFunc(l.Entries, has) })
}

// scale returns a note with the number of models and seeds, the preset, and the sizes
// of pool, network and training.
func (b *builder) scale() string {
	points := b.pointSummaries()
	first := points[0]
	model := first.Model.Architecture
	model = network.Title(model)
	text := fmt.Sprintf("%s, %s (%s)", words.Plural(b.table.Models, "model"), words.Plural(len(b.table.Seeds), "seed"), table.SeedList(b.table.Seeds))
	if b.opt.Preset != "" {
		text += ", preset " + b.opt.Preset
	}
	return text + fmt.Sprintf(": %s of %d images of %s; %s of width %s, batch %s, epochs: %s%s.",
		common(points, func(p *summary.PointSummary) int { return p.Pool }), first.Data.Images, first.Data.Name, model,
		common(points, func(p *summary.PointSummary) int { return p.Model.Width }),
		common(points, func(p *summary.PointSummary) int { return p.Training.Batch }),
		common(points, func(p *summary.PointSummary) int { return p.Training.Epochs }), b.stopped())
}

// common returns a number that all points share, or its range over the points.
func common(points []*summary.PointSummary, of func(*summary.PointSummary) int) string {
	least, most := of(points[0]), of(points[0])
	for _, p := range points {
		least, most = min(least, of(p)), max(most, of(p))
	}
	if least == most {
		return fmt.Sprint(least)
	}
	return fmt.Sprintf("%d to %d", least, most)
}

// trained returns the hashes of the trained models behind the table, sorted, including
// those of triggers that were not kept.
func (b *builder) trained() []string {
	models := map[string]bool{}
	for _, s := range b.all {
		for _, p := range s.complete() {
			for _, model := range p.game.Models {
				models[model] = true
			}
			for _, a := range p.game.Attackers {
				if a.SingleASR != nil {
					models[a.SingleCell] = true
				}
				for _, d := range a.Candidates {
					if d.ASR != nil {
						models[d.Cell] = true
					}
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(models))
}

// readings returns the distinct choices of what the paper leaves open, in the order of
// the points.
func (b *builder) readings() []table.Readings {
	var readings []table.Readings
	for _, p := range b.pointSummaries() {
		if r := table.Readings(p.Readings); !slices.Contains(readings, r) {
			readings = append(readings, r)
		}
	}
	return readings
}

// targets returns a note on the target labels of the attackers.
func (b *builder) targets() string {
	labels := map[string]bool{}
	label := ""
	for _, s := range b.all {
		if s.labels == "random" {
			return "Target labels: each attacker's own, drawn at random for each seed."
		}
		for _, a := range s.attackers() {
			label = words.Class(a.Label, a.Target)
			labels[label] = true
		}
	}
	switch {
	case len(labels) == 0:
		return "Target labels: as configured."
	case len(labels) == 1:
		return fmt.Sprintf("Target label of every attacker: %s.", label)
	case b.kind == Points && b.labelTexts() != "":
		return fmt.Sprintf("Target labels by attacker: %s.", b.labelTexts())
	default:
		return "Target labels: chosen for each attacker."
	}
}

// source returns a note on the figures of the paper.
func (b *builder) source() string {
	if b.paper == nil {
		return fmt.Sprintf("The paper has no figures for %s; it used %s. Paper: %s.", b.table.Dataset, strings.Join(paper.Datasets(), " and "), paper.Source)
	}
	text := "Paper: " + paper.Source + ". It names no number of runs, pool size or optimiser."
	text += fmt.Sprintf(" It repeats within ±%.0f points: so far apart are the means that its Tables 1 and 2 give for one game.", b.paper.Repeatability())
	if b.table.Name == string(Table1) || b.table.Name == string(Table2) {
		text += " Its mean ± std is computed here from its figures."
	}
	if b.table.Name == string(Table3) {
		text += " Its data augmentation is CutMix."
	}
	if b.usual != paperRate {
		text += fmt.Sprintf(" Its p is %v, so that figures at p = %v have no counterpart.", paperRate, b.usual)
	}
	return text
}

// ReadingsText describes the choices that the paper leaves open in words.
func ReadingsText(r cell.Readings) string { return table.ReadingsText(table.Readings(r)) }
