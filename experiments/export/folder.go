package export

import (
	"encoding/csv"
	"fmt"
	"image/png"
	"io"
	"path"
	"strconv"

	"backfire/internal/disk"
	"backfire/internal/pixels"
	"backfire/internal/visible"
)

// The places of the format ImageFolder. Below trainingDir, and below each directory of heldOutDir, lies a
// folder for each class.
const (
	trainingDir  = "training"
	heldOutDir   = "heldout"
	trainingList = "training.csv"
	heldOutList  = "heldout.csv"
)

// folderNames returns a name for the folder of each class, in the order of the labels: the name of the class
// where that is a name for a folder, with the label behind it where another class has the same.
func folderNames(classes []string) []string {
	names, seen := make([]string, len(classes)), map[string]bool{}
	for label, class := range classes {
		name := visible.FileName(class)
		if seen[name] {
			name += "-" + strconv.Itoa(label)
		}
		names[label], seen[name] = name, true
	}
	return names
}

// writeFolders writes the images as PNG files in a folder for each class, and a list of them.
func (m *Model) writeFolders(dir disk.Dir) error {
	folders := folderNames(m.deal.Cell.Data.Classes)
	made := map[string]bool{}
	lines := [][]string{{"file", "row", "label", "clean_label", "owner", "poisoned", "trigger", "simulated", "source"}}
	for _, r := range m.trainingRows() {
		file := path.Join(trainingDir, folders[r.Label], strconv.Itoa(r.Row)+".png")
		if err := m.writeImage(dir, file, m.trainingImage(r.Row), made); err != nil {
			return err
		}
		lines = append(lines, append([]string{file}, texts(r.Row, r.Label, r.CleanLabel, r.Owner, r.Poisoned, r.Trigger, r.Simulated, r.Source)...))
	}
	if err := writeLines(dir, trainingList, lines); err != nil {
		return err
	}
	lines = [][]string{{"file", "row", "label", "owner", "stamped", "trigger", "target", "predicted", "source"}}
	for _, r := range m.heldOutRows() {
		file := path.Join(heldOutDir, r.folder(), folders[r.Label], strconv.Itoa(r.Row)+".png")
		if err := m.writeImage(dir, file, m.heldOutImage(r.Row), made); err != nil {
			return err
		}
		lines = append(lines, append([]string{file}, texts(r.Row, r.Label, r.Owner, r.Stamped, r.Trigger, r.Target, r.Predicted, r.Source)...))
	}
	return writeLines(dir, heldOutList, lines)
}

// folder returns the folder of a held-out image: defender, agent-ID-clean or agent-ID-stamped.
func (r HeldOutRow) folder() string {
	switch {
	case r.Owner == None:
		return "defender"
	case r.Stamped:
		return fmt.Sprintf("agent-%d-stamped", r.Owner)
	default:
		return fmt.Sprintf("agent-%d-clean", r.Owner)
	}
}

// writeImage writes an image as PNG. made holds the directories that exist.
func (m *Model) writeImage(dir disk.Dir, file string, values []uint8, made map[string]bool) error {
	if parent := path.Dir(file); !made[parent] {
		if err := dir.MkdirAll(parent); err != nil {
			return err
		}
		made[parent] = true
	}
	return writeTo(dir, file, func(w io.Writer) error { return m.encode(w, values) })
}

// encode writes an image as PNG.
func (m *Model) encode(w io.Writer, values []uint8) error {
	shape := m.deal.Training.Shape
	return png.Encode(w, pixels.Picture(values, shape.C, shape.H, shape.W))
}

// texts returns values as the texts of a line.
func texts(values ...any) []string {
	line := make([]string, len(values))
	for i, v := range values {
		line[i] = fmt.Sprint(v)
	}
	return line
}

// writeLines writes lines as CSV.
func writeLines(dir disk.Dir, name string, lines [][]string) error {
	return writeTo(dir, name, func(w io.Writer) error {
		return csv.NewWriter(w).WriteAll(lines)
	})
}
