package store

import (
	"fmt"
	"maps"
	"path/filepath"
	"strings"

	"backfire/experiments/ballots"
	"backfire/experiments/curve"
	"backfire/experiments/removed"
	"backfire/internal/disk"
	"backfire/internal/jsonfile"
)

// Manifest is the content of ManifestFile. It holds the SHA-256 of each file except ResultFile, of which it
// holds the digest: the provenance in that file is completed when more single games are stored, by replacing
// that file alone.
type Manifest struct {
	Cell  string            `json:"cell"`  // the cell's hash
	Files map[string]string `json:"files"` // path within the directory, with slashes -> SHA-256, hexadecimal
	// Curve is the request that curve.File answers; zero without that file.
	Curve curve.Request `json:"curve,omitzero"`
}

// Artefacts returns the artefacts among the files.
func (m Manifest) Artefacts() Artefacts {
	var a Artefacts
	for name := range m.Files {
		top, _, _ := strings.Cut(name, "/")
		detector := ""
		if removed.IsDetectorFile(top) {
			detector = top
		}
		a = a.And(Artefacts{
			Model: top == ModelFile, Triggers: top == TriggersDir, Folder: top == ImagesDir, Archive: top == TrainingFile,
			Divergence: top == DivergenceFile, Rankings: top == ballots.RankingsFile || top == ballots.ProbesFile,
			Detection: top == removed.DetectionFile, detectorFiles: detector,
		})
	}
	a.Curve = m.Curve
	return a
}

// withoutArtefacts returns the manifest without the files of artefacts.
func (m Manifest) withoutArtefacts() Manifest {
	m.Files = maps.Clone(m.Files)
	maps.DeleteFunc(m.Files, func(name, sum string) bool {
		return Manifest{Files: map[string]string{name: sum}}.Artefacts() != Artefacts{}
	})
	return m
}

// Check compares the files in dir with their SHA-256. It does not look at ResultFile, whose digest is checked
// when it is read, and at files that the manifest does not list. The error names the first file that differs.
func (m Manifest) Check(dir disk.Dir) error {
	for name, want := range m.Files {
		if name == ResultFile {
			continue
		}
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			return fmt.Errorf("%s lists %q, which is not a file of this result", ManifestFile, name)
		}
		got, err := dir.SHA256(name)
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("%s does not fit its SHA-256", name)
		}
	}
	return nil
}

// writeManifest writes the manifest of the files in dir, the result of the cell called hash.
func writeManifest(dir disk.Dir, hash string) error {
	result, err := ReadResult(dir)
	if err != nil {
		return err
	}
	names, err := dir.Files(".")
	if err != nil {
		return err
	}
	m := Manifest{Cell: hash, Files: map[string]string{ResultFile: result.Digest}}
	for _, name := range names {
		if name == ResultFile {
			continue
		}
		if m.Files[name], err = dir.SHA256(name); err != nil {
			return err
		}
	}
	if _, ok := m.Files[curve.File]; ok {
		c, err := curve.Read(dir)
		if err != nil {
			return err
		}
		m.Curve = c.Request()
	}
	return jsonfile.WriteIn(dir, ManifestFile, m)
}
