package store

import (
	"fmt"

	"backfire/defenses/divergence"
	"backfire/internal/disk"
	"backfire/internal/jsonfile"
	"backfire/stats"
)

// divergenceFormat is the version of Divergences.
const divergenceFormat = 1

// Divergences holds the distances of the features of each owner's images of a class from those of all images
// of that class, by the trained model: equations 1 and 2 of the paper (section 7.1).
type Divergences struct {
	Format int    `json:"format"` // set by Write
	Cell   string `json:"cell"`   // hash
	// Looked is the number of rows of the training set whose features were compared, Features the length of
	// each vector.
	Looked   int `json:"looked"`
	Features int `json:"features"`
	// Divergences are by class, owner and part. Agent is an attacker's ID, or game.Defender.
	Divergences []divergence.Divergence `json:"divergences"`
}

// AttackerDivergence is an attacker's divergence in its target class; see divergence.Divergence.
type AttackerDivergence struct {
	MMD2 stats.Number `json:"mmd2"` // of all its images there: equation 1
	JS   stats.Number `json:"js"`
	// Of those with its trigger: a part of equation 2.
	TriggeredMMD2 stats.Number `json:"triggered_mmd2"`
	TriggeredJS   stats.Number `json:"triggered_js"`
}

// Of returns the divergence of the attacker with an ID in a class; nil if it has no images there.
func (d *Divergences) Of(id, class int) *AttackerDivergence {
	var all *AttackerDivergence
	triggered := AttackerDivergence{TriggeredMMD2: stats.Undefined(), TriggeredJS: stats.Undefined()}
	for _, one := range d.Divergences {
		if one.Agent != id || one.Class != class {
			continue
		}
		switch one.Part {
		case divergence.All:
			all = &AttackerDivergence{MMD2: one.MMD2, JS: one.JS}
		case divergence.Triggered:
			triggered.TriggeredMMD2, triggered.TriggeredJS = one.MMD2, one.JS
		}
	}
	if all != nil {
		all.TriggeredMMD2, all.TriggeredJS = triggered.TriggeredMMD2, triggered.TriggeredJS
	}
	return all
}

// Write writes the divergences to DivergenceFile in dir.
func (d Divergences) Write(dir string) error {
	d.Format = divergenceFormat
	if err := jsonfile.WriteIn(disk.In(dir), DivergenceFile, d); err != nil {
		return fmt.Errorf("store: write divergences: %w", err)
	}
	return nil
}

// Divergences reads DivergenceFile, an artefact, which results have on request only.
func (r *Record) Divergences() (*Divergences, error) {
	var d Divergences
	if err := jsonfile.ReadIn(r.files(), DivergenceFile, &d); err != nil {
		return nil, fmt.Errorf("store: read divergences: %w", err)
	}
	return &d, nil
}
