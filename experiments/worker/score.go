package worker

import (
	"slices"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/streams"
)

// DefenderSample is how many times as many images of the defender as of an attacker are scored.
const DefenderSample = 5

// ScoredProbes returns the positions, ascending, of the probes that a learning curve is scored on. Of
// each attacker they are its given number of held-out images, each with and without its trigger, and
// of the defender DefenderSample times as many; all of those that have fewer, and all with 0. They
// are drawn from the stream "score" of the agent's ID, so that a smaller sample is a part of a larger
// one, and an agent that holds out the same images in two games is scored on the same ones.
func ScoredProbes(rules game.Rules, list []game.Probe, images int) []int {
	sources := make([]map[int]bool, 1+len(rules.Attackers)) // that are scored, by owner
	for i := range sources {
		owner, id, most := i-1, game.Defender, DefenderSample*images
		if owner != game.Defender {
			id, most = rules.Attackers[owner].ID, images
		}
		sources[i] = sampledSources(heldOut(list, owner), rules.Seed, id, most)
	}
	var positions []int
	for at, probe := range list {
		if sources[1+probe.Owner][probe.Source] {
			positions = append(positions, at)
		}
	}
	return positions
}

// heldOut returns the images that an owner holds out, in the order of its probes.
func heldOut(list []game.Probe, owner int) []int {
	var sources []int
	for _, probe := range list {
		if probe.Owner == owner && probe.Trigger == game.NoTrigger {
			sources = append(sources, probe.Source)
		}
	}
	return sources
}

// sampledSources draws at most so many of an agent's images; all of them with 0.
func sampledSources(sources []int, seed uint64, id, most int) map[int]bool {
	if most > 0 && most < len(sources) {
		streams.New(seed, "score", uint64(id+1)).Shuffle(len(sources), func(i, j int) { sources[i], sources[j] = sources[j], sources[i] })
		sources = sources[:most]
	}
	sampled := make(map[int]bool, len(sources))
	for _, source := range sources {
		sampled[source] = true
	}
	return sampled
}

// scorer scores the model of a training after epochs.
type scorer struct {
	positions []int   // of the scored probes
	images    []uint8 // of these probes
}

// newScorer returns the scorer of a learning curve; nil if none is asked for.
func newScorer(d *Deal, request store.CurveRequest) *scorer {
	if request.Every == 0 {
		return nil
	}
	s := &scorer{positions: ScoredProbes(d.Cell.Game, d.Probes.List, request.Images)}
	if len(s.positions) == len(d.Probes.List) {
		s.images = d.Probes.Images
		return s
	}
	size := d.Probes.Shape.Size()
	s.images = make([]uint8, 0, len(s.positions)*size)
	for _, at := range s.positions {
		s.images = append(s.images, d.Probes.Images[at*size:(at+1)*size]...)
	}
	return s
}

// Scores returns the rates of a learning curve on the probes at some positions, given their predicted
// classes in the same order.
func (d *Deal) Scores(positions []int, predicted []uint8) *store.EpochScores {
	rules := d.Cell.Game
	list := make([]game.Probe, len(positions))
	accuracy := make([]game.Rate, len(rules.Attackers))
	for i, at := range positions {
		list[i] = d.Probes.List[at]
		if probe := list[i]; probe.Owner != game.Defender && probe.Trigger == game.NoTrigger {
			accuracy[probe.Owner].Of++
			if predicted[i] == probe.Label {
				accuracy[probe.Owner].Hits++
			}
		}
	}
	measured := rules.Measure(len(d.Cell.Data.Classes), list, predicted)
	scores := &store.EpochScores{CleanAccuracy: measured.Clean, Attackers: []store.AttackerScores{}}
	for i, success := range measured.Attackers {
		scores.Attackers = append(scores.Attackers, store.AttackerScores{
			ID: rules.Attackers[i].ID, ASR: success.ASR, BaseRate: success.BaseRate, Lift: success.Lift, CleanAccuracy: accuracy[i],
		})
	}
	return scores
}

// scoreEpoch returns the scores of the learning curve after an epoch, from 1; nil if it has none there.
// The last epoch's follow from the predictions for all probes, which are kept for the result. The
// model is in the same state as before.
func (t *training) scoreEpoch(model TrainedModel, epoch int) (*store.EpochScores, error) {
	epochs := t.Cell.Training.Epochs
	if !t.request.Artefacts.Curve.Wants(epoch, epochs) {
		return nil, nil
	}
	t.watch.enter(cell.PhaseEvaluate)
	if epoch < epochs {
		defer t.watch.enter(cell.PhaseTrain)
		predicted, err := model.Predict(t.scorer.images)
		if err != nil {
			return nil, err
		}
		return t.deal.Scores(t.scorer.positions, predicted), nil
	}
	var err error
	if t.predicted, err = model.Predict(t.deal.Probes.Images); err != nil {
		return nil, err
	}
	predicted := make([]uint8, len(t.scorer.positions))
	for i, at := range t.scorer.positions {
		predicted[i] = t.predicted[at]
	}
	return t.deal.Scores(t.scorer.positions, predicted), nil
}

// scoredFor returns the epochs of a checkpoint with the scores that a learning curve of so many epochs
// asks for and no others, and reports whether the checkpoint has them.
func (c *checkpoint) scoredFor(request store.CurveRequest, epochs int) ([]store.EpochMetrics, bool) {
	list := slices.Clone(c.epochs)
	for i := range list {
		if !request.Wants(list[i].Epoch, epochs) {
			list[i].Scores = nil
			continue
		}
		if list[i].Scores == nil || c.curve.Images != request.Images {
			return nil, false
		}
	}
	return list, true
}
