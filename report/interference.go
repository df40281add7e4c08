package report

import (
	"slices"

	"backfire/experiments/summary"
	"backfire/report/table"
	"backfire/stats"
)

// otherGames are the figures that compare attackers with other games of theirs, and their
// randomness, each with the head of its column.
var otherGames = []struct {
	head     string
	quantity table.Quantity
	of       func(a *summary.GameAttacker) float64 // NaN: not measured
	means    string
}{
	{"alone", table.QuantitySingleASR, aloneASR, "the ASR in the matched single, where an attacker is alone with the images that it has in the game"},
	{"interf.", table.QuantityInterference, interference, "interference, lift (ASR minus base rate) minus the lift in the matched single: negative where the others spoil an attacker's success"},
	{"dilut.", table.QuantityDilution, dilution, "dilution, lift in the matched single minus the lift where the attacker is alone with all images"},
	{"TV", table.QuantityRandomness, randomness, "total-variation distance of the predictions for images with the trigger from the uniform distribution: 0 if every class is as frequent, 90 if one of ten has them all"},
	{"transfer", table.QuantityTransfer, transferASR, "the ASR where the attacker poisons nothing and the others play on"},
}

func aloneASR(a *summary.GameAttacker) float64 {
	if a.SingleASR == nil {
		return float64(stats.Undefined())
	}
	return a.SingleASR.Value()
}

func interference(a *summary.GameAttacker) float64 { return orUndefined(a.Interference) }

func dilution(a *summary.GameAttacker) float64 { return orUndefined(a.Dilution) }

func randomness(a *summary.GameAttacker) float64 {
	if a.Randomness == nil {
		return float64(stats.Undefined())
	}
	return float64(a.Randomness.Uniform)
}

func transferASR(a *summary.GameAttacker) float64 {
	if a.Transfer == nil || a.Transfer.ASR == nil {
		return float64(stats.Undefined())
	}
	return a.Transfer.ASR.Value()
}

// orUndefined returns a number, NaN for none.
func orUndefined(n *stats.Number) float64 {
	if n == nil {
		return float64(stats.Undefined())
	}
	return float64(*n)
}

// otherGame returns a figure over those attackers of the series that have it.
func (s *series) otherGame(quantity table.Quantity, of func(a *summary.GameAttacker) float64) table.Value {
	return s.spread(quantity, func(p played) (table.MeasuredSpread, bool) {
		var values []float64
		images := 0
		for i := range p.game.Attackers {
			a := &p.game.Attackers[i]
			if value := of(a); stats.Number(value).Defined() {
				values, images = append(values, value), images+a.ASR.Of
			}
		}
		return table.MeasuredSpread{Over: stats.Summarize(values), Images: images}, len(values) > 0
	})
}

// compared returns those of otherGames, by position, that some series has, in a table
// with columns for them.
func (b *builder) compared() []int {
	var positions []int
	for i, figure := range otherGames {
		if slices.ContainsFunc(b.all, func(s *series) bool { return s.otherGame(figure.quantity, figure.of).Mean.Defined() }) {
			positions = append(positions, i)
		}
	}
	return positions
}

// besidesSingles returns what compared returns without the single ASRs, in a table that
// shows these elsewhere, and without the randomness, for which a table of the paper has no
// room.
func (b *builder) besidesSingles() []int {
	return slices.DeleteFunc(b.compared(), func(i int) bool {
		return otherGames[i].quantity == table.QuantitySingleASR || otherGames[i].quantity == table.QuantityRandomness
	})
}

// comparedColumns adds the columns of figures at the given positions.
func (b *builder) comparedColumns(positions []int) {
	for _, i := range positions {
		b.table.Columns = append(b.table.Columns, table.Column{Head: otherGames[i].head})
	}
}

// comparedEntries returns the entries of a series in these columns.
func (s *series) comparedEntries(positions []int) []table.Entry {
	var entries []table.Entry
	for _, i := range positions {
		value := s.otherGame(otherGames[i].quantity, otherGames[i].of)
		value.Spread = false // of the mean alone, as the column is narrow
		entry := table.Entry{}
		if value.Mean.Defined() {
			entry = table.EntryOf(value)
		}
		entries = append(entries, entry)
	}
	return entries
}

// comparedNote explains the columns that the table has.
func (b *builder) comparedNote() string {
	text := ""
	for _, figure := range otherGames {
		if slices.ContainsFunc(b.table.Columns, func(c table.Column) bool { return c.Head == figure.head }) {
			text += "; " + figure.head + ": " + figure.means
		}
	}
	if text == "" {
		return ""
	}
	return "Means over those attackers that were also played so" + text + "."
}
