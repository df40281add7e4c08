package worker

import (
	"context"
	"fmt"
	"slices"

	"backfire/defenses/detect"
	"backfire/defenses/features"
	"backfire/defenses/indexing"
	"backfire/game"
	"backfire/internal/streams"
)

// inquire asks the trained model whose sub-dataset queries come from, and
// unlearns each.
func (p *Session) attribute(ctx context.Context, model TrainedModel) error {
	p.attribution.Probes = NewAttributedProbes(*p.Job.Cell.Attribution, p.Probes.List, p.Job.Cell.Game.Seed)
	bank, err := p.referenceSet(model)
	if err != nil {
		return err
	}
	if err := p.guess(ctx, model, bank); err != nil {
		return err
	}
	return p.unlearn(ctx, model)
}

// rowsBy returns the rows of the training set by the attacker that owns them.
func (p *Session) rowsBy() [][]int {
	rows := make([][]int, len(p.Job.Cell.Game.Attackers))
	for i, row := range p.Training.Rows {
		if row.Owner != game.Defender {
			rows[row.Owner] = append(rows[row.Owner], i)
		}
	}
	return rows
}

// bank makes the bank of the attackers' contributions, with the labels that were
// trained on.
func (p *Session) referenceSet(model TrainedModel) (*detect.Bank, error) {
	size := p.Training.Shape.Size()
	var samples []detect.Sample
	for _, rows := range p.rowsBy() {
		var sample detect.Sample
		var images []uint8
		for _, row := range rows {
			images = append(images, p.Training.Images[row*size:(row+1)*size]...)
			sample.Labels = append(sample.Labels, p.Training.Labels[row])
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
	return detect.NewBank(samples, p.Job.Cell.Game.Seed)
}

// guess answers every query by every method. A query has the labels that the
// model predicts for it.
func (p *Session) guess(ctx context.Context, model TrainedModel, bank *detect.Bank) error {
	size := p.Probes.Shape.Size()
	var images, labels []uint8
	for _, a := range p.attribution.Probes {
		images = append(images, p.Probes.Images[a.Position*size:(a.Position+1)*size]...)
		labels = append(labels, p.predicted[a.Position])
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
		estimator, err := detect.NewEstimator(method, bank)
		if err != nil {
			return err
		}
		for _, form := range indexing.Forms() {
			for _, q := range GroupProbes(p.attribution.Probes, form) {
				if err := ctx.Err(); err != nil {
					return err
				}
				sample := detect.Sample{Features: features.Rows(all, q.Probes)}
				for _, i := range q.Probes {
					sample.Labels = append(sample.Labels, labels[i])
				}
				similarity, err := estimator.Similarity(sample)
				if err != nil {
					return err
				}
				guess := detect.Guess(similarity)
				for _, i := range q.Probes {
					p.attribution.Probes[i].Guesses[form] = append(p.attribution.Probes[i].Guesses[form], guess)
				}
			}
		}
	}
	return nil
}

// unlearn unlearns each attacker's sub-dataset from the trained model and
// predicts all probes.
func (p *Session) unlearn(ctx context.Context, model TrainedModel) error {
	state, err := model.State()
	if err != nil {
		return err
	}
	for attacker := range p.Job.Cell.Game.Attackers {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := model.Restore(state); err != nil {
			return err
		}
		if err := p.unlearnOne(model, attacker); err != nil {
			return err
		}
		predicted, err := model.Predict(p.Probes.Images)
		if err != nil {
			return err
		}
		p.attribution.Unlearned = append(p.attribution.Unlearned, predicted...)
	}
	return nil
}

// unlearnOne unlearns the sub-dataset of the attacker at a position from the model,
// which has the training set.
func (p *Session) unlearnOne(model TrainedModel, attacker int) error {
	var own, others []int
	for i, row := range p.Training.Rows {
		if row.Owner == attacker {
			own = append(own, i)
		} else {
			others = append(others, i)
		}
	}
	settings := p.Job.Cell.Attribution.Unlearning
	steps := make([]Unlearning, settings.Steps)
	for i := range steps {
		steps[i] = Unlearning{
			Forget: p.drawn(own, "unlearn", attacker, i), Keep: p.drawn(others, "retain", attacker, i),
		}
	}
	if err := model.Unlearn(steps, settings.Rate); err != nil {
		return fmt.Errorf("experiments: unlearn attacker %d: %w", p.Job.Cell.Game.Attackers[attacker].ID, err)
	}
	return nil
}

// drawn draws a batch from rows without replacement; all of them, if they are
// fewer.
func (p *Session) drawn(rows []int, purpose string, attacker, step int) []int64 {
	rng := streams.New(p.Job.Cell.Game.Seed, purpose, uint64(attacker), uint64(step))
	var batch []int64
	for _, row := range features.Thin(rng, slices.Clone(rows), p.Job.Cell.Training.Batch) {
		batch = append(batch, int64(row))
	}
	return batch
}
