// Package report makes tables, verdicts on the paper's claims and figures of summaries
// of stored results. New builds a table, such as one of the paper's, which package
// table writes in each of its forms; Figures draws. Every number comes from a summary,
// and so from the store; only means over seeds are computed here.
package report

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"backfire/experiments/curve"
	"backfire/experiments/plan"
	"backfire/experiments/removed"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/game"
	"backfire/paper"
	"backfire/report/table"
	"backfire/stats"
)

// Kind is the kind of table that is made of a summary.
type Kind string

// The kinds.
const (
	Table1 Kind = "table1"
	Table2 Kind = "table2"
	Table3 Kind = "table3"
	// Points is the table of a run and of any other sweep: a row for each game of
	// each point.
	Points Kind = "points"
	// Families compares defenders: a row for each, with the games of each number of
	// attackers beside each other.
	Families Kind = "families"
	// Filters is a second table of a sweep with filters: what they removed of each
	// agent's images.
	Filters Kind = "filters"
	// Values is a second table of a sweep with indexing that leaves out honest contributors, too:
	// what the removal of each agent's images does to the defender.
	Values Kind = "values"
	// Certificates is a second table of a sweep with votes over agents: their certified
	// accuracies, and the answers that attacks changed.
	Certificates Kind = "certificates"
	// Unknown is a second table of a sweep with games that are queried without an
	// index: it compares the ways to answer such queries.
	Unknown Kind = "unknown-index"
)

// SecondTables lists the kinds of tables that stand below the table of a sweep whose
// games have what they show.
func SecondTables() []Kind { return []Kind{Unknown, Filters, Values, Certificates} }

// ErrEmpty is returned where a summary has no game for a table.
var ErrEmpty = errors.New("nothing to report")

// Options completes a summary.
type Options struct {
	Name   string // of the table; empty: its kind
	Title  string // of a table of Points; empty: its name
	Preset string // that the sweep started from; empty: none
	// Failures gives the reasons why cells have no result.
	Failures []store.Failure
	// Result returns the result of a cell, for cross-trigger matrices and for claims
	// that compare an attacker with itself alone beyond the ASR. It may be nil, and it
	// may return nil without an error where the result of the cell is missing.
	Result func(cell string) (*store.Result, error)
	// Metrics returns the metrics of each epoch of a cell's training, for curves. It
	// may be nil, and it may return nil without an error where they are missing.
	Metrics func(cell string) ([]store.EpochMetrics, error)
	// Curve returns the learning curve of a cell, for the curves of attackers that are alone;
	// nil likewise.
	Curve func(cell string) (*curve.Curve, error)
	// Predictions returns the class of each probe of a cell as its model predicts it, in the
	// order of game.Probes, and Labels the true classes of the defender's held-out images; nil
	// likewise.
	Predictions func(cell string) ([]uint16, error)
	Labels      func(cell string) ([]uint16, error)
	// Environment returns the machine on which a cell was trained, for a note on models
	// that were trained in different arithmetic. It may be nil, and it may return nil
	// where the machine is not known.
	Environment func(cell string) (*store.Environment, error)
}

// New makes a table of a summary's games on one of its datasets. The error wraps
// ErrEmpty, or is that of Options.Result.
func New(kind Kind, s *summary.Summary, dataset string, opt Options) (*table.Table, error) {
	b, err := newBuilder(kind, s, dataset, opt)
	if err != nil {
		return nil, err
	}
	number := 0
	switch kind {
	case Table1:
		number = 1
		b.table1()
	case Table2:
		number = 2
		b.table2()
	case Table3:
		number = 3
		b.table3()
	case Unknown:
		b.unknown()
		if text := b.arithmeticNote(); text != "" {
			b.table.Notes = append(b.table.Notes, text)
		}
		b.table.AttackerRows = []table.AttackerRow{} // those of the sweep's own table
		return b.table, nil
	case Filters:
		b.filters()
		b.table.AttackerRows = []table.AttackerRow{} // those of the sweep's own table
		return b.table, nil
	case Values:
		b.values()
		b.table.AttackerRows = []table.AttackerRow{} // those of the sweep's own table
		return b.table, nil
	case Certificates:
		b.certificates()
		b.table.AttackerRows = []table.AttackerRow{} // those of the sweep's own table
		return b.table, nil
	case Families:
		b.families()
	default:
		b.points()
	}
	for i := range b.table.Rows {
		b.table.Rows[i].HoistMarks()
	}
	b.notes(number > 0)
	b.attackerRows()
	b.curveRows()
	if err := b.spreads(); err != nil {
		return nil, fmt.Errorf("report: %s on %s: %w", kind, dataset, err)
	}
	if err := b.judge(number); err != nil {
		return nil, fmt.Errorf("report: %s on %s: %w", kind, dataset, err)
	}
	if b.table.Finding == "" {
		b.table.Finding = b.plainFinding()
	}
	return b.table, nil
}

