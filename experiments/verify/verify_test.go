package verify_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/experiments/curve"
	"backfire/experiments/inference"
	"backfire/experiments/removed"
	"backfire/experiments/store"
	"backfire/experiments/verify"
	"backfire/experiments/worker"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
	"backfire/internal/jsonfile"
	"backfire/internal/runtest"
	"backfire/internal/safetensors"
	"backfire/stats"
)

// onCPU is the Device of verifiers in these tests.
func onCPU(context.Context) (string, error) { return "cpu", nil }

// failing verifies a result and returns the errors of the checks that failed, by name, without the
// checks that could not be made because of those.
func failing(t *testing.T, store *store.Store, hash string) map[string]error {
	t.Helper()
	failed := map[string]error{}
	v := &verify.Verifier{inference.StoredModels{Store: store, Load: enginetest.Loader, Command: enginetest.Command(enginetest.Fault{}), Device: onCPU}}
	require.NoError(t, v.Verify(context.Background(), hash, func(check verify.Check) {
		require.Equal(t, check.Err == nil, check.Note != "", "%s: %v", check.Name, check.Err)
		if check.Err != nil && !errors.Is(check.Err, verify.ErrUnchecked) {
			failed[check.Name] = check.Err
		}
	}))
	return failed
}

func TestVerifyAcceptsWholeResults(t *testing.T) {
	store, hash := runtest.Verifiable(t)
	hashes, err := store.Hashes()
	require.NoError(t, err)
	require.Len(t, hashes, 3)
	require.Contains(t, hashes, hash)
	for _, each := range hashes {
		require.Empty(t, failing(t, store, each))
	}
}

// A single flipped bit is found in every file.
func TestVerifyFindsEveryFlippedBit(t *testing.T) {
	st, hash := runtest.Verifiable(t)
	names, err := disk.Files(st.Path(hash))
	require.NoError(t, err)
	files := 0
	for _, name := range names {
		if filepath.Dir(filepath.Dir(name)) == store.ImagesDir && filepath.Base(name) != "200.png" {
			continue // they are all alike
		}
		files++
		path := filepath.Join(st.Path(hash), name)
		require.NoError(t, enginetest.FlipBit(path))
		require.NotEmpty(t, failing(t, st, hash), name)
		require.NoError(t, enginetest.FlipBit(path))
	}
	require.Equal(t, 15, files, "twelve files, two triggers, one image")
	require.Empty(t, failing(t, st, hash))
}

// replace changes the first occurrence of a text in a file.
func replace(t *testing.T, path, from, to string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), from)
	require.NoError(t, os.WriteFile(path, bytes.Replace(text, []byte(from), []byte(to), 1), disk.FileMode))
}

// forge changes a stored result in the directory dir.
type forge func(t *testing.T, dir string)

// forgeResult changes the result and its digests.
func forgeResult(change func(*store.Result)) forge {
	return func(t *testing.T, dir string) {
		result, err := store.ReadResult(disk.In(dir))
		require.NoError(t, err)
		change(&result)
		require.NoError(t, result.Write(dir))
	}
}

// forgeModel changes the stored model.
func forgeModel(change func(*safetensors.File)) forge {
	return func(t *testing.T, dir string) {
		model, err := worker.ReadModel(filepath.Join(dir, store.ModelFile))
		require.NoError(t, err)
		change(&model)
		var content bytes.Buffer
		require.NoError(t, safetensors.Write(&content, model))
		require.NoError(t, os.WriteFile(filepath.Join(dir, store.ModelFile), content.Bytes(), disk.FileMode))
	}
}

// forgeDivergences changes the stored divergences.
func forgeDivergences(change func(*store.Divergences)) forge {
	return func(t *testing.T, dir string) {
		divergences, err := (&store.Record{Dir: dir}).Divergences()
		require.NoError(t, err)
		change(divergences)
		require.NoError(t, jsonfile.Write(filepath.Join(dir, store.DivergenceFile), divergences))
	}
}

// forgeDetections changes the stored detections.
func forgeDetections(change func(*removed.Detections)) forge {
	return func(t *testing.T, dir string) {
		detections, err := (&store.Record{Dir: dir}).Detections()
		require.NoError(t, err)
		change(detections)
		require.NoError(t, jsonfile.Write(filepath.Join(dir, removed.DetectionFile), detections))
	}
}

