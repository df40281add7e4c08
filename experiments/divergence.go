package experiments

import (
	"fmt"
	"path/filepath"

	"backfire/defenses"
	"backfire/defenses/divergence"
	"backfire/defenses/features"
	"backfire/game"
	"backfire/stats"
)

// DivergenceFormat is the version of Divergences.
const DivergenceFormat = 1

// divergenceRows is how many rows of an owner's images of a class, with and
// without triggers, divergences are measured on: few enough that a measurement
// costs a small part of a training, enough for ranks.
const divergenceRows = 100

// DefenderID stands for the defender where attackers are named by ID.
const DefenderID = game.Defender

// Divergences says how far the features of each owner's images of a class lie
// from everybody's, by the trained model: equations 1 and 2 of the paper (section
// 7.1).
type Divergences struct {
	Format int    `json:"format"`
	Cell   string `json:"cell"` // hash
	// Looked is the number of rows of the training set that features were taken
	// of, Features the length of each vector.
	Looked   int `json:"looked"`
	Features int `json:"features"`
	// Divergences are by class, owner and part. Agent is an attacker's ID, or
	// DefenderID.
	Divergences []divergence.Divergence `json:"divergences"`
}

// AttackerDivergence is an attacker's divergence in its target class; see
// divergence.Divergence.
type AttackerDivergence struct {
	MMD2 stats.Number `json:"mmd2"` // of all its images there: equation 1
	JS   stats.Number `json:"js"`
	// Of those with its trigger: a part of equation 2.
	TriggeredMMD2 stats.Number `json:"triggered_mmd2"`
	TriggeredJS   stats.Number `json:"triggered_js"`
}

// of returns the divergence of the attacker with an ID in a class; nil if it has no
// images there.
func (d *Divergences) of(id, class int) *AttackerDivergence {
	var found *AttackerDivergence
	triggered := AttackerDivergence{TriggeredMMD2: stats.Undefined(), TriggeredJS: stats.Undefined()}
	for _, one := range d.Divergences {
		if one.Agent != id || one.Class != class {
			continue
		}
		switch one.Part {
		case divergence.All:
			found = &AttackerDivergence{MMD2: one.MMD2, JS: one.JS}
		case divergence.Triggered:
			triggered.TriggeredMMD2, triggered.TriggeredJS = one.MMD2, one.JS
		}
	}
	if found != nil {
		found.TriggeredMMD2, found.TriggeredJS = triggered.TriggeredMMD2, triggered.TriggeredJS
	}
	return found
}

// writeDivergences measures divergences and writes them into the job's directory,
// if they are asked for.
func (p *playing) writeDivergences(model TrainedModel) error {
	if !p.job.Artefacts.Divergence {
		return nil
	}
	measured, err := p.measureDivergences(model)
	if err != nil {
		return fmt.Errorf("experiments: measure divergences: %w", err)
	}
	if err := writeJSON(filepath.Join(p.job.Dir, DivergenceFile), measured); err != nil {
		return fmt.Errorf("experiments: write divergences: %w", err)
	}
	return nil
}

// measureDivergences asks the trained model for features of its training set and
// compares the owners.
func (p *playing) measureDivergences(model TrainedModel) (*Divergences, error) {
	data := divergence.Data{Labels: p.training.Labels}
	for i, row := range p.training.Rows {
		data.Owners = append(data.Owners, row.Owner)
		data.Triggered = append(data.Triggered, row.Trigger != game.NoTrigger || p.stampedByDefender(i))
	}
	seed := p.job.Cell.Game.Seed
	var err error
	if data.Looked, err = divergence.Sample(data, divergenceRows, seed); err != nil {
		return nil, err
	}
	size := p.training.Shape.Size()
	images := make([]uint8, 0, len(data.Looked)*size)
	for _, row := range data.Looked {
		images = append(images, p.training.Images[row*size:(row+1)*size]...)
	}
	values, err := model.Features(images)
	if err != nil {
		return nil, err
	}
	width := len(values) / len(data.Looked)
	if data.Features, err = features.New(values, width); err != nil {
		return nil, err
	}
	list, err := divergence.Measure(data, seed)
	if err != nil {
		return nil, err
	}
	for i, d := range list {
		if d.Agent != game.Defender {
			list[i].Agent = p.job.Cell.Game.Attackers[d.Agent].ID
		}
	}
	return &Divergences{
		Format: DivergenceFormat, Cell: p.hash, Looked: len(data.Looked), Features: width, Divergences: list,
	}, nil
}

// stampedByDefender says whether a row carries a simulated attacker's trigger.
func (p *playing) stampedByDefender(row int) bool {
	return p.simulated != nil && p.simulated[row] != defenses.NotSimulated
}

// Divergences reads what DivergenceFile holds. Results have it on request only;
// see Artefacts.
func (r *Record) Divergences() (*Divergences, error) {
	var d Divergences
	if err := readJSON(filepath.Join(r.Dir, DivergenceFile), &d); err != nil {
		return nil, fmt.Errorf("experiments: read divergences: %w", err)
	}
	return &d, nil
}
