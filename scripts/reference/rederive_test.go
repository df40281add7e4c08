package reference_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets"
	"backfire/datasets/testset"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/experiments/worker"
	"backfire/game"
	"backfire/internal/cachedir"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
	"backfire/internal/jsonfile"
	"backfire/internal/runtest"
)

func TestMain(m *testing.M) { os.Exit(enginetest.Main(m, nil)) }

// pythonWithNumPy returns a Python interpreter that has NumPy: the one that
// BACKFIRE_PYTHON names, or that of the benchmark (scripts/bench.sh) in the cache
// directory.
func pythonWithNumPy(t *testing.T) string {
	t.Helper()
	if python := os.Getenv("BACKFIRE_PYTHON"); python != "" {
		return requireNumPy(t, python)
	}
	cache, err := cachedir.Dir(os.Getenv)
	require.NoError(t, err)
	found, err := filepath.Glob(filepath.Join(cache, "python-torch-*", "bin", "python"))
	require.NoError(t, err)
	if len(found) == 0 {
		t.Skip("no Python with NumPy: set BACKFIRE_PYTHON, or let make bench make one")
	}
	return requireNumPy(t, found[len(found)-1])
}

// requireNumPy returns a Python interpreter, or skips the test if it has no NumPy.
func requireNumPy(t *testing.T, python string) string {
	t.Helper()
	if out, err := exec.Command(python, "-c", "import numpy").CombinedOutput(); err != nil {
		t.Skipf("%s has no NumPy: %s", python, out)
	}
	return python
}

// rederive runs the script and returns what it prints and its exit code.
func rederive(t *testing.T, arguments ...string) (string, int) {
	t.Helper()
	// A result of go test is cached with the files that the test itself reads.
	scripts, err := filepath.Glob(filepath.Join("rederive", "*.py"))
	require.NoError(t, err)
	for _, path := range scripts {
		_, err := os.ReadFile(path)
		require.NoError(t, err)
	}
	command := exec.Command(pythonWithNumPy(t), append([]string{"-B", "rederive"}, arguments...)...)
	out, err := command.CombinedOutput()
	if err != nil {
		require.IsType(t, &exec.ExitError{}, err, string(out))
	}
	return string(out), command.ProcessState.ExitCode()
}

// requireDerived requires the script to find no difference, and to print each text.
func requireDerived(t *testing.T, texts []string, arguments ...string) {
	t.Helper()
	out, code := rederive(t, arguments...)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Zero(t, code, lines[len(lines)-1])
	for _, text := range texts {
		if !strings.Contains(out, text) {
			require.Contains(t, lines[max(0, len(lines)-20):], text)
		}
	}
}

// writeIDX writes the tiny set in the files of MNIST and returns their directory.
func writeIDX(t *testing.T) string {
	t.Helper()
	set, err := testset.New(1)
	require.NoError(t, err)
	dir := t.TempDir()
	for name, file := range map[string]struct {
		sizes  []int
		values []uint8
	}{
		"train-images-idx3-ubyte": {[]int{set.Len(), set.H, set.W}, set.Images},
		"train-labels-idx1-ubyte": {[]int{set.Len()}, datasets.EncodeLabels(set.Labels, len(set.Classes))},
	} {
		data := []byte{0, 0, 8, byte(len(file.sizes))}
		for _, size := range file.sizes {
			data = binary.BigEndian.AppendUint32(data, uint32(size))
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), append(data, file.values...), disk.FileMode))
	}
	return dir
}

// seated changes the tiny configuration to two attackers among four seats, with random
// targets, triggers that often work, and all games that they are compared with.
func seated(c *config.Config) {
	enginetest.WeakConfig(0)(c)
	c.Attackers.Counts, c.Attackers.Singles, c.Attackers.Transfers, c.Attackers.Labels = []int{1, 2}, 2, 2, "random"
	c.Deal.Seats, c.Train.Epochs = "4", 2
	c.Artefacts.Triggers = true
}

// played trains the sweep of some points and writes its summary.
func played(t *testing.T, points ...plan.SweepPoint) *store.Store {
	t.Helper()
	sweep, st := enginetest.NewSweep(t, points...), enginetest.OpenStore(t)
	runner, _ := runtest.NewRunner(st, 2, enginetest.Fault{})
	outcome, err := runner.RunSweep(t.Context(), sweep)
	require.NoError(t, err)
	require.Empty(t, outcome.Failed)
	s, err := summary.Summarize(sweep, st)
	require.NoError(t, err)
	require.Empty(t, s.Missing)
	require.NoError(t, s.Write(t.Context(), st))
	return st
}