// forgeCurve changes the stored learning curve.
func forgeCurve(change func(*curve.Curve)) forge {
	return func(t *testing.T, dir string) {
		curve, err := (&store.Record{Dir: dir}).Curve()
		require.NoError(t, err)
		change(curve)
		require.NoError(t, curve.Write(disk.In(dir)))
	}
}

// forgeBytes changes the bytes of a file.
func forgeBytes(name string, change func([]byte)) forge {
	return func(t *testing.T, dir string) {
		path := filepath.Join(dir, name)
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		change(data)
		require.NoError(t, os.WriteFile(path, data, disk.FileMode))
	}
}

// forgery is a change of a stored result, and the names of the checks that it fails.
type forgery struct {
	name   string
	forge  forge
	failed []string
}

// forgeries are changes of the files that every result has, and of its triggers and images.
var forgeries = []forgery{
	{"cell", func(t *testing.T, dir string) { replace(t, filepath.Join(dir, store.CellFile), "p0: 0.5", "p0: 0.6") }, []string{"cell"}},
	{"stamped image", func(t *testing.T, dir string) {
		rows := enginetest.ReadCSV(t, filepath.Join(dir, store.PoisonFile))
		sum := rows[1][7]
		replace(t, filepath.Join(dir, store.PoisonFile), sum, sum[1:]+sum[:1])
	}, []string{"poisoned rows"}},
	{"clean accuracy", forgeResult(func(r *store.Result) { r.CleanAccuracy.Hits-- }), []string{"figures"}},
	{"robustness", forgeResult(func(r *store.Result) { r.Attackers[1].Robustness.Hits++ }), []string{"figures"}},
	{"single ASR", forgeResult(func(r *store.Result) { r.Provenance.Single[0].ASR.Hits-- }), []string{"single ASRs"}},
	{"single game", forgeResult(func(r *store.Result) { r.Provenance.Single[1].Cell = r.Provenance.Single[0].Cell }), []string{"single ASRs"}},
	{"attacker alone", forgeResult(func(r *store.Result) { r.Provenance.Single = r.Provenance.Single[:1] }), []string{"single ASRs"}},
	{"prediction", forgeBytes(store.PredictionsFile, func(data []byte) { data[0] = (data[0] + 1) % 4 }), []string{"figures", "model", "learning curve"}},
	{"no class", forgeBytes(store.PredictionsFile, func(data []byte) { data[0] = 9 }), []string{"predictions"}},
	{"loss", func(t *testing.T, dir string) { replace(t, filepath.Join(dir, store.MetricsFile), "\n3,", "\n3,9") }, []string{"figures"}},
	{"epoch", func(t *testing.T, dir string) { replace(t, filepath.Join(dir, store.MetricsFile), "\n3,", "\n4,") }, []string{"metrics"}},
	{"no number", func(t *testing.T, dir string) { replace(t, filepath.Join(dir, store.MetricsFile), "\n3,", "\n3,x") }, []string{"metrics"}},
	{"environment", func(t *testing.T, dir string) {
		replace(t, filepath.Join(dir, store.EnvironmentFile), `"format": 2`, `"format": 1`)
	}, []string{"environment"}},
	{"arrays", forgeBytes(store.TrainingFile, func(data []byte) { data[400]++ }), []string{"artefacts"}},
	{"trigger", func(t *testing.T, dir string) {
		other, err := os.ReadFile(filepath.Join(dir, store.TriggersDir, "attacker-1.png"))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, store.TriggersDir, "attacker-0.png"), other, disk.FileMode))
	}, []string{"artefacts"}},
	{"image too many", func(t *testing.T, dir string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, store.ImagesDir, "0", "999.png"), nil, disk.FileMode))
	}, []string{"artefacts"}},
}

