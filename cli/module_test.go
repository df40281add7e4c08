package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets"
	"backfire/datasets/testset"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/internal/disk"
)

// moduleRun plays a game with a module as its network and returns the store, the hash of the
// model, the module's file and the settings of the game.
func moduleRun(t *testing.T) (dir, hash, file string, settings []string) {
	t.Helper()
	set, err := testset.New(1)
	require.NoError(t, err)
	images := filepath.Join(t.TempDir(), "images")
	for i, label := range set.Labels[:120] {
		class := filepath.Join(images, set.Classes[label])
		require.NoError(t, os.MkdirAll(class, disk.DirMode))
		writeGray(t, filepath.Join(class, fmt.Sprintf("%d.png", i)), set.W, set.H, set.Image(i))
	}
	code, err := os.ReadFile("../engine/testdata/module.pt")
	require.NoError(t, err)
	file = filepath.Join(t.TempDir(), "net.pt")
	require.NoError(t, os.WriteFile(file, code, disk.FileMode))
	settings = []string{
		"data.name=folder", "data.path=" + images, "model.file=" + file, "pool.size=120", "attackers.label=#1", "attackers.counts=2",
		"attackers.singles=0", "train.lr=0.01", "artefacts.model=true",
	}
	opts, dir, _, _ := runOptions(t, settings...)
	opts.Config.Sets = withoutKey(opts.Config.Sets, "model.width")
	require.NoError(t, runSweep(context.Background(), opts))
	st, err := store.OpenExisting(dir)
	require.NoError(t, err)
	hashes, err := st.Hashes()
	require.NoError(t, err)
	require.Len(t, hashes, 1)
	return dir, hashes[0], file, settings
}

// withoutKey returns settings without those of a key.
func withoutKey(sets []string, key string) []string {
	var kept []string
	for _, set := range sets {
		if !strings.HasPrefix(set, key+"=") {
			kept = append(kept, set)
		}
	}
	return kept
}

// A stored model with a module is verified and asked by the store's copy of the module, wherever
// the file of model.file has gone, and on another host; without the copy it is not, and the way
// out is named.
func TestModelsWithModulesElsewhere(t *testing.T) {
	dir, hash, file, settings := moduleRun(t)
	require.NoError(t, os.Remove(file))
	elsewhere := filepath.Join(t.TempDir(), "copied")
	require.NoError(t, os.CopyFS(elsewhere, os.DirFS(dir)))

	verify := func(dir string) (string, error) {
		opts, out := verifyOptions(t, dir)
		opts.Config.Sets = append(opts.Config.Sets, settings[:2]...)
		opts.Runs = []string{hash}
		err := runVerify(context.Background(), opts)
		return out(), err
	}
	ask := func(dir string) (string, error) {
		opts, out := predictOptions(t, dir, hash)
		opts.Config.Sets = append(opts.Config.Sets, settings[:2]...)
		opts.Trigger, opts.Sample = 1, 3
		err := runPredict(context.Background(), opts)
		return out(), err
	}
	out, err := verify(elsewhere)
	require.NoError(t, err, out)
	require.Contains(t, out, "it predicts the same for all")
	out, err = ask(elsewhere)
	require.NoError(t, err)
	require.Len(t, predictions(t, out), 3)

	st, err := store.OpenExisting(elsewhere)
	require.NoError(t, err)
	record, err := st.Read(hash)
	require.NoError(t, err)
	require.NoError(t, os.Remove(st.ModulePath(record.Cell)))
	out, err = verify(elsewhere)
	require.Equal(t, ExitUnchecked, ExitCode(err))
	require.Regexp(t, `(?m)^  open  model +.*copied lacks: copy the file that model\.file named, or .* to .*copied/\.modules/`, strings.ReplaceAll(out, "\n          ", " "))
	require.NotContains(t, out, "fail")
	_, err = ask(elsewhere)
	require.ErrorContains(t, err, "copy the file that model.file named, or .modules/")
	require.Equal(t, 1, strings.Count(err.Error(), "unusable module"), "one sentence: %v", err)

	// The run itself is repeated with the copy, which the error names.
	opts, _, _, _ := runOptions(t, append(settings, "store="+dir)...)
	opts.Config.Sets = withoutKey(opts.Config.Sets, "model.width")
	err = runSweep(context.Background(), opts)
	require.ErrorContains(t, err, filepath.Join(dir, ".modules")+" has the modules that were trained for this store, which model.file may name")
	opts.Config.Sets = append(opts.Config.Sets, "model.file="+filepath.Join(dir, ".modules", record.Cell.Model.Module.SHA256+".pt"))
	require.NoError(t, runSweep(context.Background(), opts))

	code, listing, _ := runMain(t, "models", "list", "--store", dir)
	require.Zero(t, code)
	require.Regexp(t, `(?m)^`+hash[:12]+` +N = 2.* +2 +1 +module \w+ +1 +none `, listing)
	_, listing, _ = runMain(t, "models", "list", "--store", dir, "--json")
	require.Contains(t, listing, `"network":"module `+record.Cell.Model.Module.SHA256[:12]+`"`)
	require.NotContains(t, listing, `"width"`)
}

// Workers find the module of a stored plan in the store, where the file of model.file is not seen.
func TestWorkersFindModulesInTheStore(t *testing.T) {
	dir, _, file, settings := moduleRun(t)
	opts, _, _, _ := runOptions(t, append(settings, "store="+dir, "seed=2")...)
	opts.Config.Sets = withoutKey(opts.Config.Sets, "model.width")
	planned, _, err := makePlan(context.Background(), opts)
	require.NoError(t, err)
	_, err = planned.stored.Write(context.Background(), planned.store)
	require.NoError(t, err)
	require.NoError(t, os.Remove(file))
	stored, err := plan.ReadStored(planned.store, planned.stored.Sweep, program())
	require.NoError(t, err)
	sweep, err := stored.NewSweep(context.Background(), datasets.Load)
	require.NoError(t, err)
	require.NotEmpty(t, sweep.Cells)
}