// newBuilder returns a builder with an empty table. The error wraps ErrEmpty.
func newBuilder(kind Kind, s *summary.Summary, dataset string, opt Options) (*builder, error) {
	b := &builder{kind: kind, opt: opt, all: collect(s, dataset), failures: map[string]string{}, primary: s.Primary}
	if kind == Unknown {
		b.all = slices.DeleteFunc(b.all, func(s *series) bool {
			return !slices.ContainsFunc(s.complete(), func(p played) bool { return len(p.game.Unknown) > 0 })
		})
	}
	if kind == Filters {
		b.all = slices.DeleteFunc(b.all, func(s *series) bool { return !s.filtered() })
	}
	if kind == Values {
		b.all = slices.DeleteFunc(b.all, func(s *series) bool { return !s.ranked() })
	}
	if kind == Certificates {
		b.all = slices.DeleteFunc(b.all, func(s *series) bool { return !s.votes() })
	}
	if len(b.all) == 0 {
		return nil, fmt.Errorf("report: %s on %s: %w", kind, dataset, ErrEmpty)
	}
	for _, failure := range opt.Failures {
		b.failures[failure.Cell] = failure.Error
	}
	b.usual = usualRate(b.all)
	if b.usual == 0 {
		b.usual = paperRate
	}
	b.strength = usualStrength(b.all, b.usual)
	b.table = &table.Table{
		Format: table.Version, Name: string(kind), Dataset: dataset,
		Heads: []string{}, Columns: []table.Column{}, Rows: []table.Row{}, Footnotes: []table.Footnote{}, Notes: []string{},
		Seeds: b.seeds(), Models: len(b.trained()), Readings: b.readings(),
	}
	if opt.Name != "" {
		b.table.Name = opt.Name
	}
	b.table.PaperRepeats = stats.Undefined()
	if figures, err := paper.For(dataset); err == nil {
		b.paper = &figures
		if slices.Contains([]Kind{Table1, Table2, Table3}, kind) {
			b.table.PaperRepeats = stats.Number(figures.Repeatability() / 100)
		}
	}
	return b, nil
}

// paperRate is the poison rate p of the paper's tables.
const paperRate = 0.2

// builder fills a table.
type builder struct {
	kind     Kind
	table    *table.Table
	opt      Options
	all      []*series
	usual    float64       // poison rate at which N, labels and defenses are compared
	strength strength      // that rate with the trigger sizes of most games at it
	paper    *paper.Tables // nil: the paper has no figures for the dataset
	failures map[string]string
	primary  *plan.Primary // nil: nothing was fixed before training
}

// attackerColumns adds a column for each attacker of the largest game and
// returns their number.
func (b *builder) attackerColumns(of []*series) int {
	most := 0
	for _, s := range of {
		most = max(most, s.n)
	}
	for i := range most {
		b.table.Columns = append(b.table.Columns, table.Column{Group: "attacker", Head: fmt.Sprint(i)})
	}
	return most
}

// gameMarks returns the marks of footnotes on a whole game: seeds without a result,
// collapsed models, triggers with many pixels in common.
func (b *builder) gameMarks(s *series) []string {
	var marks []string
	note := func(text string) {
		if text != "" {
			marks = append(marks, b.table.Mark(text))
		}
	}
	note(b.missing(s))
	note(collusion(s.attackers()))
	var collapsed, overlaps []string
	for _, p := range s.complete() {
		if p.game.Collapsed {
			collapsed = append(collapsed, p.seedText())
		}
		if text := overlapText(p.game.Overlaps, p.game.OverlapCount); text != "" {
			overlaps = append(overlaps, fmt.Sprintf("%s (seed %s)", text, p.seedText()))
		}
	}
	if len(collapsed) > 0 {
		note("Collapsed (" + seedsText(collapsed) + "): the model is no better than guessing, so its ASRs mean nothing; the means here include it.")
	}
	if len(overlaps) > 0 {
		note("Attackers whose triggers have many pixels in common: " + strings.Join(overlaps, "; ") + ".")
	}
	return marks
}

