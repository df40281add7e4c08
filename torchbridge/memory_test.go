package torchbridge

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// manyModels is how many models TestMemoryDoesNotGrowWithModels makes and frees;
// variable modelsVariable asks for more.
const (
	manyModels     = 300
	modelsVariable = "BACKFIRE_TEST_MODELS"
)

// residentBytes is the process's resident memory after a garbage collection.
func residentBytes(t *testing.T) float64 {
	t.Helper()
	runtime.GC()
	debug.FreeOSMemory()
	status, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("resident memory is read from /proc")
	}
	pages, err := strconv.Atoi(strings.Fields(string(status))[1])
	require.NoError(t, err)
	return float64(pages * os.Getpagesize())
}

func TestMemoryDoesNotGrowWithSteps(t *testing.T) {
	opt := toyOptions()
	opt.Images, opt.Train.Epochs = 800, 10 // 100 steps an epoch
	trainer, err := NewTrainer(opt)
	require.NoError(t, err)
	defer trainer.Close()
	images, labels := toyImages(opt.Images, 1)
	require.NoError(t, trainer.Upload(images, labels))
	after100 := 0.0
	for epoch := range opt.Train.Epochs {
		_, err := trainer.Epoch(order(opt.Images, 1, uint64(epoch)), nil)
		require.NoError(t, err)
		_, err = trainer.Predict(images)
		require.NoError(t, err)
		if epoch == 0 {
			after100 = residentBytes(t)
		}
	}
	require.LessOrEqual(t, residentBytes(t), 1.01*after100, "resident memory after 1,000 steps against 100")
}

// Everything that a model takes is given back with it: made, trained by a step,
// restored, asked and closed, models leave the process as large as it was after
// the first tenth of them.
func TestMemoryDoesNotGrowWithModels(t *testing.T) {
	models := manyModels
	if text := os.Getenv(modelsVariable); text != "" {
		var err error
		models, err = strconv.Atoi(text)
		require.NoError(t, err, modelsVariable)
	}
	opt := toyOptions()
	opt.Model.Width, opt.Images, opt.Train.Epochs = 1, 8, 2
	images, labels := toyImages(opt.Images, 1)
	// On one thread: the C allocator keeps an arena for each.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	warm := 0.0
	for i := range models {
		useModel(t, opt, images, labels)
		if i+1 == max(models/10, 20) {
			warm = residentBytes(t)
		}
	}
	grown := residentBytes(t)
	t.Logf("%d models: %.1f MiB resident after the first tenth, %.1f MiB in the end", models, warm/(1<<20), grown/(1<<20))
	require.LessOrEqual(t, grown, 1.02*warm)
}

// useModel does with a model all that a training does, and frees it.
func useModel(t *testing.T, opt Options, images []uint8, labels []uint16) {
	t.Helper()
	trainer, err := NewTrainer(opt)
	require.NoError(t, err)
	defer trainer.Close()
	require.NoError(t, trainer.Upload(images, labels))
	_, err = trainer.Epoch(order(opt.Images, 1, 0), nil)
	require.NoError(t, err)
	state, err := trainer.State()
	require.NoError(t, err)
	require.NoError(t, trainer.Restore(state))
	_, err = trainer.Predict(images)
	require.NoError(t, err)
	require.Error(t, trainer.Restore(State{Step: 1}))
}