// modelForgeries are changes of the stored model, of its divergences and of its detections.
var modelForgeries = []forgery{
	{"weight", forgeModel(func(m *safetensors.File) { clear(m.Tensors[0].Values) }), []string{"model"}},
	{"mean", forgeModel(func(m *safetensors.File) { m.Metadata["mean"] = "[0.5]" }), []string{"model"}},
	{"name", forgeModel(func(m *safetensors.File) { m.Tensors[0].Name = "other" }), []string{"model"}},
	{"divergence", forgeDivergences(func(d *store.Divergences) { d.Divergences[0].JS += 1e-6 }), []string{"divergences"}},
	{"undefined divergence", forgeDivergences(func(d *store.Divergences) { d.Divergences[0].MMD2 = stats.Undefined() }), []string{"divergences"}},
	{"rows of a divergence", forgeDivergences(func(d *store.Divergences) { d.Divergences[1].Rows++ }), []string{"divergences"}},
	{"divergences left out", forgeDivergences(func(d *store.Divergences) { d.Divergences = d.Divergences[1:] }), []string{"divergences"}},
	{"detection", forgeDetections(func(d *removed.Detections) { d.Filters[1].Found.Agents[0].Recall.Hits++ }), []string{"detections"}},
	{"detections left out", forgeDetections(func(d *removed.Detections) { d.Filters = d.Filters[1:] }), []string{"detections"}},
}

// curveForgeries are changes of the stored learning curve, which has the epochs 2 and 3.
var curveForgeries = []forgery{
	{"last ASR", forgeCurve(func(c *curve.Curve) { c.Points[1].Attackers[0].ASR.Hits++ }), []string{"learning curve"}},
	{"earlier accuracy", forgeCurve(func(c *curve.Curve) { c.Points[0].CleanAccuracy.Hits++ }), []string{"learning curve"}},
	{"earlier images", forgeCurve(func(c *curve.Curve) { c.Points[0].Attackers[1].BaseRate.Of++ }), []string{"learning curve"}},
	{"epoch of a score", forgeCurve(func(c *curve.Curve) { c.Points[0].Epoch = 1 }), []string{"learning curve"}},
	{"score left out", forgeCurve(func(c *curve.Curve) { c.Points = c.Points[1:] }), []string{"learning curve"}},
	{"score too many", forgeCurve(func(c *curve.Curve) { c.Points = append(c.Points, c.Points[1]) }), []string{"learning curve"}},
	{"images of a score", forgeCurve(func(c *curve.Curve) { c.Images-- }), []string{"learning curve"}},
	{"score in metrics.csv", func(t *testing.T, dir string) {
		rows := enginetest.ReadCSV(t, filepath.Join(dir, store.MetricsFile))
		last := strings.Join(rows[3][6:], ",")
		_, rest, _ := strings.Cut(last, ",")
		replace(t, filepath.Join(dir, store.MetricsFile), last, "0.123,"+rest)
	}, []string{"learning curve"}},
	{"cell of a curve", forgeCurve(func(c *curve.Curve) { c.Cell = c.Cell[1:] + c.Cell[:1] }), []string{"learning curve"}},
}

// A file that is forged together with all of its checksums fails the check that derives its content
// again.
func TestVerifyFindsForgeries(t *testing.T) {
	for _, tc := range slices.Concat(forgeries, modelForgeries, curveForgeries) {
		t.Run(tc.name, func(t *testing.T) {
			st, hash := runtest.Verifiable(t)
			tc.forge(t, st.Path(hash))
			rewriteManifest(t, st, hash)
			failed := failing(t, st, hash)
			for _, name := range tc.failed {
				require.Contains(t, failed, name)
			}
			require.Len(t, failed, len(tc.failed), "%v", failed)
		})
	}
}

// rewriteManifest replaces the manifest of a result by one of its present files.
func rewriteManifest(t *testing.T, st *store.Store, hash string) {
	t.Helper()
	require.NoError(t, os.Remove(filepath.Join(st.Path(hash), store.ManifestFile)))
	require.NoError(t, enginetest.WriteManifest(st.Path(hash), hash))
}

func TestVerifyFindsFilesOutsideTheManifest(t *testing.T) {
	st, hash := runtest.Verifiable(t)
	require.NoError(t, os.WriteFile(filepath.Join(st.Path(hash), "notes.txt"), nil, disk.FileMode))
	require.ErrorContains(t, failing(t, st, hash)["manifest"], "notes.txt")
}

