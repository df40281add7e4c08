package verify

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/internal/disk"
)

// checkData loads the images of the cell.
func (c *verification) checkData(ctx context.Context) (string, error) {
	if c.cell == nil {
		return "", unchecked(store.CellFile)
	}
	var err error
	if c.set, c.source, err = c.Images(ctx, c.cell.Data); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d images of %s, SHA-256 %.12s", c.cell.Data.Images, c.cell.Data.Name, c.cell.Data.Checksum), nil
}

// checkDeal deals the game again.
func (c *verification) checkDeal(context.Context) (string, error) {
	if c.set == nil {
		return "", unchecked("data")
	}
	p := &worker.Session{Job: worker.Job{Cell: *c.cell, Dir: c.scratch}, Hash: c.hash}
	common := worker.NewGameCache(c.set, c.cell.Game)
	var err error
	if p.Game, err = common.Game(); err != nil {
		return "", err
	}
	if err := p.Stamp(common); err != nil {
		return "", err
	}
	c.again = p
	return fmt.Sprintf("%d images are trained on, %d predicted", len(p.Training.Labels), p.Probes.N), nil
}

// checkPoison compares poison.csv with the images stamped again, row by row.
func (c *verification) checkPoison(context.Context) (string, error) {
	if c.again == nil {
		return "", unchecked("deal")
	}
	path := filepath.Join(c.scratch, store.PoisonFile)
	if err := c.again.Files().WritePoison(path); err != nil {
		return "", err
	}
	want, err := csvRows(path)
	if err != nil {
		return "", err
	}
	got, err := csvRows(c.path(store.PoisonFile))
	if err != nil {
		return "", err
	}
	for i := range max(len(want), len(got)) {
		if i >= len(want) || i >= len(got) || !slices.Equal(want[i], got[i]) {
			return "", fmt.Errorf("line %d of %s is %q, dealt again it is %q", i+1, store.PoisonFile, rowAt(got, i), rowAt(want, i))
		}
	}
	return fmt.Sprintf("%d stamped images fit their SHA-256", len(want)-1), nil
}

func rowAt(rows [][]string, i int) string {
	if i >= len(rows) {
		return "missing"
	}
	return strings.Join(rows[i], ",")
}

func csvRows(path string) ([][]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return rows, nil
}

// checkPredictions scores the stored predictions again.
func (c *verification) checkPredictions(context.Context) (string, error) {
	if c.again == nil {
		return "", unchecked("deal")
	}
	predicted, err := os.ReadFile(c.path(store.PredictionsFile))
	if err != nil {
		return "", err
	}
	if c.score, err = c.again.Game.Score(predicted); err != nil {
		return "", err
	}
	c.predicted = predicted
	return fmt.Sprintf("%d, one for each probe", len(predicted)), nil
}

// checkMetrics reads metrics.csv.
func (c *verification) checkMetrics(context.Context) (string, error) {
	if c.cell == nil {
		return "", unchecked(store.CellFile)
	}
	metrics, err := (&store.Record{Dir: c.dir}).Metrics()
	if err != nil {
		return "", err
	}
	if got, want := len(metrics), c.cell.Training.Epochs; got != want || got == 0 {
		return "", fmt.Errorf("%d epochs instead of %d", got, want)
	}
	for i, m := range metrics {
		if m.Epoch != i+1 {
			return "", fmt.Errorf("line %d is of epoch %d", i+2, m.Epoch)
		}
	}
	c.last = &metrics[len(metrics)-1]
	return fmt.Sprintf("epochs: %d", len(metrics)), nil
}

