// Package charts draws the answers of an audit: phase diagrams and the law of shares.
package charts

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"backfire/audit/phase"
	"backfire/audit/shares"
	"backfire/figures"
	"backfire/paper"
	"backfire/stats"
)

// Quantity names a figure of a phase diagram's cells.
type Quantity string

// The quantities. Success, ASR and lift are shares, interference is a difference.
const (
	Success      Quantity = "success"
	ASR          Quantity = "ASR"
	Lift         Quantity = "lift"
	Interference Quantity = "interference"
)

// of returns the quantity of a cell.
func (q Quantity) of(c phase.Cell) float64 {
	return float64(map[Quantity]stats.Number{Success: c.Success, ASR: c.ASR, Lift: c.Lift, Interference: c.Interference}[q])
}

// Map draws a quantity of a diagram over k and N, with the cells hatched whose share of
// successes is undecided, and the contour of 50 % success. The published ASRs are drawn at
// their places in maps of the ASR and of success; they may be nil.
func Map(d phase.Diagram, q Quantity, published []paper.Place) (*figures.Figure, error) {
	m := figures.PhaseMap{
		Name: "phase-" + string(q), Title: fmt.Sprintf("%s by poisoned images and attackers, %s", capital(q), d.Reading),
		Caption: capital(q) + " over the number of poisoned images of each attacker k and the number of attackers N. " +
			"Hatched: whether half of the attackers succeed is undecided. Line: the k at which half succeed, by logistic regression with Firth's penalty; dashed: 95 % band over the seeds.",
		Quantity: string(q), Signed: q == Lift || q == Interference,
	}
	for _, c := range d.Cells {
		m.Cells = append(m.Cells, figures.MapCell{N: c.N, K: c.K, Value: q.of(c), Undecided: c.Standing == phase.Undecided, Seeds: len(c.Seeds)})
	}
	for _, c := range d.Curves {
		m.Contour = append(m.Contour, contour(c))
	}
	if q == Success || q == ASR {
		for _, p := range published {
			m.Points = append(m.Points, figures.MapPoint{N: p.N, K: p.K, Value: p.ASR / 100, Source: p.Source})
		}
		if len(published) > 0 {
			m.Caption += " Signs: the published mean ASR."
		}
	}
	return m.Figure()
}

// capital returns the name of a quantity to begin a sentence with.
func capital(q Quantity) string {
	if q == ASR {
		return string(q)
	}
	return string(q[0]-'a'+'A') + string(q[1:])
}

// contour returns the contour of one curve. A limit of the band beyond the k that were
// played is drawn at the edge.
func contour(c phase.Curve) figures.MapContour {
	out := figures.MapContour{N: c.N, K: math.NaN(), Band: figures.Bar{Low: float64(c.Smallest) / 2, High: 2 * float64(c.Largest)}}
	if c.Low.Defined() {
		out.Band.Low = float64(c.Low)
	}
	if c.High.Defined() {
		out.Band.High = float64(c.High)
	}
	switch c.Position {
	case phase.Within:
		out.K = float64(c.Half)
	case phase.Smaller:
		out.Beyond, out.Band = fmt.Sprintf("at or below k = %d", c.Smallest), figures.Bar{}
	case phase.Larger:
		out.Beyond, out.Band = fmt.Sprintf("above k = %d", c.Largest), figures.Bar{}
	default:
		out.Beyond, out.Band = "nowhere: success falls with k", figures.Bar{}
	}
	return out
}

// Curves draws a quantity against k with one curve for each N. If the curves coincide,
// dilution explains everything; the caption has the answer.
func Curves(d phase.Diagram, q Quantity) (*figures.Figure, error) {
	chart := figures.Chart{
		Name: "curves-" + string(q), Title: fmt.Sprintf("%s by poisoned images, %s", capital(q), d.Reading),
		Caption: "Means over the seeds, one curve for each number of attackers N.",
		X:       figures.Axis{Label: "poisoned images per attacker k", Listed: true},
		Y:       figures.Axis{Label: string(q), Share: true, Whole: q == Success || q == ASR, Points: q == Lift || q == Interference},
	}
	if d.Coincidence != nil {
		chart.Caption += " " + d.Coincidence.Sentence
	}
	for _, c := range d.Cells {
		if math.IsNaN(q.of(c)) {
			continue
		}
		name := fmt.Sprintf("N = %d", c.N)
		if last := len(chart.Lines) - 1; last < 0 || chart.Lines[last].Name != name {
			chart.Lines = append(chart.Lines, figures.Line{Name: name})
		}
		last := &chart.Lines[len(chart.Lines)-1]
		p := figures.At(float64(c.K), q.of(c))
		if q == Success {
			p.YBar = figures.Bar{Low: float64(c.Low), High: float64(c.High)}
		}
		last.Points = append(last.Points, p)
	}
	return chart.Figure()
}

// Law draws the interference of every attacker against the share of its single success
// that the law of shares has it lose, (1 - distinguishability)(1 - label agreement), and
// the law's line for the mean single ASR. The distinguishability is that which the
// cross-trigger matrix shows, and the design's where the matrix does not tell. There is one
// sign for each distinguishability by design. The caption has the sentence of the law.
func Law(predictions []shares.Prediction, law *shares.Law) (*figures.Figure, error) {
	chart := figures.Chart{
		Name: "law-of-shares", Title: "Interference by conflict of labels",
		Caption: "Each sign is an attacker: its ASR among others less its ASR alone, against (1 - distinguishability of the triggers) x (1 - label agreement). " +
			"Distinguishability: by the cross-trigger matrix, or by the triggers' design where the matrix does not tell. Signs: by design. Line: the law of shares at the mean single ASR. " + law.Sentence,
		X: figures.Axis{Label: "conflict of labels", Share: true}, Y: figures.Axis{Label: "interference", Share: true, Points: true},
	}
	single, most := 0.0, 0.0
	for _, p := range byDesign(predictions) {
		name := designName(p.Design)
		if last := len(chart.Lines) - 1; last < 0 || chart.Lines[last].Name != name {
			chart.Lines = append(chart.Lines, figures.Line{Name: name, Loose: true})
		}
		last := &chart.Lines[len(chart.Lines)-1]
		last.Points = append(last.Points, figures.At(p.Conflict(), p.Interference()))
		single, most = single+p.Single/float64(len(predictions)), max(most, p.Conflict())
	}
	if most > 0 {
		chart.Lines = append(chart.Lines, figures.Line{
			Name: "law of shares", Bare: true, Quiet: true, Points: []figures.Point{figures.At(0, 0), figures.At(most, -single*most)},
		})
	}
	return chart.Figure()
}

// byDesign returns predictions by ascending distinguishability of the design.
func byDesign(predictions []shares.Prediction) []shares.Prediction {
	return slices.SortedStableFunc(slices.Values(predictions), func(a, b shares.Prediction) int { return cmp.Compare(a.Design, b.Design) })
}

// designName names a distinguishability by design.
func designName(design float64) string {
	switch design {
	case 0:
		return "a pattern per image"
	case 1:
		return "a pattern per attacker"
	default:
		return fmt.Sprintf("%.3g %% of a pattern per image", 100*(1-design))
	}
}
