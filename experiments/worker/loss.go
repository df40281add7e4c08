package worker

import (
	"math"
	"path/filepath"

	"backfire/game"
	"backfire/internal/jsonfile"
)

// leastProbability is the smallest probability that a loss is computed from, the smallest normal
// number in single precision. A loss is at most 87.4.
const leastProbability = 0x1p-126

// cleanLoss returns the mean cross-entropy of the true labels of the defender's held-out images; nil
// if the defender has none.
func (s *session) cleanLoss(model TrainedModel) (*float64, error) {
	var images []uint8
	var labels []uint16
	size := s.deal.Probes.Shape.Size()
	for i, probe := range s.deal.Probes.List {
		if probe.Owner == game.Defender {
			images = append(images, s.deal.Probes.Images[i*size:(i+1)*size]...)
			labels = append(labels, probe.Label)
		}
	}
	if len(labels) == 0 {
		return nil, nil
	}
	losses, err := lossesOf(model, images, labels)
	if err != nil {
		return nil, err
	}
	sum := 0.0
	for _, loss := range losses {
		sum += loss
	}
	mean := sum / float64(len(labels))
	return &mean, nil
}

// lossesOf returns the cross-entropy of the label of each of some images.
func lossesOf(model TrainedModel, images []uint8, labels []uint16) ([]float64, error) {
	probabilities, err := model.Probabilities(images)
	if err != nil {
		return nil, err
	}
	losses := make([]float64, len(labels))
	classes := len(probabilities) / len(labels)
	for i, label := range labels {
		losses[i] = -math.Log(max(float64(probabilities[i*classes+int(label)]), leastProbability))
	}
	return losses, nil
}

// LossFile is the name of the file in a Predict's directory that holds a Loss, as JSON.
const LossFile = "loss.json"

// Loss holds the loss of a stored model that was asked again.
type Loss struct {
	// CleanLoss is that of store.Result.
	CleanLoss *float64 `json:"clean_loss"`
}

// writeLoss writes the loss of a model on the defender's held-out images into the session's directory.
func (s *session) writeLoss(model TrainedModel) error {
	loss, err := s.cleanLoss(model)
	if err != nil {
		return err
	}
	return jsonfile.Write(filepath.Join(s.dir, LossFile), Loss{loss})
}
