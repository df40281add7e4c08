package experiments

import (
	"archive/zip"
	"context"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets/testset"
	"backfire/game"
	"backfire/internal/npz"
	"backfire/internal/safetensors"
)

func TestArtefactsOfAConfiguration(t *testing.T) {
	for images, want := range map[string]Artefacts{
		"none": {Model: true}, "folder": {Model: true, Folder: true}, "npz": {Model: true, Archive: true},
	} {
		require.Equal(t, want, ArtefactsOf(config.Config{Artefacts: config.Artefacts{Model: true, Images: images}}))
	}
}

func TestPerImageTriggersHaveNoPicture(t *testing.T) {
	cell := exampleCell()
	require.True(t, Artefacts{Triggers: true}.of(cell).Triggers)
	cell.Game.Sampling = game.PerImage
	require.False(t, Artefacts{Triggers: true}.of(cell).Triggers)
}

// everything is a request for all artefacts.
var everything = Artefacts{Model: true, Triggers: true, Folder: true, Archive: true, Divergence: true}

// A result that lacks what is asked for is trained again, to the same figures,
// and keeps what it had; nothing else is.
func TestStoredResultsGetTheArtefactsAskedFor(t *testing.T) {
	plan, store := newTinyPlan(t), openStore(t)
	all := hashes(t, plan)
	run := func(cells []Cell, artefacts Artefacts) (*Outcome, []Event) {
		runner, seen := newRunner(store, 1, fault{})
		runner.Artefacts = artefacts
		outcome, err := runner.Run(context.Background(), cells)
		require.NoError(t, err)
		requireNoLeftovers(t, store)
		return outcome, seen.of(KindLacking)
	}
	run(plan.Cells[:2], Artefacts{})
	before := stored(t, store, all[1])
	outcome, lacking := run(plan.Cells[1:2], Artefacts{Model: true, Archive: true})
	require.Equal(t, &Outcome{Cells: 1, Trained: 1}, outcome)
	require.Len(t, lacking, 1)
	require.Equal(t, "it lacks model.safetensors, training.npz", lacking[0].Error)
	require.Equal(t, before.Digest, stored(t, store, all[1]).Digest)

	outcome, lacking = run(plan.Cells[:3], Artefacts{Triggers: true})
	require.Equal(t, &Outcome{Cells: 3, Trained: 3}, outcome)
	require.Len(t, lacking, 2, "the third was not stored")
	record, err := store.Read(all[1])
	require.NoError(t, err)
	require.Equal(t, Artefacts{Model: true, Triggers: true, Archive: true}, record.Artefacts())
	require.Contains(t, record.Files(), "triggers/attacker-1.png")

	outcome, lacking = run(plan.Cells[:3], Artefacts{})
	require.Equal(t, &Outcome{Cells: 3, Stored: 3}, outcome)
	require.Empty(t, lacking)
}

// Several points of a sweep that want the same cell get all that any of them
// asks for.
func TestSweepAsksForTheArtefactsOfAllPoints(t *testing.T) {
	sweep := newSweep(t,
		tinyPoint(t, "model", func(c *config.Config) { c.Attackers.Counts, c.Artefacts.Model = []int{1}, true }),
		tinyPoint(t, "images", func(c *config.Config) { c.Attackers.Counts, c.Artefacts.Images = []int{1, 2}, "npz" }))
	stage, err := sweep.Stage(nil)
	require.NoError(t, err)
	require.Equal(t, Artefacts{Model: true, Archive: true}, stage.Wants[0].Artefacts)
	require.Equal(t, Artefacts{Archive: true}, stage.Wants[len(stage.Wants)-1].Artefacts)
}

