package store

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"backfire/experiments/cell"
	"backfire/game"
)

// Artefacts are files of a result that are written on request only. They follow
// from the cell as everything else does, so a request is no part of the cell.
type Artefacts struct {
	Model    bool `json:"model,omitempty"`    // ModelFile
	Triggers bool `json:"triggers,omitempty"` // TriggersDir
	Folder   bool `json:"folder,omitempty"`   // ImagesDir
	Archive  bool `json:"archive,omitempty"`  // TrainingFile

	Divergence bool `json:"divergence,omitempty"` // DivergenceFile
}

// The artefacts' places in a stored result.
const (
	ModelFile    = "model.safetensors" // the trained parameters and running statistics, under torchvision's names
	TriggersDir  = "triggers"          // attacker-ID.png: pattern, with the mask as alpha
	ImagesDir    = "images"            // LABEL/ROW.png: the training set, by the label trained on
	TrainingFile = "training.npz"      // the training set as arrays

	DivergenceFile = "divergence.json" // how far each owner's features lie from everybody's: Divergences
)

// and adds another request to this one.
func (a Artefacts) And(b Artefacts) Artefacts {
	return Artefacts{a.Model || b.Model, a.Triggers || b.Triggers, a.Folder || b.Folder, a.Archive || b.Archive, a.Divergence || b.Divergence}
}

// of leaves out what the cell has no such thing of: where every image has a
// trigger of its own, attackers have none.
func (a Artefacts) Of(cell cell.Cell) Artefacts {
	a.Triggers = a.Triggers && cell.Game.Sampling == game.PerAgent
	return a
}

// without names what is asked for and not there.
func (a Artefacts) Without(there Artefacts) []string {
	var names []string
	for _, each := range []struct {
		asked, there bool
		name         string
	}{
		{a.Model, there.Model, ModelFile},
		{a.Triggers, there.Triggers, TriggersDir},
		{a.Folder, there.Folder, ImagesDir},
		{a.Archive, there.Archive, TrainingFile},
		{a.Divergence, there.Divergence, DivergenceFile},
	} {
		if each.asked && !each.there {
			names = append(names, each.name)
		}
	}
	return names
}

// Files lists the files of the result but for its manifest, with slashes, sorted.
func (r *Record) Files() []string { return slices.Sorted(maps.Keys(r.digests)) }

// File is the path of one of the files or directories of the result.
func (r *Record) File(name string) string { return filepath.Join(r.Dir, filepath.FromSlash(name)) }

// Artefacts says which artefacts the result has.
func (r *Record) Artefacts() Artefacts { return Manifest{Files: r.digests}.Artefacts() }

// ArtefactsIn returns the artefacts that the manifest of the result in dir lists.
// Unlike Store.Read it compares no file with its digest.
func ArtefactsIn(dir string) (Artefacts, error) {
	var m Manifest
	if err := ReadJSON(filepath.Join(dir, ManifestFile), &m); err != nil {
		return Artefacts{}, err
	}
	return m.Artefacts(), nil
}

// Artefacts returns the artefacts among the files.
func (m Manifest) Artefacts() Artefacts {
	var a Artefacts
	for name := range m.Files {
		top, _, _ := strings.Cut(name, "/")
		a = a.And(Artefacts{top == ModelFile, top == TriggersDir, top == ImagesDir, top == TrainingFile, top == DivergenceFile})
	}
	return a
}