// another returns a point of seated games with one more change.
func another(t *testing.T, name string, change func(*config.Config)) plan.SweepPoint {
	return enginetest.TinyPoint(t, name, func(c *config.Config) { seated(c); change(c) })
}

// Python derives the same games, measures and comparisons as the program from what it
// stored.
func TestStoredGamesAreDerivedAnew(t *testing.T) {
	data, seed, full := writeIDX(t), uint64(7), 1.0
	st := played(t,
		another(t, "seats", func(c *config.Config) { c.Artefacts.Images = "npz" }),
		another(t, "shared", func(c *config.Config) { c.Deal.Seats = "n" }),
		another(t, "others attack", func(c *config.Config) {
			c.Attackers.Seats, c.Seeds.Triggers, c.Seeds.Training, c.Artefacts.Images = []int{1, 3}, &seed, &seed, "folder"
		}),
		another(t, "pooled", func(c *config.Config) {
			c.ASR.Denominator, c.ASR.ExcludeTargetClass, c.Trigger.Sampling = "pooled", false, "per_image"
		}),
		another(t, "jitter", func(c *config.Config) { c.Trigger.Jitter = 0.4 }),
		another(t, "jitter without a box", func(c *config.Config) {
			c.Trigger.Range, c.Trigger.Jitter, c.Attackers.P1, c.Trigger.MinSingleASR = "whole", 0.7, nil, 0
		}),
		another(t, "clean labels", func(c *config.Config) { c.Attackers.LabelMode, c.Trigger.Range = "clean", "area" }),
		another(t, "everything", func(c *config.Config) {
			c.Attackers.P0, c.Pool.Size, c.Train.StopWhen = &full, 300, "loss < 1000000"
		}),
		another(t, "defenses", func(c *config.Config) { c.Defenders = []string{"agent_augmentation", "indexing"} }),
		enginetest.TinyPoint(t, "verified", enginetest.WeakConfig(enginetest.WeakBound)),
	)
	requireDerived(t, []string{
		"4 seats of 60, 3 honest", "honest contributors: ", "training.npz: ", "images: ",
		"seats N = 2, none: 2 attackers beside 2 single, 0 lone and 2 transfer games, interference ",
		"shared N = 2, none: 2 attackers beside 2 single, 2 lone and 2 transfer games, interference ",
		"not derived: clean_loss, final_loss, run, train_accuracy\n",
		"not derived: clean_loss, epochs_trained, final_loss, run, steps_trained, train_accuracy\n",
	}, "--data", data, st.Dir())

	out, code := rederive(t, st.Dir())
	require.Equal(t, 2, code)
	require.Contains(t, out, "the images of tiny are needed: name their directory with --data")
}

// Python takes the triggers that a program made from the cells, and stamped images from the
// store.
func TestTriggersOfProgramsAreDerivedAnew(t *testing.T) {
	const job = `cd "$(dirname "$1")"; value() { sed -n "s/.*\"$1\": \([0-9]*\).*/\1/p" job.json; }; bytes() { head -c "$1" /dev/zero | tr '\0' "\\$2"; }; id=$(value attacker); `
	store := t.TempDir()
	written := func(name, text string) func(c *config.Config) {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\n"+job+text+"\n"), 0o700))
		return func(c *config.Config) {
			c.Trigger.Kind, c.Trigger.Command, c.Trigger.Limit, c.Trigger.MinSingleASR, c.Store = "exec", path, 600, 0, store
		}
	}
	st := played(t,
		another(t, "patterns", written("pattern", `{ bytes $((id+1)) 1; bytes $((63-id)) 0; } >mask.bin; bytes 64 7 >pattern.bin`)),
		another(t, "stamped", written("stamp", `bytes $(($(value queries)*64)) $((id+1)) >stamped.bin`)),
	)
	data := writeIDX(t)
	out, code := rederive(t, "--data", data, st.Dir())
	require.Equal(t, 2, code, out)
	require.Contains(t, out, ".stamped is missing")
	require.NoError(t, os.Rename(filepath.Join(store, ".patterns"), filepath.Join(st.Dir(), ".patterns")))
	requireDerived(t, nil, "--data", data, st.Dir())
}