// artefactsOf trains the game of four attackers with all artefacts.
func artefactsOf(t *testing.T) (Job, *game.Game) {
	t.Helper()
	plan := newTinyPlan(t)
	job := newJob(t, plan.Cells[len(plan.Cells)-1])
	job.Artefacts = everything
	events := work(t, &Worker{Engine: fakeEngine{}, Load: loadTiny}, job)
	require.Equal(t, KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
	set, err := testset.New(1)
	require.NoError(t, err)
	g, err := game.New(set, job.Cell.Game)
	require.NoError(t, err)
	return job, g
}

func TestArtefactsHoldTheGame(t *testing.T) {
	job, g := artefactsOf(t)
	training := g.Training()

	for i, attacker := range job.Cell.Game.Attackers {
		picture := readPNG(t, filepath.Join(job.Dir, TriggersDir, "attacker-"+strconv.Itoa(attacker.ID)+".png"))
		trigger := g.Triggers()[i]
		for at, masked := range trigger.Mask {
			r, _, _, a := picture.At(at%8, at/8).RGBA()
			require.Equal(t, masked == 1, a == 0xffff)
			if masked == 1 {
				require.Equal(t, trigger.Pattern[at], uint8(r>>8))
			}
		}
	}

	pictures, err := filepath.Glob(filepath.Join(job.Dir, ImagesDir, "*", "*.png"))
	require.NoError(t, err)
	require.Len(t, pictures, len(training.Labels))
	for _, row := range []int{0, 200, len(training.Labels) - 1} {
		path := filepath.Join(job.Dir, ImagesDir, strconv.Itoa(int(training.Labels[row])), strconv.Itoa(row)+".png")
		require.Equal(t, training.Images[row*64:(row+1)*64], readPNG(t, path).(*image.Gray).Pix)
	}

	arrays := readNPZ(t, filepath.Join(job.Dir, TrainingFile))
	require.Len(t, arrays, 7)
	require.Equal(t, "{'descr': '|u1', 'fortran_order': False, 'shape': (320, 8, 8, 1, ), }", arrays["images.npy"].header)
	require.Equal(t, training.Images, arrays["images.npy"].data, "one channel: the same order")
	require.Equal(t, "{'descr': '<i8', 'fortran_order': False, 'shape': (320, ), }", arrays["labels.npy"].header)
	for i, row := range training.Rows {
		require.Equal(t, row.New, arrays["labels.npy"].data[8*i])
		require.Equal(t, row.Old, arrays["clean_labels.npy"].data[8*i])
		require.Equal(t, row.Owner, int(int8(arrays["owner.npy"].data[8*i])), "IDs are positions in this game")
		require.Equal(t, row.Trigger, int(int8(arrays["trigger.npy"].data[8*i])))
		require.Equal(t, uint8(row.Source), arrays["source.npy"].data[8*i])
	}

	model, err := os.Open(filepath.Join(job.Dir, ModelFile))
	require.NoError(t, err)
	defer model.Close()
	info, err := model.Stat()
	require.NoError(t, err)
	content, err := safetensors.Read(model, info.Size())
	require.NoError(t, err)
	require.Equal(t, "centroids", content.Tensors[0].Name)
	require.Equal(t, `["north","east","south","west"]`, content.Metadata["classes"])
	require.Equal(t, "[1,8,8]", content.Metadata["shape"])
	require.Equal(t, "1", content.Metadata["width"])
	require.Regexp(t, `^\[0\.\d+\]$`, content.Metadata["mean"])
}

func TestArtefactsAreTheSameTwice(t *testing.T) {
	first, _ := artefactsOf(t)
	second, _ := artefactsOf(t)
	names, err := filesOf(first.Dir)
	require.NoError(t, err)
	for _, name := range names {
		switch name {
		case EnvironmentFile, MetricsFile:
		default:
			require.Equal(t, ofCell(t, filepath.Join(first.Dir, name)), ofCell(t, filepath.Join(second.Dir, name)), name)
		}
	}
}

func TestNPZPutsChannelsLast(t *testing.T) {
	p := &playing{training: &game.TrainingSet{
		Images: []uint8{1, 2, 3, 4, 5, 6}, Labels: []uint8{0}, Rows: make([]game.Row, 1),
	}}
	p.training.Shape.C, p.training.Shape.H, p.training.Shape.W = 3, 1, 2
	p.job.Cell = exampleCell()
	require.Equal(t, npz.Array{Name: "images", Shape: []int{1, 1, 2, 3}, Values: []uint8{1, 3, 5, 2, 4, 6}}, p.arrays()[0])
	r, g, b, _ := pictureOf(p.training.Images, p.training.Shape).At(1, 0).RGBA()
	require.Equal(t, []uint32{2, 4, 6}, []uint32{r >> 8, g >> 8, b >> 8})
}

func readPNG(t *testing.T, path string) image.Image {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	picture, err := png.Decode(file)
	require.NoError(t, err)
	return picture
}

// npy is a .npy file: its header without padding, and its values.
type npy struct {
	header string
	data   []byte
}

func readNPZ(t *testing.T, path string) map[string]npy {
	t.Helper()
	archive, err := zip.OpenReader(path)
	require.NoError(t, err)
	defer archive.Close()
	arrays := map[string]npy{}
	for _, file := range archive.File {
		entry, err := file.Open()
		require.NoError(t, err)
		data, err := io.ReadAll(entry)
		require.NoError(t, err)
		end := 10 + int(data[8]) + int(data[9])<<8
		arrays[file.Name] = npy{strings.TrimRight(string(data[10:end]), " \n"), data[end:]}
	}
	return arrays
}

func TestExchangeInSteps(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	for _, path := range []string{a, b} {
		require.NoError(t, os.Mkdir(path, dirMode))
		require.NoError(t, os.WriteFile(filepath.Join(path, "was-"+filepath.Base(path)), nil, fileMode))
	}
	require.NoError(t, exchangeInSteps(a, b))
	require.FileExists(t, filepath.Join(a, "was-b"))
	require.FileExists(t, filepath.Join(b, "was-a"))

	require.Error(t, exchangeInSteps(filepath.Join(dir, "missing"), b))
	require.FileExists(t, filepath.Join(b, "was-a"), "what was there stays")
}
