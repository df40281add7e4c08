package experiments

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
	"strconv"
	"strings"

	"backfire/datasets"
)

// checkData loads the images of the cell.
func (c *verification) checkData(ctx context.Context) (string, error) {
	if c.cell == nil {
		return "", unchecked(CellFile)
	}
	var err error
	if c.set, c.source, err = c.images(ctx, c.cell.Data); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d images of %s, SHA-256 %.12s", c.cell.Data.Images, c.cell.Data.Name, c.cell.Data.Checksum), nil
}

// find loads the images of a cell, and says where they lie. Which split they are is
// not part of a cell: all are tried, the configured one first.
func find(ctx context.Context, load Loader, source datasets.Source, data Data) (*datasets.Set, datasets.Source, error) {
	if source.Name != data.Name {
		source.Name, source.Path = data.Name, ""
	}
	splits := []string{source.Split}
	for _, split := range []string{"auto", "train", "test", "all"} {
		if split != source.Split {
			splits = append(splits, split)
		}
	}
	var errs []error
	for _, split := range splits {
		source.Split = split
		set, err := load(ctx, source)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if set.Checksum == data.Checksum {
			return set, source, nil
		}
		errs = append(errs, fmt.Errorf("split %s has SHA-256 %.12s", split, set.Checksum))
	}
	return nil, source, fmt.Errorf("%w: SHA-256 %.12s is wanted: %w", ErrOtherData, data.Checksum, errors.Join(errs...))
}

// checkDeal deals the game again.
func (c *verification) checkDeal(context.Context) (string, error) {
	if c.set == nil {
		return "", unchecked("data")
	}
	p := &playing{job: Job{Cell: *c.cell, Dir: c.scratch}, hash: c.hash}
	common := newDealt(c.set, c.cell.Game)
	var err error
	if p.game, err = common.game(); err != nil {
		return "", err
	}
	if err := p.stamp(common); err != nil {
		return "", err
	}
	c.again = p
	return fmt.Sprintf("%d images are trained on, %d predicted", len(p.training.Labels), p.probes.N), nil
}

// checkPoison compares poison.csv with the images stamped again, row by row.
func (c *verification) checkPoison(context.Context) (string, error) {
	if c.again == nil {
		return "", unchecked("deal")
	}
	path := filepath.Join(c.scratch, PoisonFile)
	if err := writePoison(path, c.again.files()); err != nil {
		return "", err
	}
	want, err := csvRows(path)
	if err != nil {
		return "", err
	}
	got, err := csvRows(c.path(PoisonFile))
	if err != nil {
		return "", err
	}
	for i := range max(len(want), len(got)) {
		if i >= len(want) || i >= len(got) || !slices.Equal(want[i], got[i]) {
			return "", fmt.Errorf("line %d of %s is %q, dealt again it is %q", i+1, PoisonFile, rowAt(got, i), rowAt(want, i))
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
	predicted, err := os.ReadFile(c.path(PredictionsFile))
	if err != nil {
		return "", err
	}
	if c.score, err = c.again.game.Score(predicted); err != nil {
		return "", err
	}
	c.predicted = predicted
	return fmt.Sprintf("%d, one for each probe", len(predicted)), nil
}

// checkMetrics reads metrics.csv.
func (c *verification) checkMetrics(context.Context) (string, error) {
	if c.cell == nil {
		return "", unchecked(CellFile)
	}
	rows, err := csvRows(c.path(MetricsFile))
	if err != nil {
		return "", err
	}
	if got, want := len(rows)-1, c.cell.Training.Epochs; got != want {
		return "", fmt.Errorf("%d epochs instead of %d", got, want)
	}
	var last EpochMetrics
	for i, row := range rows[1:] {
		epoch, err := strconv.Atoi(row[0])
		if err != nil || epoch != i+1 {
			return "", fmt.Errorf("line %d is of epoch %q", i+2, row[0])
		}
		values := make([]float64, len(row))
		for j, text := range row {
			if values[j], err = strconv.ParseFloat(text, 64); err != nil {
				return "", fmt.Errorf("epoch %d: %s: %w", epoch, rows[0][j], err)
			}
		}
		last = EpochMetrics{Epoch: epoch, Loss: values[1], TrainAccuracy: values[2]}
	}
	c.last = &last
	return fmt.Sprintf("epochs: %d", len(rows)-1), nil
}

// checkFigures makes the result again and compares all of it but its run.
func (c *verification) checkFigures(context.Context) (string, error) {
	switch {
	case c.result == nil:
		return "", unchecked(ResultFile)
	case c.score == nil:
		return "", unchecked(PredictionsFile)
	case c.last == nil:
		return "", unchecked(MetricsFile)
	}
	want := newResult(*c.cell, c.hash, c.score, c.again.game.Overlaps())
	want.TrainingImages, want.Normalization = len(c.again.training.Labels), c.again.norm
	want.FinalLoss, want.TrainAccuracy = c.last.Loss, c.last.TrainAccuracy
	want.Digest, want.Run = c.result.Digest, c.result.Run
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

func fieldAt(fields []Field, i int) string {
	if i >= len(fields) {
		return "nothing"
	}
	return fields[i].Path + " = " + fields[i].Value
}

// fieldsOfJSON lists the values of a value's JSON.
func fieldsOfJSON(v any) ([]Field, error) {
	tree, err := treeOf(v)
	if err != nil {
		return nil, err
	}
	return flatten(Field{}, tree), nil
}

// checkSingles compares the single ASRs with the single games that are stored.
func (c *verification) checkSingles(context.Context) (string, error) {
	if c.result == nil || c.score == nil {
		return "", unchecked("figures")
	}
	want, err := c.cell.singles(c.score)
	if err != nil {
		return "", err
	}
	got := c.result.Run.Single
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
			if errors.Is(err, ErrNotStored) || errors.Is(err, ErrBroken) {
				continue
			}
			if err != nil {
				return "", err
			}
			finding := findingOf(&record.Result)
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
	c.again.job.Artefacts = stored
	if err := c.again.writeArtefacts(); err != nil {
		return "", err
	}
	want := map[string]bool{}
	names, err := filesOf(c.scratch)
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
	return top == TriggersDir || top == ImagesDir || top == TrainingFile
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
