package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"

	"backfire/experiments/cell"
	"backfire/experiments/summary"
	"backfire/game"
	"backfire/report"
)

// predictionLine is a line of "predict --json".
type predictionLine struct {
	Image         string            `json:"image"`
	Label         string            `json:"label"`
	Probability   float32           `json:"probability"`
	Probabilities []float32         `json:"probabilities"` // by class
	TrueLabel     *string           `json:"true_label,omitempty"`
	Agent         *int              `json:"agent,omitempty"` // said or guessed
	Similarities  []summary.Similar `json:"similarities,omitempty"`
	Model         string            `json:"model"` // hash
	Seed          uint64            `json:"seed"`  // of the game
	Title         string            `json:"title"`
	Why           string            `json:"why"`
}

// writePredictions writes a line of JSON per image.
func writePredictions(w io.Writer, chosen *answering, queries []*query) error {
	classes := chosen.game.Data.Classes
	lines := json.NewEncoder(w)
	for _, q := range queries {
		line := predictionLine{
			Image: q.name, Label: classes[q.label], Probability: q.probabilities[q.label], Probabilities: q.probabilities,
			Agent: q.agent, Similarities: q.similarities, Model: q.model.Hash, Seed: q.model.Cell.Game.Seed, Title: q.model.Cell.Title(), Why: q.why,
		}
		if q.truth != unknownLabel {
			line.TrueLabel = &classes[q.truth]
		}
		if err := lines.Encode(line); err != nil {
			return fmt.Errorf("write the predictions: %w", err)
		}
	}
	return nil
}

// show writes the table of the answers, a line for each image, and below it what
// they come to where that is known.
func (o *PredictOptions) show(chosen *answering, queries []*query) error {
	classes := chosen.game.Data.Classes
	known := queries[0].truth != unknownLabel
	rows := [][]string{{"IMAGE", "TRUE LABEL", "LABEL", "PROBABILITY %", "MODEL", "TITLE", "WHY"}}
	right, hits := 0, 0
	target := unknownLabel
	if i := slices.IndexFunc(chosen.game.Game.Attackers, func(a game.Attacker) bool { return a.ID == o.Trigger }); i >= 0 {
		target = chosen.game.Game.Attackers[i].Target
	}
	for _, q := range queries {
		truth := "-"
		if known {
			truth = classes[q.truth]
		}
		if q.label == q.truth {
			right++
		}
		if q.label == target {
			hits++
		}
		rows = append(rows, []string{
			q.name, truth, classes[q.label], strconv.FormatFloat(100*float64(q.probabilities[q.label]), 'f', 1, 64),
			short(q.model.Hash), q.model.Cell.Title(), q.why,
		})
	}
	if err := writeTable(o.IO.Out, rows); err != nil {
		return err
	}
	counts := "\n"
	if known {
		counts += fmt.Sprintf("%d of %s predicted as the true label\n", right, plural(len(queries), "image"))
	}
	if target != unknownLabel {
		counts += fmt.Sprintf("%d of %s predicted as %s, the target of attacker %d, whose trigger they carry\n",
			hits, plural(len(queries), "image"), classes[target], o.Trigger)
	}
	models := map[string]bool{}
	for _, q := range queries {
		models[q.model.Hash] = true
	}
	rules := chosen.game.Game
	counts += fmt.Sprintf("answered by %s of one seed: %d. Readings: %s.\n", plural(len(models), "model"), rules.Seed, report.ReadingsText(cell.ReadingsOf(rules)))
	return write(o.IO.Out, counts)
}
