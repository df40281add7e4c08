package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"backfire/experiments/summary"
	"backfire/report/table"
)

// updates lists the updates whose models answered the games, in the order of the
// summaries, which is the same for all.
func (b *builder) updates() []string {
	var updates []string
	for _, s := range b.all {
		for _, p := range s.complete() {
			for _, u := range p.game.Unknown {
				if !slices.Contains(updates, string(u.Update)) {
					updates = append(updates, string(u.Update))
				}
			}
		}
	}
	return updates
}

// unknown fills the table of queries without an index: a row for each form of query and
// estimator, with the answers of the updates beside each other.
func (b *builder) unknown() {
	t := b.table
	t.Title = "Queries without an index on " + t.Dataset + ": " + cmp.Or(b.opt.Title, t.Name)
	several := len(b.all) > 1
	heads, labels := b.naming(slices.ContainsFunc(b.all, func(s *series) bool { return s.defender != b.all[0].defender }))
	if several {
		t.Heads = heads
	}
	t.Heads = append(t.Heads, "query", "similarity")
	t.Columns = append(t.Columns, table.Column{Head: "guess"})
	updates := b.updates()
	for _, update := range updates {
		for _, head := range []string{"acc.", "ASR", robustHead} {
			t.Columns = append(t.Columns, table.Column{Group: update, Head: head})
		}
	}
	for _, s := range b.all {
		ways := s.complete()[0].game.Unknown
		for _, way := range ways {
			if way.Update != ways[0].Update {
				continue
			}
			row := table.Row{Labels: []string{string(way.Query), way.Similarity}, Entries: []table.Entry{guessEntry(s.unknown(way, string(way.Update)))}}
			if several {
				row.Labels = slices.Concat(labels(s), row.Labels)
			}
			for _, update := range updates {
				row.Entries = append(row.Entries, answerEntries(s.unknown(way, update))...)
			}
			t.Rows = append(t.Rows, row)
		}
	}
	t.Notes = append(t.Notes,
		"In percent. Guess: queries of an attacker with its trigger that are taken for its own; \"perfect\" bounds every way to guess, and \"random\" is what to expect of one who knows nothing. "+
			"acc., ASR and robust.: standard accuracy, attack success rate and robustness accuracy of the answers, by what answers: "+
			"the model trained without the attacker (retrain), that trained without its group (pick), that of all agents' images after it has unlearned the attacker's (unlearn). "+
			b.intervals(),
		b.unknownCosts(updates), b.scale(), b.readingsNote(),
	)
}

// unknown returns the outcomes of an update in the games that have a result, for the
// form of query and the estimator of way.
func (s *series) unknown(way summary.UnknownIndex, update string) []unknownOutcome {
	var of []unknownOutcome
	for _, p := range s.complete() {
		i := slices.IndexFunc(p.game.Unknown, func(u summary.UnknownIndex) bool {
			return string(u.Update) == update && u.Query == way.Query && u.Similarity == way.Similarity
		})
		if i < 0 {
			continue
		}
		outcome := unknownOutcome{UnknownIndex: p.game.Unknown[i], seed: p.point.Seed, triggered: math.MaxInt, clean: math.MaxInt}
		for _, u := range p.game.Unknown {
			outcome.triggered, outcome.clean = min(outcome.triggered, u.TopOne.Of), min(outcome.clean, u.CleanAccuracy.Of)
		}
		of = append(of, outcome)
	}
	return of
}

// unknownOutcome is an outcome with the numbers of query images behind it, with and
// without triggers, each counted once. A rate that several models answer counts them once
// for each model, so the smallest denominators of a game are taken.
type unknownOutcome struct {
	summary.UnknownIndex
	seed             uint64
	triggered, clean int
}

// unknownCosts returns a note on the training cost of the updates.
func (b *builder) unknownCosts(updates []string) string {
	var texts []string
	for _, update := range updates {
		var shares []float64
		for _, s := range b.all {
			for _, p := range s.complete() {
				i := slices.IndexFunc(p.game.Unknown, func(u summary.UnknownIndex) bool { return string(u.Update) == update })
				if i >= 0 && p.game.Unknown[i].Cost.Undefended > 0 {
					cost := p.game.Unknown[i].Cost
					shares = append(shares, float64(cost.Images)/float64(cost.Undefended))
				}
			}
		}
		if len(shares) == 0 {
			continue
		}
		text := fmt.Sprintf("%s %.2f", update, slices.Min(shares))
		if most := fmt.Sprintf("%.2f", slices.Max(shares)); !strings.HasSuffix(text, " "+most) {
			text += " to " + most
		}
		texts = append(texts, text)
	}
	return "Images through training steps, as a multiple of the same game's without a defense, as if every attacker were guessed at least once: " +
		strings.Join(texts, ", ") + "."
}

// unknownEntry returns the entry of a quantity over the seeds.
func unknownEntry(quantity table.Quantity, of []unknownOutcome, value func(unknownOutcome) table.Measured) table.Entry {
	var all perSeed[table.Measured]
	for _, u := range of {
		all.add(u.seed, value(u))
	}
	return table.EntryOf(table.NewValue(quantity, all.joined(meanMeasured)))
}

// guessEntry returns the share of right guesses, which does not depend on the update.
func guessEntry(of []unknownOutcome) table.Entry {
	return unknownEntry(table.QuantityTopOne, of, func(u unknownOutcome) table.Measured {
		return table.Measured{Value: u.TopOne.Value(), Images: u.triggered}
	})
}

// answerEntries returns the accuracies and the ASR of the answers after an update.
func answerEntries(of []unknownOutcome) []table.Entry {
	return []table.Entry{
		unknownEntry(table.QuantityClean, of, func(u unknownOutcome) table.Measured {
			return table.Measured{Value: u.CleanAccuracy.Value(), Images: u.clean}
		}),
		unknownEntry(table.QuantityASR, of, func(u unknownOutcome) table.Measured {
			return table.Measured{Value: float64(u.ASR.Mean), Images: u.triggered}
		}),
		unknownEntry(table.QuantityRobust, of, func(u unknownOutcome) table.Measured {
			return table.Measured{Value: float64(u.Robustness.Mean), Images: u.triggered}
		}),
	}
}
