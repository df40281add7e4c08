package worker

import (
	"context"
	"fmt"
	"slices"

	"backfire/defenses/detect"
	"backfire/defenses/features"
	"backfire/defenses/indexing"
	"backfire/internal/streams"
)

// attribute answers the cell's attribution: it asks the trained model which agent's contribution
// each query comes from, and unlearns each contribution.
func (s *session) attribute(ctx context.Context, model TrainedModel) error {
	s.attribution.Probes = NewAttributedProbes(*s.Cell.Attribution, s.deal.Probes.List, s.Cell.Game.Seed)
	references, err := s.referenceSet(model)
	if err != nil {
		return err
	}
	if err := s.guess(ctx, model, references); err != nil {
		return err
	}
	return s.unlearn(ctx, model)
}

// referenceSet returns the features of the agents' contributions, with the labels that were
// trained on.
func (s *session) referenceSet(model TrainedModel) (*detect.Bank, error) {
	size := s.deal.Training.Shape.Size()
	var samples []detect.Sample
	for _, rows := range s.deal.rowsByAgent() {
		var sample detect.Sample
		var images []uint8
		for _, row := range rows {
			images = append(images, s.deal.Training.Images[row*size:(row+1)*size]...)
			sample.Labels = append(sample.Labels, s.deal.Training.Labels[row])
		}
		values, err := model.Features(images)
		if err != nil {
			return nil, err
		}
		if sample.Features, err = features.New(values, len(values)/len(rows)); err != nil {
			return nil, err
		}
		samples = append(samples, sample)
	}
	return detect.NewBank(samples, s.Cell.Game.Seed)
}

// guess answers every query by every method. The labels of a query are those that the model
// predicts for it.
func (s *session) guess(ctx context.Context, model TrainedModel, references *detect.Bank) error {
	size := s.deal.Probes.Shape.Size()
	var images []uint8
	var labels []uint16
	for _, a := range s.attribution.Probes {
		images = append(images, s.deal.Probes.Images[a.Position*size:(a.Position+1)*size]...)
		labels = append(labels, s.predicted[a.Position])
	}
	values, err := model.Features(images)
	if err != nil {
		return err
	}
	all, err := features.New(values, len(values)/len(labels))
	if err != nil {
		return err
	}
	for _, method := range detect.Methods() {
		estimator, err := detect.NewEstimator(method, references)
		if err != nil {
			return err
		}
		for _, form := range indexing.Forms() {
			for _, query := range GroupProbes(s.attribution.Probes, form) {
				if err := ctx.Err(); err != nil {
					return err
				}
				sample := detect.Sample{Features: features.Rows(all, query.Probes)}
				for _, i := range query.Probes {
					sample.Labels = append(sample.Labels, labels[i])
				}
				similarity, err := estimator.Similarity(sample)
				if err != nil {
					return err
				}
				guess := detect.Guess(similarity)
				for _, i := range query.Probes {
					s.attribution.Probes[i].Guesses[form] = append(s.attribution.Probes[i].Guesses[form], guess)
				}
			}
		}
	}
	return nil
}

// unlearn unlearns each agent's contribution from the trained model and predicts all probes.
func (s *session) unlearn(ctx context.Context, model TrainedModel) error {
	state, err := model.State()
	if err != nil {
		return err
	}
	for agent := range s.Cell.Game.SeatCount() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := model.Restore(state); err != nil {
			return err
		}
		if err := s.unlearnOne(model, agent); err != nil {
			return err
		}
		predicted, err := model.Predict(s.deal.Probes.Images)
		if err != nil {
			return err
		}
		s.attribution.Unlearned = append(s.attribution.Unlearned, predicted...)
	}
	return nil
}

// unlearnOne unlearns the contribution of the agent at a position from the model, which has the
// training set.
func (s *session) unlearnOne(model TrainedModel, agent int) error {
	var own, others []int
	for i, row := range s.deal.Training.Rows {
		if row.Owner == agent {
			own = append(own, i)
		} else {
			others = append(others, i)
		}
	}
	settings := s.Cell.Attribution.Unlearning
	steps := make([]Unlearning, settings.Steps)
	for i := range steps {
		steps[i] = Unlearning{
			Forget: s.drawBatch(own, "unlearn", agent, i), Keep: s.drawBatch(others, "retain", agent, i),
		}
	}
	if err := model.Unlearn(steps, settings.Rate); err != nil {
		return fmt.Errorf("worker: unlearn agent %d: %w", s.Cell.Game.AgentIDs()[agent], err)
	}
	return nil
}

// drawBatch draws a batch from rows without replacement: all of them if they are fewer.
func (s *session) drawBatch(rows []int, purpose string, agent, step int) []int64 {
	rng := streams.New(s.Cell.TrainingSeed(), purpose, uint64(agent), uint64(step))
	var batch []int64
	for _, row := range features.Thin(rng, slices.Clone(rows), s.Cell.Training.Batch) {
		batch = append(batch, int64(row))
	}
	return batch
}