// overlapText lists pairs of triggers that share pixels by chance, or counts them if
// they are many. all is their number if pairs has not all of them, or 0.
func overlapText(pairs []game.PairOverlap, all int) string {
	const many = 3
	var texts []string
	most := 0.0
	pairs = slices.DeleteFunc(slices.Clone(pairs), func(o game.PairOverlap) bool { return o.Declared })
	for _, o := range pairs {
		texts = append(texts, fmt.Sprintf("%d and %d, %.0f %%", o.A, o.B, 100*o.Jaccard))
		most = max(most, o.Jaccard)
	}
	if max(all, len(pairs)) > many {
		return fmt.Sprintf("%d pairs, up to %.0f %%", max(all, len(pairs)), 100*most)
	}
	return strings.Join(texts, "; ")
}

// missing returns a text with the seeds that have no result and the reasons; empty if
// all have one.
func (b *builder) missing(s *series) string {
	var causes []string
	seeds := map[string][]string{}
	for _, p := range s.games {
		if p.game.Complete {
			continue
		}
		cause, failed := b.failure(p.game)
		switch {
		case failed:
		case len(b.failures) > 0:
			cause = "not trained, since a model that the game waits for failed"
		default:
			cause = "not trained yet"
		}
		if seeds[cause] == nil {
			causes = append(causes, cause)
		}
		seeds[cause] = append(seeds[cause], p.seedText())
	}
	for i, cause := range causes {
		causes[i] = seedsText(seeds[cause]) + ": " + cause
	}
	if len(causes) == 0 {
		return ""
	}
	return "No result, " + strings.Join(causes, "; ") + "."
}

// failure returns the reason why one of a game's models could not be trained, and
// whether there is such a model.
func (b *builder) failure(g *summary.GameSummary) (string, bool) {
	for _, model := range g.Models {
		if cause, failed := b.failures[model]; failed {
			return cause, true
		}
	}
	return "", false
}

// seedsText returns seeds in words: "seed 1", "seeds 1, 3".
func seedsText(seeds []string) string {
	if len(seeds) == 1 {
		return "seed " + seeds[0]
	}
	return "seeds " + strings.Join(seeds, ", ")
}

// attackerRows lists every attacker of every game.
func (b *builder) attackerRows() {
	b.table.AttackerRows = []table.AttackerRow{}
	for _, s := range b.all {
		for _, p := range s.complete() {
			for _, a := range p.game.Attackers {
				row := table.AttackerRow{
					Point: p.point.Name, Keys: p.point.Keys, Seed: p.point.Seed, Repetition: p.point.Repetition, Defender: s.defender, N: s.n, Cell: a.Model, Models: len(p.game.Models),
					Attacker: a.ID, Target: a.Target, Label: a.Label, Poisoned: a.Poisoned, PoisonRate: a.PoisonRate, P1: a.P1, P2: a.P2,
					ASR: a.ASR, BaseRate: a.BaseRate, Lift: a.Lift, Robustness: a.Robustness, SingleASR: a.SingleASR, Divergence: (*table.Divergence)(a.Divergence),
					Randomness:    a.Randomness,
					CleanAccuracy: p.game.CleanAccuracy, Collapsed: p.game.Collapsed,
					Pool: p.point.Pool, Width: p.point.Model.Width, Epochs: p.game.EpochsOf(a.Model, p.point.Training), Readings: table.Readings(p.point.Readings),
				}
				if row.Mapping, row.Sources = string(a.Mapping), a.SourceLabels; a.Mapping == game.AllToAll {
					row.Target, row.Label = game.NoTarget, "" // results of earlier versions have class 0
				}
				if p.point.Repetition > 0 {
					row.TrainingSeed = p.trainingSeed()
				}
				if p.game.Filter != nil {
					f := p.game.Filter.Agents[slices.IndexFunc(p.game.Filter.Agents, func(f removed.Agent) bool { return f.ID == a.ID })]
					row.Filter = &table.Filtered{Precision: f.Precision, Recall: f.Recall, HonestLost: f.HonestLost}
				}
				row.Interference, row.Dilution, row.ShareLaw = a.Interference, a.Dilution, a.ShareLaw
				if a.Transfer != nil {
					row.TransferASR = a.Transfer.ASR
				}
				for _, d := range a.Candidates {
					if d.Kept {
						row.Redraws = d.Draw
					}
				}
				b.table.AttackerRows = append(b.table.AttackerRows, row)
			}
		}
	}
}
