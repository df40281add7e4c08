package worker

import (
	"backfire/defenses"
	"backfire/triggers"
)

// answering is a model that answers as the cell's defense has it answer: it is asked about changed
// images, and its classes stand for others.
type answering struct {
	TrainedModel
	defense defenses.Answerer
	shape   triggers.Shape
	classes int
}

// Predict returns the class that the prediction for each image stands for.
func (m *answering) Predict(images []uint8) ([]uint8, error) {
	predicted, err := m.TrainedModel.Predict(m.defense.Ask(images, m.shape))
	for i, class := range predicted {
		predicted[i] = uint8(m.defense.Answer(int(class), m.classes))
	}
	return predicted, err
}

// Probabilities returns the probability of each class that predictions stand for.
func (m *answering) Probabilities(images []uint8) ([]float32, error) {
	values, err := m.TrainedModel.Probabilities(m.defense.Ask(images, m.shape))
	answers := make([]float32, len(values))
	for i, p := range values {
		class := i % m.classes
		answers[i-class+m.defense.Answer(class, m.classes)] = p
	}
	return answers, err
}
