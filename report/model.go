package report

import (
	"math"
	"slices"
	"strings"

	"backfire/claims"
	"backfire/experiments/cell"
	"backfire/stats"
)

// TableFormat is the version of Table's JSON.
const TableFormat = 1

// Table is a table before it has a form: the renderers of all formats read it
// and nothing else. Figures are shares in [0, 1].
type Table struct {
	Format  int    `json:"format"`
	Name    string `json:"name"` // table1, table2, table3 or sweep
	Dataset string `json:"dataset"`
	Title   string `json:"title"`
	// Heads are the heads of the columns of Row.Labels, Columns those of
	// Row.Cells.
	Heads     []string   `json:"heads"`
	Columns   []Column   `json:"columns"`
	Rows      []Row      `json:"rows"`
	Footnotes []Footnote `json:"footnotes"`
	// Seeds, Models and Readings say what the table was made from: the seeds,
	// ascending, the number of trained models, those of triggers that were not
	// kept among them, and the distinct choices of what the paper leaves open.
	Seeds    []uint64        `json:"seeds"`
	Models   int             `json:"models"`
	Readings []cell.Readings `json:"readings"`
	// Notes are sentences about the whole table.
	Notes []string `json:"notes"`
	// Verdicts settle those of the paper's claims that the table speaks to.
	Verdicts []claims.Verdict `json:"verdicts"`
	// Runs is what the table was made from: every attacker of every game.
	Runs []Run `json:"runs"`
}

// Column is a column of figures.
type Column struct {
	Group string `json:"group,omitempty"` // stands above neighbours that share it
	Head  string `json:"head"`
}

// title is the column's head where there are no groups.
func (c Column) title() string { return strings.TrimSpace(c.Group + " " + c.Head) }

// Row is a row: what it is about, then its cells, one for each column.
type Row struct {
	Labels []string `json:"labels"`
	Marks  []string `json:"marks,omitempty"` // of Table.Footnotes, about the whole row
	Cells  []Cell   `json:"cells"`
}

// Cell is a cell: empty, missing, or some figures.
type Cell struct {
	// Caption stands above the figures; empty: none.
	Caption string   `json:"caption,omitempty"`
	Figures []Figure `json:"figures,omitempty"`
	Marks   []string `json:"marks,omitempty"` // of Table.Footnotes
}

// hoist moves marks that all cells of the row share, if there are several, to
// the row.
func (r *Row) hoist() {
	if len(r.Cells) < 2 {
		return
	}
	for _, mark := range slices.Clone(r.Cells[0].Marks) {
		if slices.ContainsFunc(r.Cells, func(c Cell) bool { return !slices.Contains(c.Marks, mark) }) {
			continue
		}
		r.Marks = append(r.Marks, mark)
		for i, c := range r.Cells {
			r.Cells[i].Marks = slices.DeleteFunc(slices.Clone(c.Marks), func(m string) bool { return m == mark })
		}
	}
}

// Quantity names what a Figure is about.
type Quantity string

// The quantities.
const (
	QuantityASR       Quantity = "asr"
	QuantitySingleASR Quantity = "single_asr"
	QuantityClean     Quantity = "clean_accuracy"
	QuantityBaseRate  Quantity = "base_rate"
	QuantityRobust    Quantity = "robustness"
	QuantityTopOne    Quantity = "top_one"

	// Against the same game without a defense: differences in [-1, 1], and the
	// images through training steps and the time of all epochs as shares of that
	// game's.
	QuantityASRChange    Quantity = "asr_change"
	QuantityCleanChange  Quantity = "clean_accuracy_change"
	QuantityRobustChange Quantity = "robustness_change"
	QuantityCost         Quantity = "images_share"
	QuantityTime         Quantity = "train_seconds_share"
)

// Figure is one measured quantity beside the paper's figure for it.
type Figure struct {
	Quantity Quantity `json:"quantity"`
	// Mean is the mean over the seeds; undefined: there is none, and a
	// footnote says why.
	Mean stats.Number `json:"mean"`
	// CI95 is the half width of the 95 % confidence interval of Mean over the
	// seeds (Student's t); undefined with fewer than two.
	CI95 stats.Number `json:"ci95"`
	// Spread says that a run's value is a mean over its attackers. Std is then
	// the population standard deviation over the attackers of a run, averaged
	// over the seeds.
	Spread bool         `json:"spread"`
	Std    stats.Number `json:"std"`
	// Seeds counts the runs behind the figure, one per seed.
	Seeds int `json:"seeds"`
	// Paper and PaperStd are the paper's figures for Mean and Std; undefined
	// where it has none.
	Paper    stats.Number `json:"paper"`
	PaperStd stats.Number `json:"paper_std"`
	// Bracketed says that the paper prints the quantity in brackets.
	Bracketed bool `json:"bracketed"`
}

// newFigure returns the figure of a quantity from its value in each seed.
func newFigure(quantity Quantity, values []float64) Figure {
	over := stats.Summarize(values)
	return Figure{
		Quantity: quantity, Mean: over.Mean, CI95: over.CI95, Seeds: over.N,
		Std: stats.Undefined(), Paper: stats.Undefined(), PaperStd: stats.Undefined(),
	}
}

// newSpread returns the figure of a quantity that each seed has summarised over
// its attackers.
func newSpread(quantity Quantity, summaries []stats.Summary) Figure {
	means, stds := make([]float64, len(summaries)), make([]float64, len(summaries))
	for i, s := range summaries {
		means[i], stds[i] = float64(s.Mean), float64(s.Std)
	}
	f := newFigure(quantity, means)
	f.Spread, f.Std = true, stats.Summarize(stds).Mean
	return f
}

// beside returns the figure beside a figure of the paper in percent.
func (f Figure) beside(paper float64) Figure {
	f.Paper = printedShare(paper)
	return f
}

// printedShare is a percentage of few decimals as a share with as few digits.
func printedShare(percent float64) stats.Number {
	return stats.Number(math.Round(1e4*percent) / 1e6)
}

// besideSpread returns the figure beside a mean and deviation of the paper in
// percent.
func (f Figure) besideSpread(mean, std float64) Figure {
	f.Paper, f.PaperStd = printedShare(mean), printedShare(std)
	return f
}

// inBrackets returns the figure as one that is printed in brackets.
func (f Figure) inBrackets() Figure {
	f.Bracketed = true
	return f
}

// Footnote explains a mark.
type Footnote struct {
	Mark string `json:"mark"` // a, b, ...
	Text string `json:"text"`
}

// mark returns the mark of a footnote with the text, a new one if there is none
// yet.
func (t *Table) mark(text string) string {
	for _, note := range t.Footnotes {
		if note.Text == text {
			return note.Mark
		}
	}
	mark := letters(len(t.Footnotes))
	t.Footnotes = append(t.Footnotes, Footnote{mark, text})
	return mark
}

// letters counts a, b, ..., z, aa, ab, ...
func letters(i int) string {
	const alphabet = 'z' - 'a' + 1
	last := string(rune('a' + i%alphabet))
	if i < alphabet {
		return last
	}
	return letters(i/alphabet-1) + last
}