// checkFigures makes the result again and compares all of it but its run.
func (c *verification) checkFigures(context.Context) (string, error) {
	switch {
	case c.result == nil:
		return "", unchecked(store.ResultFile)
	case c.score == nil:
		return "", unchecked(store.PredictionsFile)
	case c.last == nil:
		return "", unchecked(store.MetricsFile)
	}
	want := store.NewResult(*c.cell, c.hash, c.score, c.again.Game.Overlaps())
	want.TrainingImages, want.Normalization = len(c.again.Training.Labels), c.again.Normalization
	want.FinalLoss, want.TrainAccuracy = c.last.Loss, c.last.TrainAccuracy
	want.Digest, want.Provenance = c.result.Digest, c.result.Provenance
	expected, err := fieldsOfJSON(want)
	if err != nil {
		return "", err
	}
	got, err := fieldsOfJSON(*c.result)
	if err != nil {
		return "", err
	}
	var wrong []string
	for i := range max(len(expected), len(got)) {
		if i >= len(expected) || i >= len(got) || expected[i] != got[i] {
			wrong = append(wrong, fieldAt(got, i)+", derived again "+fieldAt(expected, i))
		}
	}
	if len(wrong) > 0 {
		return "", fmt.Errorf("%d differ, first %s", len(wrong), wrong[0])
	}
	return fmt.Sprintf("%d values are the same", len(got)), nil
}

func fieldAt(fields []cell.Field, i int) string {
	if i >= len(fields) {
		return "nothing"
	}
	return fields[i].Path + " = " + fields[i].Value
}

// fieldsOfJSON lists the values of a value's JSON.
func fieldsOfJSON(v any) ([]cell.Field, error) {
	tree, err := cell.TreeOf(v)
	if err != nil {
		return nil, err
	}
	return cell.Flatten(cell.Field{}, tree), nil
}

// checkSingles compares the single ASRs with the single games that are stored.
func (c *verification) checkSingles(context.Context) (string, error) {
	if c.result == nil || c.score == nil {
		return "", unchecked("figures")
	}
	want, err := store.SinglesOf(*c.cell, c.score)
	if err != nil {
		return "", err
	}
	got := c.result.Provenance.Single
	if len(got) != len(want) {
		return "", fmt.Errorf("%d of %d attackers", len(got), len(want))
	}
	compared := 0
	for i, single := range got {
		if single.ID != want[i].ID || single.Cell != want[i].Cell {
			return "", fmt.Errorf("attacker %d alone is cell %.12s, not %.12s", want[i].ID, want[i].Cell, single.Cell)
		}
		if single.ASR == nil {
			continue
		}
		asr := want[i].ASR
		if asr == nil {
			record, err := c.Store.Glance(single.Cell)
			if errors.Is(err, store.ErrNotStored) || errors.Is(err, store.ErrBroken) {
				continue
			}
			if err != nil {
				return "", err
			}
			finding := plan.NewKnownResult(&record.Result)
			asr = &finding.ASR
		}
		if *asr != *single.ASR {
			return "", fmt.Errorf("attacker %d: %d of %d, in its single game %d of %d", single.ID, single.ASR.Hits, single.ASR.Of, asr.Hits, asr.Of)
		}
		compared++
	}
	return fmt.Sprintf("%d of %d attackers' single games are stored", compared, len(got)), nil
}

// checkArtefacts writes triggers and images again and compares them with those
// that are stored.
func (c *verification) checkArtefacts(context.Context) (string, error) {
	if c.again == nil || c.manifest == nil {
		return "", unchecked("deal")
	}
	stored := c.manifest.Artefacts()
	stored.Model = false // checkModel
	c.again.Job.Artefacts = stored
	if err := c.again.WriteArtefacts(); err != nil {
		return "", err
	}
	want := map[string]bool{}
	names, err := disk.Files(c.scratch)
	if err != nil {
		return "", err
	}
	for _, name := range names {
		if isArtefact(name) {
			want[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.manifest.Files)) {
		if isArtefact(name) && !want[name] {
			return "", fmt.Errorf("%s does not belong here", name)
		}
	}
	for name := range want {
		if err := sameContent(c.path(name), filepath.Join(c.scratch, filepath.FromSlash(name))); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("files of triggers and images: %d", len(want)), nil
}

// isArtefact says whether a file is one that checkArtefacts compares.
func isArtefact(name string) bool {
	top, _, _ := strings.Cut(name, "/")
	return top == store.TriggersDir || top == store.ImagesDir || top == store.TrainingFile
}

// sameContent compares two files, pictures by their pixels.
func sameContent(got, want string) error {
	a, err := os.ReadFile(got)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(want)
	if err != nil {
		return err
	}
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
