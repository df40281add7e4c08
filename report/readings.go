package report

import (
	"fmt"
	"slices"
	"strings"

	"backfire/experiments/cell"
	"backfire/report/table"
)

// readingsNote returns a note on all choices that the paper leaves open: those of the
// game, and those of the training.
func (b *builder) readingsNote() string {
	var trainings []string
	for _, p := range b.pointSummaries() {
		if text := trainingText(p.Model, p.Training); !slices.Contains(trainings, text) {
			trainings = append(trainings, text)
		}
	}
	return fmt.Sprintf("Readings: %s; trained by %s.", table.ReadingsTexts(b.table.Readings), strings.Join(trainings, "; or "))
}

// trainingText describes the choices of a training in words.
func trainingText(m cell.Model, t cell.Training) string {
	text := fmt.Sprintf("%s, learning rate %g (%s), ", t.Optimizer, t.LearningRate, t.Schedule)
	if t.Optimizer == "sgd" {
		text += fmt.Sprintf("momentum %g, ", t.Momentum)
		if t.Nesterov {
			text = strings.TrimSuffix(text, ", ") + " (Nesterov), "
		}
	}
	text += fmt.Sprintf("weight decay %g, ", t.WeightDecay)
	switch {
	case m.Module.Describes():
		text += fmt.Sprintf("from the weights of the module %.12s", m.Module.SHA256)
	case m.Weights == "":
		text += "from drawn weights"
	default:
		text += fmt.Sprintf("from the weights %.12s", m.Weights)
	}
	if t.StopWhen != "" {
		text += ", until " + t.StopWhen
	}
	return text
}

// stopped returns a remark about the epochs after which trainings ended early; empty if
// none could.
func (b *builder) stopped() string {
	var epochs []int
	for _, s := range b.all {
		for _, p := range s.complete() {
			epochs = append(epochs, p.game.EpochsTrained...)
		}
	}
	if len(epochs) == 0 {
		return ""
	}
	least, most := slices.Min(epochs), slices.Max(epochs)
	if least == most {
		return fmt.Sprintf(" at most, stopped after epoch %d", least)
	}
	return fmt.Sprintf(" at most, stopped after epoch %d to %d", least, most)
}
