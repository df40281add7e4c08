package export

import (
	"backfire/game"
	"backfire/triggers"
)

// DescriptionFile holds the Description of an export.
const DescriptionFile = "export.json"

// DescriptionFormat is the version of Description. It rises when a field changes its name or meaning.
const DescriptionFormat = 1

// Description holds what a reader of an export needs to know beside its images.
type Description struct {
	Format  int            `json:"format"`
	To      Format         `json:"to"`   // format of the images
	Cell    string         `json:"cell"` // hash of the model's cell
	Data    string         `json:"data"` // name of the dataset
	Shape   triggers.Shape `json:"shape"`
	Classes []string       `json:"classes"` // names in the order of the labels
	// Folders holds the name of the folder of each class, in the order of the labels.
	Folders []string `json:"folders"`
	// Mean and Std are those of store.Normalization.
	Mean []float64 `json:"mean"`
	Std  []float64 `json:"std"`

	ExcludeTargetClass bool   `json:"exclude_target_class"` // as in game.Rules
	Denominator        string `json:"denominator"`

	Training  int        `json:"training"` // images of the training set
	HeldOut   int        `json:"held_out"` // held-out images, those with a trigger included
	Attackers []Attacker `json:"attackers"`
	Honest    []int      `json:"honest"` // IDs of the honest contributors
}

// Attacker describes an attacker of an export.
type Attacker struct {
	ID int `json:"id"`
	// Target is the label that it wants, and Label the name of that class: null and empty with all_to_all.
	Target game.TargetLabel `json:"target"`
	Label  string           `json:"label"`
	// Mapping is that of the attacker's labels and Sources the classes that it attacks, see game.Attacker; empty:
	// Target is wanted for all images.
	Mapping string `json:"mapping,omitempty"`
	Sources []int  `json:"sources,omitempty"`
	Trigger string `json:"trigger"`
	// Effect selects how the trigger is combined with an image, see triggers.Effect; Opacity is that of the
	// pattern in units of 1/255. Both are empty where every image has a trigger of its own.
	Effect  string `json:"effect"`
	Opacity int    `json:"opacity"`
}

// describe returns the description of an export in a format.
func (m *Model) describe(format Format) Description {
	c, result := m.deal.Cell, m.record.Result
	d := Description{
		Format: DescriptionFormat, To: format, Cell: m.Hash(), Data: c.Data.Name, Shape: c.Data.Shape,
		Classes: c.Data.Classes, Folders: folderNames(c.Data.Classes),
		Mean: result.Normalization.Mean, Std: result.Normalization.Std,
		ExcludeTargetClass: c.Game.ExcludeTargetClass, Denominator: string(c.Game.Denominator),
		Training: len(m.deal.Training.Labels), HeldOut: m.deal.Probes.N, Attackers: []Attacker{}, Honest: []int{},
	}
	for i, a := range c.Game.Attackers {
		attacker := Attacker{ID: a.ID, Target: a.TargetLabel(), Label: a.TargetLabel().Name(c.Data.Classes), Mapping: string(a.Mapping), Sources: a.Sources}
		if drawn := m.deal.Game.Triggers(); c.Game.Sampling == game.PerAgent {
			attacker.Trigger, attacker.Effect, attacker.Opacity = drawn[i].ID(), effectName(drawn[i].Effect), int(drawn[i].Opacity)
		}
		d.Attackers = append(d.Attackers, attacker)
	}
	d.Honest = append(d.Honest, c.Game.AgentIDs()[len(c.Game.Attackers):]...)
	return d
}

// effectName returns the name of an effect in a description.
func effectName(e triggers.Effect) string {
	if e == triggers.Replace {
		return "replace"
	}
	return string(e)
}
