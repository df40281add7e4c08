package store

import (
	"fmt"
	"path/filepath"

	"backfire/defenses/divergence"
	"backfire/stats"
)

// DivergenceFormat is the version of Divergences.
const DivergenceFormat = 1

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
func (d *Divergences) Of(id, class int) *AttackerDivergence {
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

// Divergences reads what DivergenceFile holds. Results have it on request only;
// see Artefacts.
func (r *Record) Divergences() (*Divergences, error) {
	var d Divergences
	if err := ReadJSON(filepath.Join(r.Dir, DivergenceFile), &d); err != nil {
		return nil, fmt.Errorf("experiments: read divergences: %w", err)
	}
	return &d, nil
}
