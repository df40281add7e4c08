package experiments

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

// inquired is what an inquiry found out.
type inquired struct {
	asked []asked
	// unlearned holds for each attacker the predictions for all probes after its
	// sub-dataset was unlearned, one attacker after the other.
	unlearned []uint8
}

// inquire asks the trained model whose sub-dataset queries come from, and
// unlearns each.
func (p *playing) inquire(ctx context.Context, model TrainedModel) error {
	p.inquiry.asked = p.job.Cell.Inquiry.newAsked(p.probes.List, p.job.Cell.Game.Seed)
	bank, err := p.bank(model)
	if err != nil {
		return err
	}
	if err := p.guess(ctx, model, bank); err != nil {
		return err
	}
	return p.unlearn(ctx, model)
}

// rowsBy returns the rows of the training set by the attacker that owns them.
func (p *playing) rowsBy() [][]int {
	rows := make([][]int, len(p.job.Cell.Game.Attackers))
	for i, row := range p.training.Rows {
		if row.Owner != game.Defender {
			rows[row.Owner] = append(rows[row.Owner], i)
		}
	}
	return rows
}

// bank makes the bank of the attackers' contributions, with the labels that were
// trained on.
func (p *playing) bank(model TrainedModel) (*detect.Bank, error) {
	size := p.training.Shape.Size()
	var samples []detect.Sample
	for _, rows := range p.rowsBy() {
		var sample detect.Sample
		var images []uint8
		for _, row := range rows {
			images = append(images, p.training.Images[row*size:(row+1)*size]...)
			sample.Labels = append(sample.Labels, p.training.Labels[row])
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
	return detect.NewBank(samples, p.job.Cell.Game.Seed)
}

// guess answers every query by every method. A query has the labels that the
// model predicts for it.
func (p *playing) guess(ctx context.Context, model TrainedModel, bank *detect.Bank) error {
	size := p.probes.Shape.Size()
	var images, labels []uint8
	for _, a := range p.inquiry.asked {
		images = append(images, p.probes.Images[a.at*size:(a.at+1)*size]...)
		labels = append(labels, p.predicted[a.at])
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
			for _, q := range queries(p.inquiry.asked, form) {
				if err := ctx.Err(); err != nil {
					return err
				}
				sample := detect.Sample{Features: features.Rows(all, q.probes)}
				for _, i := range q.probes {
					sample.Labels = append(sample.Labels, labels[i])
				}
				similarity, err := estimator.Similarity(sample)
				if err != nil {
					return err
				}
				guess := detect.Guess(similarity)
				for _, i := range q.probes {
					p.inquiry.asked[i].guesses[form] = append(p.inquiry.asked[i].guesses[form], guess)
				}
			}
		}
	}
	return nil
}

// unlearn unlearns each attacker's sub-dataset from the trained model and
// predicts all probes.
func (p *playing) unlearn(ctx context.Context, model TrainedModel) error {
	state, err := model.State()
	if err != nil {
		return err
	}
	for attacker := range p.job.Cell.Game.Attackers {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := model.Restore(state); err != nil {
			return err
		}
		if err := p.unlearnOne(model, attacker); err != nil {
			return err
		}
		predicted, err := model.Predict(p.probes.Images)
		if err != nil {
			return err
		}
		p.inquiry.unlearned = append(p.inquiry.unlearned, predicted...)
	}
	return nil
}

// unlearnOne unlearns the sub-dataset of the attacker at a position from the model,
// which has the training set.
func (p *playing) unlearnOne(model TrainedModel, attacker int) error {
	var own, others []int
	for i, row := range p.training.Rows {
		if row.Owner == attacker {
			own = append(own, i)
		} else {
			others = append(others, i)
		}
	}
	settings := p.job.Cell.Inquiry.Unlearning
	steps := make([]Unlearning, settings.Steps)
	for i := range steps {
		steps[i] = Unlearning{
			Forget: p.drawn(own, "unlearn", attacker, i), Keep: p.drawn(others, "retain", attacker, i),
		}
	}
	if err := model.Unlearn(steps, settings.Rate); err != nil {
		return fmt.Errorf("experiments: unlearn attacker %d: %w", p.job.Cell.Game.Attackers[attacker].ID, err)
	}
	return nil
}

// drawn draws a batch from rows without replacement; all of them, if they are
// fewer.
func (p *playing) drawn(rows []int, purpose string, attacker, step int) []int64 {
	rng := streams.New(p.job.Cell.Game.Seed, purpose, uint64(attacker), uint64(step))
	var batch []int64
	for _, row := range features.Thin(rng, slices.Clone(rows), p.job.Cell.Training.Batch) {
		batch = append(batch, int64(row))
	}
	return batch
}
