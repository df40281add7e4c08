package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"

	"backfire/experiments/cell"
	"backfire/experiments/inference"
	"backfire/experiments/summary"
	"backfire/game"
	"backfire/internal/words"
	"backfire/report"
)

// predictionLine is a line of "predict --json".
type predictionLine struct {
	Image         string    `json:"image"`
	Label         string    `json:"label"`
	Probability   float32   `json:"probability"`
	Probabilities []float32 `json:"probabilities"` // by class
	TrueLabel     *string   `json:"true_label,omitempty"`
	// Wanted is the label that the attacker of the trigger wants for the image; nil without a
	// trigger, and where it wants none or the label depends on an unknown true one.
	Wanted       *string           `json:"wanted,omitempty"`
	Agent        *int              `json:"agent,omitempty"` // given or guessed
	Similarities []summary.Similar `json:"similarities,omitempty"`
	Model        string            `json:"model"` // hash; empty if models voted
	Vote         *voteLine         `json:"vote,omitempty"`
	Seed         uint64            `json:"seed"` // of the game
	Title        string            `json:"title"`
	Why          string            `json:"why"`
}

// voteLine is the count of a vote in a line of "predict --json".
type voteLine struct {
	Rule        string   `json:"rule"`
	Models      []string `json:"models"`      // hashes
	Votes       []int    `json:"votes"`       // by class
	Certificate int      `json:"certificate"` // agents that could not have changed the label
}

// answered returns the hash and the title of the model that answered, or of the vote.
func answered(defender *inference.Defender, p *inference.Prediction) (hash, title string) {
	if p.Vote != nil {
		return "", fmt.Sprintf("vote of %s", words.Plural(len(defender.Models.Voters()), "model"))
	}
	return p.Model.Hash, p.Model.Cell.Title()
}

// voteLineOf returns the count of a vote; nil if one model answered.
func voteLineOf(defender *inference.Defender, p *inference.Prediction) *voteLine {
	if p.Vote == nil {
		return nil
	}
	line := &voteLine{Rule: string(p.Vote.Rule), Votes: p.Vote.Votes, Certificate: p.Vote.Agents}
	for _, model := range defender.Models.Voters() {
		line.Models = append(line.Models, model.Hash)
	}
	return line
}

// writePredictions writes a line of JSON per image.
func (o *PredictOptions) writePredictions(defender *inference.Defender, images []inference.Image, predictions []inference.Prediction) error {
	classes := defender.Game.Data.Classes
	attacker, stamped := defender.Attacker(o.Trigger)
	lines := json.NewEncoder(o.IO.Out)
	for i, p := range predictions {
		hash, title := answered(defender, &p)
		line := predictionLine{
			Image: images[i].Name, Label: classes[p.Label], Probability: p.Probabilities[p.Label], Probabilities: p.Probabilities,
			Agent: p.Agent, Similarities: p.Similarities, Model: hash, Vote: voteLineOf(defender, &p),
			Seed: defender.Game.Game.Seed, Title: title, Why: p.Why,
		}
		if images[i].Label != inference.UnknownLabel {
			line.TrueLabel = &classes[images[i].Label]
		}
		if wanted, ok := wantedFor(attacker, images[i], len(classes)); stamped && ok {
			line.Wanted = &classes[wanted]
		}
		if err := lines.Encode(line); err != nil {
			return fmt.Errorf("write the predictions: %w", err)
		}
	}
	return nil
}

// show writes a table with a line for each answer, and below it how many answers are right,
// and how many are what the attacker of the trigger wants, where these are known.
func (o *PredictOptions) show(defender *inference.Defender, images []inference.Image, predictions []inference.Prediction) error {
	classes := defender.Game.Data.Classes
	rows := [][]string{{"IMAGE", "TRUE LABEL", "LABEL", "PROBABILITY %", "MODEL", "TITLE", "WHY"}}
	correct := 0
	models := map[string]bool{}
	for i, p := range predictions {
		truth := "-"
		if images[i].Label != inference.UnknownLabel {
			truth = classes[images[i].Label]
		}
		if p.Label == images[i].Label {
			correct++
		}
		hash, title := answered(defender, &p)
		if p.Vote == nil {
			models[hash] = true
		} else {
			for _, model := range defender.Models.Voters() {
				models[model.Hash] = true
			}
		}
		rows = append(rows, []string{
			images[i].Name, truth, classes[p.Label], strconv.FormatFloat(100*float64(p.Probabilities[p.Label]), 'f', 1, 64),
			cmp.Or(short(hash), "-"), title, p.Why,
		})
	}
	if err := writeTable(o.IO.Out, rows); err != nil {
		return err
	}
	counts := "\n"
	if images[0].Label != inference.UnknownLabel {
		counts += shownf("%d of %s predicted as the true label\n", correct, words.Plural(len(images), "image"))
	}
	if attacker, stamped := defender.Attacker(o.Trigger); stamped {
		counts += successText(attacker, classes, images, predictions)
	}
	rules := defender.Game.Game
	counts += shownf("answered by %s of one seed: %d. Readings: %s.\n", words.Plural(len(models), "model"), rules.Seed, report.ReadingsText(cell.ReadingsOf(rules)))
	return write(o.IO.Out, counts)
}

// successText returns a line that tells how many images with the trigger of an attacker are
// predicted as it wants, of those for which it wants a label that is known.
func successText(attacker game.Attacker, classes []string, images []inference.Image, predictions []inference.Prediction) string {
	attacked, hits, unknown := 0, 0, 0
	for i, p := range predictions {
		wanted, ok := wantedFor(attacker, images[i], len(classes))
		switch {
		case ok:
			attacked++
			if p.Label == wanted {
				hits++
			}
		case images[i].Label == inference.UnknownLabel:
			unknown++
		}
	}
	if unknown > 0 {
		return shownf("the label that attacker %d wants (%s) depends on the true labels, which are not known of files; --sample takes images with known ones\n",
			attacker.ID, cell.TargetText(attacker, classes))
	}
	text := shownf("%d of %s predicted as %s, the target of attacker %d, whose trigger they carry",
		hits, words.Plural(attacked, "image"), cell.TargetText(attacker, classes), attacker.ID)
	if others := len(images) - attacked; others > 0 {
		text += shownf("; %d more of classes that it does not attack", others)
	}
	return text + "\n"
}

// wantedFor returns the label that an attacker wants for an image with its trigger, and
// false if it wants none or the label depends on the image's true one, which is not known.
func wantedFor(a game.Attacker, image inference.Image, classes int) (wanted int, known bool) {
	if a.Mapping == game.AllToOne {
		return a.Target, true
	}
	if image.Label == inference.UnknownLabel {
		return 0, false
	}
	return a.Wants(image.Label, classes)
}
