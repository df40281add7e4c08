package experiments

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets"
	"backfire/defenses/divergence"
	"backfire/internal/safetensors"
	"backfire/stats"
)

// verifiable is a store with the game of two attackers, with all artefacts, and
// theirs alone, and the hash of that game. It is a copy that a test may change.
func verifiable(t *testing.T) (*Store, string) {
	t.Helper()
	plan := newTinyPlan(t)
	pristine.Do(func() {
		dir, err := os.MkdirTemp("", "backfire-verifiable-")
		require.NoError(t, err)
		store, err := OpenStore(dir)
		require.NoError(t, err)
		runner, _ := newRunner(store, 1, fault{})
		_, err = runner.Run(context.Background(), plan.Cells[:2])
		require.NoError(t, err)
		runner.Artefacts = everything
		_, err = runner.Run(context.Background(), plan.Cells[2:3])
		require.NoError(t, err)
		pristineDir = dir
	})
	require.NotEmpty(t, pristineDir)
	dir := filepath.Join(t.TempDir(), "runs")
	require.NoError(t, os.CopyFS(dir, os.DirFS(pristineDir)))
	store, err := OpenStore(dir)
	require.NoError(t, err)
	return store, plan.Games[1].Cell
}

// What verifiable copies, made once for all tests.
var (
	pristine    sync.Once
	pristineDir string
)

// onCPU is the Device of verifiers.
func onCPU(context.Context) (string, error) { return "cpu", nil }

// failing verifies a result and returns the errors of the checks that failed, by
// name, without those that only follow.
func failing(t *testing.T, store *Store, hash string) map[string]error {
	t.Helper()
	failed := map[string]error{}
	v := &Verifier{StoredModels{Store: store, Load: loadTiny, Command: testWorker(fault{}), Device: onCPU}}
	require.NoError(t, v.Verify(context.Background(), hash, func(check Check) {
		require.Equal(t, check.Err == nil, check.Note != "", "%s: %v", check.Name, check.Err)
		if check.Err != nil && !errors.Is(check.Err, ErrUnchecked) {
			failed[check.Name] = check.Err
		}
	}))
	return failed
}

func TestVerifyOfWhatIsRight(t *testing.T) {
	store, hash := verifiable(t)
	hashes, err := store.Hashes()
	require.NoError(t, err)
	require.Len(t, hashes, 3)
	require.Contains(t, hashes, hash)
	for _, each := range hashes {
		require.Empty(t, failing(t, store, each))
	}
}

// A single bit that is not as it was is noticed in every file.
func TestVerifySeesEveryFlippedBit(t *testing.T) {
	store, hash := verifiable(t)
	names, err := filesOf(store.Path(hash))
	require.NoError(t, err)
	files := 0
	for _, name := range names {
		if filepath.Dir(filepath.Dir(name)) == ImagesDir && filepath.Base(name) != "200.png" {
			continue // they are all alike
		}
		files++
		path := filepath.Join(store.Path(hash), name)
		require.NoError(t, flipBit(path))
		require.NotEmpty(t, failing(t, store, hash), name)
		require.NoError(t, flipBit(path))
	}
	require.Equal(t, 13, files, "ten files, two triggers, one image")
	require.Empty(t, failing(t, store, hash))
}

// replace changes the first occurrence of a text in a file.
func replace(t *testing.T, path, from, to string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), from)
	require.NoError(t, os.WriteFile(path, bytes.Replace(text, []byte(from), []byte(to), 1), fileMode))
}

