package store

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"backfire/experiments/ballots"
	"backfire/experiments/cell"
	"backfire/experiments/curve"
	"backfire/experiments/removed"
	"backfire/game"
	"backfire/internal/jsonfile"
)

// The places of artefacts in a stored result.
const (
	ModelFile    = "model.safetensors" // the trained parameters and running statistics, under torchvision's names
	TriggersDir  = "triggers"          // attacker-ID.png: pattern, with the mask as alpha
	ImagesDir    = "images"            // LABEL/ROW.png: the training set, by the label trained on
	TrainingFile = "training.npz"      // the training set as arrays

	DivergenceFile = "divergence.json" // the distances of each owner's features from those of all: Divergences
)

// Artefacts are files of a result that are written on request only. They follow from the cell as all other
// files do, so a request is not part of the cell.
type Artefacts struct {
	Model    bool `json:"model,omitempty"`    // ModelFile
	Triggers bool `json:"triggers,omitempty"` // TriggersDir
	Folder   bool `json:"folder,omitempty"`   // ImagesDir
	Archive  bool `json:"archive,omitempty"`  // TrainingFile

	Divergence bool `json:"divergence,omitempty"` // DivergenceFile
	Rankings   bool `json:"rankings,omitempty"`   // ballots.RankingsFile and ballots.ProbesFile, of a model that votes
	Detection  bool `json:"detection,omitempty"`  // removed.DetectionFile

	// Detectors holds further filters that look for poisoned images: the stack of each as cell.StackText writes it, a
	// line for each, in the order of removed.Lines. Their finds are in the files removed.DetectorFile.
	Detectors string `json:"detectors,omitempty"`
	// detectorFiles holds the names of such files of a stored result, a line for each.
	detectorFiles string

	// SmallModel asks for ModelFile where it is smaller than smallModelBytes. A stored result without it lacks
	// nothing.
	SmallModel bool `json:"small_model,omitempty"`

	Curve curve.Request `json:"curve,omitzero"` // curve.File, and columns of MetricsFile
}

// And returns the artefacts of both requests, with one curve that answers both.
func (a Artefacts) And(b Artefacts) Artefacts {
	return Artefacts{
		a.Model || b.Model, a.Triggers || b.Triggers, a.Folder || b.Folder, a.Archive || b.Archive, a.Divergence || b.Divergence,
		a.Rankings || b.Rankings, a.Detection || b.Detection, removed.Lines(a.Detectors, b.Detectors), removed.Lines(a.detectorFiles, b.detectorFiles),
		a.SmallModel || b.SmallModel, a.Curve.And(b.Curve),
	}
}

// Detects reports whether a stored result has what any filter finds.
func (a Artefacts) Detects() bool { return a.Detection || a.detectorFiles != "" }

// detectorsWithout returns the names of the files of detectors that are requested and that a result with other
// artefacts lacks.
func (a Artefacts) detectorsWithout(stored Artefacts) []string {
	var names []string
	for text := range strings.FieldsSeq(a.Detectors) {
		if name := removed.DetectorFile(text); !slices.Contains(strings.Fields(stored.detectorFiles), name) {
			names = append(names, name)
		}
	}
	return names
}

// smallModelBytes is the size from which on a model is no small one.
const smallModelBytes = 5_000_000

// KeepsModel reports whether the model of a cell is to be stored.
func (a Artefacts) KeepsModel(c cell.Cell) bool {
	return a.Model || a.SmallModel && c.ModelBytes() < smallModelBytes
}

// NeedTraining reports whether a stored result with other artefacts has to be trained again to get those that
// are requested: its model is not kept, or the rates during the training are asked for. Triggers and training
// images follow from the deal, divergences, rankings and detections from the model.
func (a Artefacts) NeedTraining(stored Artefacts) bool {
	asksModel := a.Model || a.Divergence && !stored.Divergence || a.Rankings && !stored.Rankings || a.Detection && !stored.Detection ||
		len(a.detectorsWithout(stored)) > 0
	return asksModel && !stored.Model || a.Curve.Lacks(stored.Curve) != ""
}

// Of returns the artefacts that the cell can have: if every image has a trigger of its own, there are no
// pictures of the attackers' triggers, and an attribution, which trains nothing, has no learning curve.
func (a Artefacts) Of(cell cell.Cell) Artefacts {
	a.Triggers = a.Triggers && cell.Game.Sampling == game.PerAgent
	if cell.Attribution != nil {
		a.Curve = curve.Request{}
	}
	return a
}

// Without returns the places of the artefacts that are requested and that a result with other artefacts lacks.
func (a Artefacts) Without(stored Artefacts) []string {
	var names []string
	for _, each := range []struct {
		requested, stored bool
		name              string
	}{
		{a.Model, stored.Model, ModelFile},
		{a.Triggers, stored.Triggers, TriggersDir},
		{a.Folder, stored.Folder, ImagesDir},
		{a.Archive, stored.Archive, TrainingFile},
		{a.Divergence, stored.Divergence, DivergenceFile},
		{a.Rankings, stored.Rankings, ballots.RankingsFile},
		{a.Detection, stored.Detection, removed.DetectionFile},
	} {
		if each.requested && !each.stored {
			names = append(names, each.name)
		}
	}
	names = append(names, a.detectorsWithout(stored)...)
	if lacks := a.Curve.Lacks(stored.Curve); lacks != "" {
		names = append(names, lacks)
	}
	return names
}

// Files lists the files of the result except its manifest, with slashes, sorted.
func (r *Record) Files() []string { return slices.Sorted(maps.Keys(r.digests)) }

// File returns the path of a file or directory of the result, given its name with slashes.
func (r *Record) File(name string) string { return filepath.Join(r.Dir, filepath.FromSlash(name)) }

// Artefacts returns the artefacts that the result has.
func (r *Record) Artefacts() Artefacts { return Manifest{Files: r.digests, Curve: r.curve}.Artefacts() }

// Artefacts returns the artefacts that the manifest of a stored result lists. Unlike Read it compares no file
// with its digest.
func (s *Store) Artefacts(hash string) (Artefacts, error) {
	var m Manifest
	if err := jsonfile.ReadIn(s.files.Sub(hash), ManifestFile, &m); err != nil {
		return Artefacts{}, fmt.Errorf("store: list artefacts: %w", err)
	}
	return m.Artefacts(), nil
}