// The verifier searches the split that gives the cell's images.
func TestVerifyFindsTheSplit(t *testing.T) {
	store, hash := runtest.Verifiable(t)
	var tried []string
	v := &verify.Verifier{inference.StoredModels{Store: store, Source: datasets.Source{Name: "other", Path: "elsewhere", Split: "all"}, Device: onCPU, Command: enginetest.Command(enginetest.Fault{})}}
	v.Load = func(ctx context.Context, source datasets.Source) (*datasets.Set, error) {
		require.Equal(t, "tiny", source.Name)
		require.Empty(t, source.Path, "that was another dataset's")
		tried = append(tried, source.Split)
		if source.Split == "train" {
			return enginetest.Loader(ctx, source)
		}
		return enginetest.Loader(ctx, datasets.Source{Path: "other"})
	}
	var failed []string
	for range 2 {
		require.NoError(t, v.Verify(context.Background(), hash, func(check verify.Check) {
			if check.Err != nil {
				failed = append(failed, check.Name)
			}
		}))
	}
	require.Empty(t, failed)
	require.Equal(t, []string{"all", "auto", "train"}, tried, "once for both")

	v = &verify.Verifier{inference.StoredModels{Store: store, Load: func(context.Context, datasets.Source) (*datasets.Set, error) { return nil, fs.ErrNotExist }}}
	require.NoError(t, v.Verify(context.Background(), hash, func(check verify.Check) {
		if slices.Contains([]string{"data", "deal", "figures", "model"}, check.Name) {
			require.Error(t, check.Err)
		}
		if check.Name == "data" {
			require.ErrorIs(t, check.Err, cell.ErrOtherData)
			require.ErrorIs(t, check.Err, fs.ErrNotExist)
		}
	}))
}

// The queries and the answers of an attribution are derived again, the answers where the model is
// stored.
func TestVerifyOfAnAttribution(t *testing.T) {
	plan, st := enginetest.DefendedPlan(t, enginetest.UnknownConfig(t)), enginetest.OpenStore(t)
	runner, _ := runtest.NewRunner(st, 1, enginetest.Fault{})
	runner.Artefacts.Model = true
	unknown := enginetest.DefenderOf(t, plan, "indexing_unknown")
	var cells []cell.Cell
	for _, hash := range unknown.Models[:2] {
		cell, ok := plan.Cell(hash)
		require.True(t, ok)
		cells = append(cells, cell)
	}
	_, err := runner.Run(context.Background(), cells)
	require.NoError(t, err)
	hash := unknown.Models[1]
	require.Empty(t, failing(t, st, hash))

	dir := st.Path(hash)
	for name, tc := range map[string]struct {
		file  string
		forge func(t *testing.T, path string)
	}{
		"guess": {store.QueriesFile, forgeField(1, 7)},
		"batch": {store.QueriesFile, forgeField(1, 4)},
		"owner": {store.QueriesFile, forgeField(30, 1)},
		"unlearned": {store.UnlearnedFile, func(t *testing.T, path string) {
			forgeBytes(filepath.Base(path), func(data []byte) { data[3] = (data[3] + 1) % 4 })(t, dir)
		}},
	} {
		path := filepath.Join(dir, tc.file)
		before, err := os.ReadFile(path)
		require.NoError(t, err)
		tc.forge(t, path)
		rewriteManifest(t, st, hash)
		failed := failing(t, st, hash)
		require.Contains(t, failed, "inquiry", name)
		require.Len(t, failed, 1, name)
		require.NoError(t, os.WriteFile(path, before, disk.FileMode))
	}

	require.NoError(t, os.Remove(filepath.Join(dir, store.ModelFile)))
	rewriteManifest(t, st, hash)
	require.Empty(t, failing(t, st, hash), "the answers are not checked without the model")
}

// forgeField returns a function that changes a field of a line of a CSV file, both counted from 0.
func forgeField(line, at int) func(t *testing.T, path string) {
	return func(t *testing.T, path string) {
		rows := enginetest.ReadCSV(t, path)
		if rows[line][at] == "0" {
			rows[line][at] = "1"
		} else {
			rows[line][at] = "0"
		}
		var text bytes.Buffer
		require.NoError(t, csv.NewWriter(&text).WriteAll(rows))
		require.NoError(t, os.WriteFile(path, text.Bytes(), disk.FileMode))
	}
}