// Whoever forges a file and puts its new checksums everywhere is found by the
// check that derives its content again.
func TestVerifySeesForgeries(t *testing.T) {
	forgeResult := func(change func(*Result)) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			result, err := readResult(dir)
			require.NoError(t, err)
			change(&result)
			require.NoError(t, writeResult(dir, result))
		}
	}
	forgeModel := func(change func(*safetensors.File)) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			model, err := readModel(filepath.Join(dir, ModelFile))
			require.NoError(t, err)
			change(&model)
			require.NoError(t, writeTo(filepath.Join(dir, ModelFile), func(w io.Writer) error { return safetensors.Write(w, model) }))
		}
	}
	forgeDivergences := func(change func(*Divergences)) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			divergences, err := (&Record{Dir: dir}).Divergences()
			require.NoError(t, err)
			change(divergences)
			require.NoError(t, writeJSON(filepath.Join(dir, DivergenceFile), divergences))
		}
	}
	forgeBytes := func(name string, change func([]byte)) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			path := filepath.Join(dir, name)
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			change(data)
			require.NoError(t, os.WriteFile(path, data, fileMode))
		}
	}
	for _, tc := range []struct {
		name   string
		forge  func(t *testing.T, dir string)
		failed []string
	}{
		{"cell", func(t *testing.T, dir string) { replace(t, filepath.Join(dir, CellFile), "p0: 0.5", "p0: 0.6") }, []string{"cell"}},
		{"stamped image", func(t *testing.T, dir string) {
			rows, err := csvRows(filepath.Join(dir, PoisonFile))
			require.NoError(t, err)
			sum := rows[1][7]
			replace(t, filepath.Join(dir, PoisonFile), sum, sum[1:]+sum[:1])
		}, []string{"poisoned rows"}},
		{"clean accuracy", forgeResult(func(r *Result) { r.CleanAccuracy.Hits-- }), []string{"figures"}},
		{"robustness", forgeResult(func(r *Result) { r.Attackers[1].Robustness.Hits++ }), []string{"figures"}},
		{"single ASR", forgeResult(func(r *Result) { r.Run.Single[0].ASR.Hits-- }), []string{"single ASRs"}},
		{"single game", forgeResult(func(r *Result) { r.Run.Single[1].Cell = r.Run.Single[0].Cell }), []string{"single ASRs"}},
		{"attacker alone", forgeResult(func(r *Result) { r.Run.Single = r.Run.Single[:1] }), []string{"single ASRs"}},
		{"prediction", forgeBytes(PredictionsFile, func(data []byte) { data[0] = (data[0] + 1) % 4 }), []string{"figures", "model"}},
		{"no class", forgeBytes(PredictionsFile, func(data []byte) { data[0] = 9 }), []string{"predictions"}},
		{"loss", func(t *testing.T, dir string) { replace(t, filepath.Join(dir, MetricsFile), "\n3,", "\n3,9") }, []string{"figures"}},
		{"epoch", func(t *testing.T, dir string) { replace(t, filepath.Join(dir, MetricsFile), "\n3,", "\n4,") }, []string{"metrics"}},
		{"no number", func(t *testing.T, dir string) { replace(t, filepath.Join(dir, MetricsFile), "\n3,", "\n3,x") }, []string{"metrics"}},
		{"environment", func(t *testing.T, dir string) {
			replace(t, filepath.Join(dir, EnvironmentFile), `"format": 2`, `"format": 1`)
		}, []string{"environment"}},
		{"arrays", forgeBytes(TrainingFile, func(data []byte) { data[400]++ }), []string{"artefacts"}},
		{"trigger", func(t *testing.T, dir string) {
			other, err := os.ReadFile(filepath.Join(dir, TriggersDir, "attacker-1.png"))
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(filepath.Join(dir, TriggersDir, "attacker-0.png"), other, fileMode))
		}, []string{"artefacts"}},
		{"image too many", func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, ImagesDir, "0", "999.png"), nil, fileMode))
		}, []string{"artefacts"}},
		{"weight", forgeModel(func(m *safetensors.File) { clear(m.Tensors[0].Values) }), []string{"model"}},
		{"mean", forgeModel(func(m *safetensors.File) { m.Metadata[metaMean] = "[0.5]" }), []string{"model"}},
		{"name", forgeModel(func(m *safetensors.File) { m.Tensors[0].Name = "other" }), []string{"model"}},
		{"divergence", forgeDivergences(func(d *Divergences) { d.Divergences[0].JS += 1e-6 }), []string{"divergences"}},
		{"undefined divergence", forgeDivergences(func(d *Divergences) { d.Divergences[0].MMD2 = stats.Undefined() }), []string{"divergences"}},
		{"rows of a divergence", forgeDivergences(func(d *Divergences) { d.Divergences[1].Rows++ }), []string{"divergences"}},
		{"divergences left out", forgeDivergences(func(d *Divergences) { d.Divergences = d.Divergences[1:] }), []string{"divergences"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			store, hash := verifiable(t)
			tc.forge(t, store.Path(hash))
			require.NoError(t, os.Remove(filepath.Join(store.Path(hash), ManifestFile)))
			require.NoError(t, writeManifest(store.Path(hash), hash))
			failed := failing(t, store, hash)
			for _, name := range tc.failed {
				require.Contains(t, failed, name)
			}
			require.Len(t, failed, len(tc.failed), "%v", failed)
		})
	}
}

