package verify

import (
	"bytes"
	"context"
	"fmt"
	"image/png"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"backfire/experiments/store"
	"backfire/internal/disk"
)

// checkArtefacts writes triggers and images again and compares them with those that are stored.
func (c *verification) checkArtefacts(context.Context) (string, error) {
	if c.deal == nil || c.manifest == nil {
		return "", unchecked("deal")
	}
	if err := c.deal.WriteArtefacts(c.scratch, c.manifest.Artefacts()); err != nil {
		return "", err
	}
	derived := map[string]bool{}
	names, err := disk.Files(c.scratch)
	if err != nil {
		return "", err
	}
	for _, name := range names {
		if isArtefact(name) {
			derived[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.manifest.Files)) {
		if isArtefact(name) && !derived[name] {
			return "", fmt.Errorf("%s does not belong here", name)
		}
	}
	for name := range derived {
		if err := sameContent(name, c.dir, disk.In(c.scratch)); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("files of triggers and images: %d", len(derived)), nil
}

// isArtefact reports whether checkArtefacts compares a file.
func isArtefact(name string) bool {
	top, _, _ := strings.Cut(name, "/")
	return top == store.TriggersDir || top == store.ImagesDir || top == store.TrainingFile
}

// sameContent returns an error unless the files of a name in two directories have the same content, pictures by
// their pixels.
func sameContent(name string, stored, derived disk.Dir) error {
	a, err := stored.ReadFile(name, disk.MaxBytes)
	if err != nil {
		return err
	}
	b, err := derived.ReadFile(name, disk.MaxBytes)
	if err != nil {
		return err
	}
	got, want := stored.Path(name), derived.Path(name)
	if bytes.Equal(a, b) {
		return nil
	}
	if filepath.Ext(got) != ".png" {
		return fmt.Errorf("%s differs from what is derived again", filepath.Base(got))
	}
	x, err := png.Decode(bytes.NewReader(a))
	if err != nil {
		return fmt.Errorf("%s: %w", got, err)
	}
	y, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return fmt.Errorf("%s: %w", want, err)
	}
	if x.Bounds() != y.Bounds() {
		return fmt.Errorf("%s has another size", got)
	}
	for row := range y.Bounds().Dy() {
		for column := range y.Bounds().Dx() {
			if x.At(column, row) != y.At(column, row) {
				return fmt.Errorf("%s differs at column %d, row %d", got, column, row)
			}
		}
	}
	return nil
}