// Python draws the triggers of each kind.
func TestTriggersOfEachKindAreDerivedAnew(t *testing.T) {
	data, full := writeIDX(t), 1.0
	var points []plan.SweepPoint
	for _, kind := range []string{"square", "checkerboard", "dots", "blended", "sinusoidal", "low_variance", "orthogonal", "patch", "two", "wanet"} {
		points = append(points, another(t, kind, func(c *config.Config) {
			c.Attackers.Counts, c.Trigger.Kind, c.Train.Epochs = []int{2}, kind, 1
			switch kind {
			case "square", "checkerboard":
				c.Attackers.P2 = &full
			case "patch":
				c.Attackers.P1, c.Attackers.P2 = nil, nil
			case "wanet":
				c.Attackers.P1, c.Trigger.Range, c.Artefacts.Images = nil, "whole", "npz"
			}
		}))
	}
	for _, place := range []string{"top_left", "bottom_right", "center"} {
		points = append(points, another(t, "patch, "+place, func(c *config.Config) {
			c.Attackers.Counts, c.Attackers.P1, c.Attackers.P2, c.Trigger.Kind, c.Trigger.Place, c.Trigger.Side, c.Trigger.Alpha = []int{1}, nil, nil, "patch", place, 2, 0.6
			if place == "center" {
				c.Trigger.Colour = "#30c010"
			}
		}))
	}
	for _, kind := range []string{"two", "wanet"} {
		points = append(points, another(t, kind+", jitter", func(c *config.Config) {
			c.Attackers.Counts, c.Trigger.Kind, c.Trigger.Jitter, c.Train.Epochs = []int{2}, kind, 0.4, 1
			if kind == "wanet" {
				c.Attackers.P1, c.Trigger.Range, c.Trigger.Side = nil, "whole", 3
			}
		}))
	}
	for _, sampling := range []string{"per_agent", "per_image"} {
		points = append(points, another(t, "whole, "+sampling, func(c *config.Config) {
			c.Trigger.Range, c.Trigger.Sampling, c.Attackers.P1, c.Attackers.Budget = "whole", sampling, nil, "any"
		}))
	}
	pictured := enginetest.Pictured(t, enginetest.PictureFile(t, "a.png", 8, 250), enginetest.PictureFile(t, "b.png", 8, 3))
	points = append(points, plan.SweepPoint{Name: "pictures", Keys: map[string]string{"name": "pictures"}, Config: pictured})
	requireDerived(t, []string{"2 names and pictures"}, "--data", data, played(t, points...).Dir())
}

// The store of an earlier version, on the images of the program, is derived anew, too.
func TestEarlierStoreIsDerivedAnew(t *testing.T) {
	requireDerived(t, []string{"table3, seed 3 N = 2, agent_augmentation: 2 attackers", "725 checks, no difference"},
		filepath.Join("..", "..", "experiments", "testdata", "store-5b32603", "store"))
}

// tampered is a change of a stored game that the script must notice.
type tampered struct {
	name   string
	change func(t *testing.T, record *store.Record)
	sealed bool   // the sums of manifest.json are those of the changed files
	notice string // text that the script prints
}

// tamperings are changes of a game of two attackers among four seats.
var tamperings = []tampered{
	{"a byte of predictions.bin", func(t *testing.T, r *store.Record) {
		require.NoError(t, enginetest.FlipBit(r.File(store.PredictionsFile)))
	}, false, "files: DIFFERENT: manifest.json.files.predictions.bin"},
	{"a hit in predictions.bin", func(t *testing.T, r *store.Record) {
		rewrite(t, r.File(store.PredictionsFile), func(data []byte) []byte {
			at := stampedHit(t, r, data)
			data[at] = (data[at] + 1) % 4
			return data
		})
	}, true, "attackers: DIFFERENT: result.json: attackers["},
	{"a probe too many", func(t *testing.T, r *store.Record) {
		rewrite(t, r.File(store.PredictionsFile), func(data []byte) []byte { return append(data, 0) })
	}, true, "predictions: DIFFERENT: predictions.bin has"},
	{"a moved row of poison.csv", func(t *testing.T, r *store.Record) {
		rewrite(t, r.File(store.PoisonFile), func(data []byte) []byte {
			lines := bytes.SplitAfter(data, []byte("\n"))
			lines[1], lines[2] = lines[2], lines[1]
			return bytes.Join(lines, nil)
		})
	}, true, "poison.csv: DIFFERENT: poison.csv: line 2 is"},
	{"another trigger", func(t *testing.T, r *store.Record) {
		pictures := [2]string{r.File(store.TriggersDir + "/attacker-0.png"), r.File(store.TriggersDir + "/attacker-1.png")}
		other, err := os.ReadFile(pictures[1])
		require.NoError(t, err)
		rewrite(t, pictures[0], func([]byte) []byte { return other })
	}, true, "triggers: DIFFERENT: triggers/attacker-0.png"},
	{"an honest contributor's accuracy", func(t *testing.T, r *store.Record) {
		result := r.Result
		result.Honest = slices.Clone(result.Honest)
		result.Honest[1].Accuracy.Hits--
		require.NoError(t, result.Write(r.Dir))
	}, true, "honest contributors: DIFFERENT: result.json: honest[1].accuracy.hits"},
	{"another seed", func(t *testing.T, r *store.Record) {
		rewrite(t, r.File(store.CellFile), func(data []byte) []byte { return bytes.Replace(data, []byte("seed: 1"), []byte("seed: 2"), 1) })
	}, true, "cell: DIFFERENT: the hash of cell.yaml"},
	{"an interference", tamperTable("interference", 0.125), true, "interference is 0.125"},
	{"a prediction by the law of shares", tamperTable("share_law", 0.125), true, "share_law is 0.125"},
	{"a lift of the matched single", tamperTable("single_lift", 0.125), true, "single_lift is 0.125"},
	{"a random target", tamperTable("target", 9.0), true, "target is 9"},
}