func TestVerifySeesFilesOutsideTheManifest(t *testing.T) {
	store, hash := verifiable(t)
	require.NoError(t, os.WriteFile(filepath.Join(store.Path(hash), "notes.txt"), nil, fileMode))
	require.ErrorContains(t, failing(t, store, hash)["manifest"], "notes.txt")
}

// The split that gives the cell's images is looked for.
func TestVerifyFindsTheSplit(t *testing.T) {
	store, hash := verifiable(t)
	var tried []string
	v := &Verifier{StoredModels{Store: store, Source: datasets.Source{Name: "other", Path: "elsewhere", Split: "all"}, Device: onCPU, Command: testWorker(fault{})}}
	v.Load = func(ctx context.Context, source datasets.Source) (*datasets.Set, error) {
		require.Equal(t, "tiny", source.Name)
		require.Empty(t, source.Path, "that was another dataset's")
		tried = append(tried, source.Split)
		if source.Split == "train" {
			return loadTiny(ctx, source)
		}
		return loadTiny(ctx, datasets.Source{Path: "other"})
	}
	var failed []string
	for range 2 {
		require.NoError(t, v.Verify(context.Background(), hash, func(check Check) {
			if check.Err != nil {
				failed = append(failed, check.Name)
			}
		}))
	}
	require.Empty(t, failed)
	require.Equal(t, []string{"all", "auto", "train"}, tried, "once for both")

	v = &Verifier{StoredModels{Store: store, Load: func(context.Context, datasets.Source) (*datasets.Set, error) { return nil, fs.ErrNotExist }}}
	require.NoError(t, v.Verify(context.Background(), hash, func(check Check) {
		if slices.Contains([]string{"data", "deal", "figures", "model"}, check.Name) {
			require.Error(t, check.Err)
		}
		if check.Name == "data" {
			require.ErrorIs(t, check.Err, ErrOtherData)
			require.ErrorIs(t, check.Err, fs.ErrNotExist)
		}
	}))
}

