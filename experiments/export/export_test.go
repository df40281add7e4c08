package export_test

import (
	"encoding/csv"
	"encoding/json"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"

	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/export"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/game"
	"backfire/internal/enginetest"
)

// trained returns the stored result of the example cell, with its model, and its images.
func trained(t *testing.T) (*store.Record, *datasets.Set) {
	t.Helper()
	return trainedCell(t, enginetest.NewPlan(t).Cells[2])
}

// trainedCell returns the stored result of a cell, with its model, and its images.
func trainedCell(t *testing.T, c cell.Cell) (*store.Record, *datasets.Set) {
	t.Helper()
	request := enginetest.NewTrain(t, c)
	request.Artefacts = store.Artefacts{Model: true}
	events := enginetest.Work(t, &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader}, request)
	require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
	hash, err := c.Hash()
	require.NoError(t, err)
	root := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(root, store.PlansDir), 0o700))
	require.NoError(t, os.Rename(request.Dir, filepath.Join(root, hash)))
	require.NoError(t, enginetest.WriteManifest(filepath.Join(root, hash), hash))
	st, err := store.OpenExisting(root)
	require.NoError(t, err)
	record, err := st.Read(hash)
	require.NoError(t, err)
	set, err := enginetest.Loader(t.Context(), request.Source)
	require.NoError(t, err)
	return record, set
}

// written exports the example in a format.
func written(t *testing.T, format export.Format) (dir string, record *store.Record, deal *worker.Deal) {
	t.Helper()
	record, set := trained(t)
	model, err := export.New(set, record)
	require.NoError(t, err)
	dir = filepath.Join(t.TempDir(), "out")
	require.NoError(t, model.Write(dir, format))
	require.ErrorIs(t, model.Write(dir, format), export.ErrExists)
	deal, err = worker.NewDeal(set, record.Cell)
	require.NoError(t, err)
	var d export.Description
	text, err := os.ReadFile(filepath.Join(dir, export.DescriptionFile))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &d))
	require.Equal(t, format, d.To)
	require.Equal(t, record.Result.Cell, d.Cell)
	require.Len(t, d.Attackers, len(record.Cell.Game.Attackers))
	for _, name := range []string{store.CellFile, store.ResultFile, store.ModelFile} {
		want, err := os.ReadFile(record.File(name))
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		require.Equal(t, want, got, name)
	}
	for _, a := range record.Cell.Game.Attackers {
		require.FileExists(t, filepath.Join(dir, store.TriggersDir, "attacker-"+strconv.Itoa(a.ID)+".png"))
	}
	return dir, record, deal
}

// owned returns the ID of the agent at a position as exports have it.
func owned(deal *worker.Deal, position int) int {
	if position < 0 {
		return export.None
	}
	return deal.Cell.Game.AgentIDs()[position]
}

func TestImageFolder(t *testing.T) {
	dir, record, deal := written(t, export.ImageFolder)
	lines := csvOf(t, filepath.Join(dir, "training.csv"))
	require.Len(t, lines, len(deal.Training.Rows)+1)
	poisoned := 0
	for i, line := range lines[1:] {
		row := deal.Training.Rows[i]
		folder := record.Cell.Data.Classes[row.New]
		require.Equal(t, filepath.Join("training", folder, strconv.Itoa(i)+".png"), line[0])
		require.Equal(t, []string{strconv.Itoa(owned(deal, row.Owner)), strconv.FormatBool(row.Trigger != game.NoTrigger)}, line[4:6])
		if row.Trigger != game.NoTrigger {
			poisoned++
		}
		requirePicture(t, filepath.Join(dir, line[0]), deal.Training.Images[i*deal.Training.Shape.Size():], deal)
	}
	require.Positive(t, poisoned)
	lines = csvOf(t, filepath.Join(dir, "heldout.csv"))
	require.Len(t, lines, deal.Probes.N+1)
	predicted, err := record.Predictions(len(record.Cell.Data.Classes))
	require.NoError(t, err)
	for i, line := range lines[1:] {
		require.Equal(t, strconv.Itoa(int(predicted[i])), line[7])
		requirePicture(t, filepath.Join(dir, line[0]), deal.Probes.Images[i*deal.Probes.Shape.Size():], deal)
	}
}

// requirePicture compares a grey picture with the first image of some values.
func requirePicture(t *testing.T, path string, values []uint8, deal *worker.Deal) {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	picture, err := png.Decode(file)
	require.NoError(t, err)
	for at := range deal.Training.Shape.Plane() {
		r, _, _, _ := picture.At(at%deal.Training.Shape.W, at/deal.Training.Shape.W).RGBA()
		require.Equal(t, values[at], uint8(r>>8))
	}
}

func csvOf(t *testing.T, path string) [][]string {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	require.NoError(t, err)
	return lines
}

func TestParquet(t *testing.T) {
	dir, _, deal := written(t, export.Parquet)
	type row struct {
		Label    int64 `parquet:"label"`
		Owner    int64 `parquet:"owner"`
		Poisoned bool  `parquet:"poisoned"`
	}
	rows, err := parquet.ReadFile[row](filepath.Join(dir, "train.parquet"))
	require.NoError(t, err)
	require.Len(t, rows, len(deal.Training.Rows))
	for i, r := range deal.Training.Rows {
		require.Equal(t, row{int64(r.New), int64(owned(deal, r.Owner)), r.Trigger != game.NoTrigger}, rows[i])
	}
	var description struct {
		Distribution []struct {
			SHA256 string `json:"sha256"`
		} `json:"distribution"`
	}
	text, err := os.ReadFile(filepath.Join(dir, "croissant.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &description))
	require.Len(t, description.Distribution, 2)
}

func TestArrays(t *testing.T) {
	dir, _, _ := written(t, export.NPZ)
	for _, name := range []string{"training.npz", "heldout.npz", "triggers.npz"} {
		require.FileExists(t, filepath.Join(dir, name))
	}
}

// A format that cannot hold the model leaves nothing behind.
func TestNotExportable(t *testing.T) {
	record, set := trained(t)
	model, err := export.New(set, record)
	require.NoError(t, err)
	parent := t.TempDir()
	require.ErrorIs(t, model.Write(filepath.Join(parent, "out"), export.BackdoorBench), export.ErrNotExportable)
	left, err := os.ReadDir(parent)
	require.NoError(t, err)
	require.Empty(t, left)
	_, err = export.ParseFormat("zip")
	require.ErrorIs(t, err, export.ErrFormat)
}
