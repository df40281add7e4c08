package worker_test

import (
	"archive/zip"
	"image"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets/testset"
	"backfire/experiments/store"
	"backfire/experiments/worker"
	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
	"backfire/internal/npz"
	"backfire/internal/pixels"
	"backfire/internal/safetensors"
)

// artefactsOf trains the game of four attackers with all artefacts.
func artefactsOf(t *testing.T) (worker.Train, *game.Game) {
	t.Helper()
	plan := enginetest.NewPlan(t)
	job := enginetest.NewTrain(t, plan.Cells[len(plan.Cells)-1])
	job.Artefacts = enginetest.AllArtefacts
	events := enginetest.Work(t, &worker.Worker{Engine: enginetest.Engine{}, Load: enginetest.Loader}, job)
	require.Equal(t, worker.KindDone, events[len(events)-1].Kind, events[len(events)-1].Error)
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
		picture := readPNG(t, filepath.Join(job.Dir, store.TriggersDir, "attacker-"+strconv.Itoa(attacker.ID)+".png"))
		trigger := g.Triggers()[i]
		for at, masked := range trigger.Mask {
			r, _, _, a := picture.At(at%8, at/8).RGBA()
			require.Equal(t, masked == 1, a == 0xffff)
			if masked == 1 {
				require.Equal(t, trigger.Pattern[at], uint8(r>>8))
			}
		}
	}

	pictures, err := filepath.Glob(filepath.Join(job.Dir, store.ImagesDir, "*", "*.png"))
	require.NoError(t, err)
	require.Len(t, pictures, len(training.Labels))
	for _, row := range []int{0, 200, len(training.Labels) - 1} {
		path := filepath.Join(job.Dir, store.ImagesDir, strconv.Itoa(int(training.Labels[row])), strconv.Itoa(row)+".png")
		require.Equal(t, training.Images[row*64:(row+1)*64], readPNG(t, path).(*image.Gray).Pix)
	}

	arrays := readNPZ(t, filepath.Join(job.Dir, store.TrainingFile))
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

	model, err := os.Open(filepath.Join(job.Dir, store.ModelFile))
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
	names, err := disk.Files(first.Dir)
	require.NoError(t, err)
	for _, name := range names {
		switch name {
		case store.EnvironmentFile, store.MetricsFile:
		default:
			require.Equal(t, enginetest.CellContent(t, filepath.Join(first.Dir, name)), enginetest.CellContent(t, filepath.Join(second.Dir, name)), name)
		}
	}
}

func TestNPZPutsChannelsLast(t *testing.T) {
	d := &worker.Deal{Cell: enginetest.ExampleCell(), Training: &game.TrainingSet{
		Images: []uint8{1, 2, 3, 4, 5, 6}, Labels: []uint8{0}, Rows: make([]game.Row, 1),
	}}
	d.Training.Shape.C, d.Training.Shape.H, d.Training.Shape.W = 3, 1, 2
	require.Equal(t, npz.Array{Name: "images", Shape: []int{1, 1, 2, 3}, Values: []uint8{1, 3, 5, 2, 4, 6}}, d.Arrays()[0])
	r, g, b, _ := pixels.Picture(d.Training.Images, d.Training.Shape.C, d.Training.Shape.H, d.Training.Shape.W).At(1, 0).RGBA()
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