// What an inquiry asked and was answered is derived again, the answers where the
// model is stored.
func TestVerifyOfAnInquiry(t *testing.T) {
	plan, store := defendedPlan(t, unknownConfig(t)), openStore(t)
	runner, _ := newRunner(store, 1, fault{})
	runner.Artefacts.Model = true
	unknown := defenderOf(t, plan, "indexing_unknown")
	var cells []Cell
	for _, hash := range unknown.Models[:2] {
		cell, ok := plan.Cell(hash)
		require.True(t, ok)
		cells = append(cells, cell)
	}
	_, err := runner.Run(context.Background(), cells)
	require.NoError(t, err)
	hash := unknown.Models[1]
	require.Empty(t, failing(t, store, hash))

	dir := store.Path(hash)
	for _, tc := range []struct {
		name string
		file string
		line int // of queries.csv
		at   int // field of it, or byte of the file
	}{
		{"guess", QueriesFile, 1, 7},
		{"batch", QueriesFile, 1, 4},
		{"owner", QueriesFile, 30, 1},
		{"unlearned", UnlearnedFile, 0, 3},
	} {
		path := filepath.Join(dir, tc.file)
		was, err := os.ReadFile(path)
		require.NoError(t, err)
		if tc.file == QueriesFile {
			rows, err := csvRows(path)
			require.NoError(t, err)
			rows[tc.line][tc.at] = map[string]string{"0": "1"}[rows[tc.line][tc.at]]
			if rows[tc.line][tc.at] == "" {
				rows[tc.line][tc.at] = "0"
			}
			require.NoError(t, writeCSV(path, func(write func(...string)) {
				for _, row := range rows {
					write(row...)
				}
			}))
		} else {
			forged := slices.Clone(was)
			forged[tc.at] = (forged[tc.at] + 1) % 4
			require.NoError(t, os.WriteFile(path, forged, fileMode))
		}
		require.NoError(t, os.Remove(filepath.Join(dir, ManifestFile)))
		require.NoError(t, writeManifest(dir, hash))
		failed := failing(t, store, hash)
		require.Contains(t, failed, "inquiry", tc.name)
		require.Len(t, failed, 1, tc.name)
		require.NoError(t, os.WriteFile(path, was, fileMode))
	}

	require.NoError(t, os.Remove(filepath.Join(dir, ModelFile)))
	require.NoError(t, os.Remove(filepath.Join(dir, ManifestFile)))
	require.NoError(t, writeManifest(dir, hash))
	require.Empty(t, failing(t, store, hash), "the answers are taken as they are")
}

// What differs on another kind of machine is told and no error.
func TestDivergencesApart(t *testing.T) {
	one := func() *Divergences {
		return &Divergences{Format: 1, Cell: "a", Divergences: []divergence.Divergence{
			{Part: divergence.All, Rows: 3, MMD2: 0.5, JS: 0.25}, {Part: divergence.Clean, Rows: 1, MMD2: stats.Undefined(), JS: stats.Undefined()},
		}}
	}
	apart, err := one().apart(one())
	require.NoError(t, err)
	require.Zero(t, apart)
	other := one()
	other.Divergences[0].MMD2, other.Divergences[0].JS = 0.75, 0.125
	apart, err = one().apart(other)
	require.NoError(t, err)
	require.InDelta(t, 0.25, apart, 0, "binary fractions")
	for _, change := range []func(*Divergences){
		func(d *Divergences) { d.Cell = "b" },
		func(d *Divergences) { d.Features++ },
		func(d *Divergences) { d.Divergences[1].JS = 0 },
		func(d *Divergences) { d.Divergences[1].Joint++ },
	} {
		other := one()
		change(other)
		_, err := one().apart(other)
		require.Error(t, err)
	}
}

// Another kind of machine may turn the odd prediction, and that is told.
func TestVerifyOnAnotherKindOfMachine(t *testing.T) {
	e := Environment{Device: "cpu", Threads: 1, CPU: CPU{Model: "a"}, Engine: EngineInfo{Name: "libtorch", GPUs: []string{"x"}}}
	require.True(t, e.sameKind(e))
	for _, change := range []func(*Environment){
		func(o *Environment) { o.Device = "cuda:0" },
		func(o *Environment) { o.CPU.Model = "b" },
		func(o *Environment) { o.Threads = 2 },
		func(o *Environment) { o.Engine.Version = "3" },
	} {
		other := e
		change(&other)
		require.False(t, e.sameKind(other))
	}
	gpu := e
	gpu.Device = "cuda:0"
	second := gpu
	second.Device, second.CPU.Model = "cuda:1", "b"
	require.True(t, gpu.sameKind(second))
	second.Engine.GPUs = []string{"y"}
	require.False(t, gpu.sameKind(second))
}