// tamperTable returns the change of one figure of the first attacker of the record's game
// in the summary of the store.
func tamperTable(figure string, value float64) func(*testing.T, *store.Record) {
	return func(t *testing.T, r *store.Record) {
		paths, err := filepath.Glob(filepath.Join(filepath.Dir(r.Dir), "plans", "*", store.SweepFile))
		require.NoError(t, err)
		require.Len(t, paths, 1)
		var table map[string]any
		require.NoError(t, jsonfile.Read(paths[0], &table))
		for _, each := range table["points"].([]any)[0].(map[string]any)["games"].([]any) {
			if game := each.(map[string]any); game["cell"] == filepath.Base(r.Dir) {
				attacker := game["attackers"].([]any)[0].(map[string]any)
				require.Contains(t, attacker, figure)
				attacker[figure] = value
			}
		}
		require.NoError(t, jsonfile.Write(paths[0], table))
	}
}

// Each change of a stored file is noticed, also where the sums of the files are adjusted.
func TestChangedResultsAreNoticed(t *testing.T) {
	data, st := writeIDX(t), played(t, another(t, "seats", func(*config.Config) {}))
	for _, tc := range tamperings {
		t.Run(tc.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "store")
			require.NoError(t, os.CopyFS(dir, os.DirFS(st.Dir())))
			copied, err := store.Open(dir)
			require.NoError(t, err)
			record := seatedGame(t, copied)
			tc.change(t, record)
			hash := filepath.Base(record.Dir)
			if tc.sealed {
				require.NoError(t, os.Remove(record.File(store.ManifestFile)))
				require.NoError(t, enginetest.WriteManifest(record.Dir, hash))
			}
			out, code := rederive(t, "--data", data, dir, hash)
			require.Equal(t, 1, code, out)
			require.Contains(t, out, tc.notice)
		})
	}
}

// seatedGame returns the result of the game of two attackers among four seats in which
// both poison images.
func seatedGame(t *testing.T, st *store.Store) *store.Record {
	t.Helper()
	hashes, err := st.Hashes()
	require.NoError(t, err)
	for _, hash := range hashes {
		record, err := st.Read(hash)
		require.NoError(t, err)
		rules := record.Cell.Game
		if len(rules.Attackers) == 2 && rules.Attackers[0].PoisonRate > 0 && rules.Attackers[1].PoisonRate > 0 {
			return record
		}
	}
	require.Fail(t, "the store has no such game")
	return nil
}

// rewrite changes the bytes of a file.
func rewrite(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	changed := change(slices.Clone(data))
	require.NotEqual(t, data, changed)
	require.NoError(t, os.WriteFile(path, changed, disk.FileMode))
}

// stampedHit returns the place in predictions.bin of an image with a trigger that was
// predicted as its attacker's target.
func stampedHit(t *testing.T, record *store.Record, predictions []byte) int {
	t.Helper()
	set, err := testset.New(1)
	require.NoError(t, err)
	deal, err := worker.NewDeal(set, record.Cell)
	require.NoError(t, err)
	for i, probe := range deal.Probes.List {
		if probe.Trigger == game.NoTrigger {
			continue
		}
		if target := uint16(record.Cell.Game.Attackers[probe.Trigger].Target); probe.Label != target && uint16(predictions[i]) == target {
			return i
		}
	}
	require.Fail(t, "no image with the trigger is predicted as the target")
	return -1
}
