package cli

import (
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets"
	"backfire/experiments/inference"
	"backfire/experiments/plan"
	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/game"
	"backfire/stats"
)

// games are stores with N = 2 and N = 3, without a defense and with the defenders of a
// key, made once for all tests that do not change them.
var games = map[string]*struct {
	sync.Once
	dir, run string
}{indexed: {}, unlearning: {}}

// Settings that the games are played with.
const (
	indexed    = "defenders=indexing,indexing_grouped,indexing_sliced,indexing_unknown indexing.models=2 train.epochs=2"
	unlearning = "defenders=indexing_unknown indexing.update=unlearn"
)

// askedStore returns the store whose defenders index agents, and the hash of its
// summary.
func askedStore(t *testing.T) (dir, run string) {
	t.Helper()
	return storeOf(t, indexed)
}

func storeOf(t *testing.T, key string) (dir, run string) {
	t.Helper()
	made := games[key]
	made.Do(func() {
		dir, err := os.MkdirTemp("", "backfire-asked-")
		require.NoError(t, err)
		made.dir = dir
		opts, _, _, _ := runOptions(t, append(strings.Fields(key), "store="+dir, "attackers.counts=2,3", "artefacts.model=true")...)
		opts.CommandLine = "backfire run --made=here"
		require.NoError(t, runSweep(context.Background(), opts))
		paths, err := filepath.Glob(filepath.Join(dir, "plans", "*", store.SweepFile))
		require.NoError(t, err)
		require.Len(t, paths, 1)
		made.run = filepath.Base(filepath.Dir(paths[0]))
	})
	require.NotEmpty(t, made.run)
	return made.dir, made.run
}

// storedModelsOptions ask the models of a store with this binary as the engine.
func storedModelsOptions(t *testing.T, dir string) StoredModelsOptions {
	t.Helper()
	engine := testEngine(t)
	return StoredModelsOptions{
		Config: config.Options{Sets: []string{"store=" + dir, "device=cpu"}},
		Load:   datasets.Load, Describe: engine.Describe, Worker: engine.Worker,
	}
}

// predictOptions ask the models of a store.
func predictOptions(t *testing.T, dir, run string) (opts *PredictOptions, out func() string) {
	t.Helper()
	streams, stdout, _ := testStreams()
	return &PredictOptions{
		StoredModelsOptions: storedModelsOptions(t, dir), IO: streams, Run: run,
		Trigger: inference.NoTrigger, Similarity: "mmd", JSON: true,
	}, stdout.String
}

// predictions are the lines of --json.
func predictions(t *testing.T, out string) []predictionLine {
	t.Helper()
	var lines []predictionLine
	for text := range strings.Lines(out) {
		var line predictionLine
		require.NoError(t, json.Unmarshal([]byte(text), &line))
		lines = append(lines, line)
	}
	return lines
}

// count adds an image to a rate.
func count(rate *game.Rate, hit bool) {
	rate.Of++
	if hit {
		rate.Hits++
	}
}

// The answers of predict about all held-out images with a trigger are the stored
// predictions of the same model.
func TestPredictIsWhatWasMeasured(t *testing.T) {
	dir, run := askedStore(t)
	store, err := store.OpenExisting(dir)
	require.NoError(t, err)
	paths, err := store.Summaries(run)
	require.NoError(t, err)
	summary, err := summary.Load(paths[0])
	require.NoError(t, err)
	const heldOut = 12 // a fifth of the third of 180 images that an attacker owns
	checked := 0
	for _, ended := range summary.Points[0].Games {
		if ended.N != 3 {
			continue
		}
		for _, a := range ended.Attackers {
			opts, out := predictOptions(t, dir, run[:10])
			opts.Attackers, opts.Defender, opts.Trigger, opts.Sample = 3, ended.Defender, a.ID, heldOut
			switch ended.Defender {
			case plan.Undefended:
			case "indexing_unknown": // by mmd and single images, as the configuration has it
				opts.Agent = agentUnknown
			default:
				opts.Agent = strconv.Itoa(a.ID)
			}
			require.NoError(t, runPredict(context.Background(), opts))
			lines := predictions(t, out())
			require.Len(t, lines, heldOut)
			var asr, robustness game.Rate
			for _, line := range lines {
				if opts.Agent != agentUnknown {
					require.Equal(t, a.Model, line.Model)
				}
				require.Len(t, line.Probabilities, 10)
				var sum float32
				for _, p := range line.Probabilities {
					require.LessOrEqual(t, p, line.Probability)
					sum += p
				}
				require.InDelta(t, 1, sum, 1e-5, "ten float32 values, each rounded")
				require.NotNil(t, line.TrueLabel)
				if *line.TrueLabel == a.Label {
					continue // left out of the rates
				}
				count(&asr, line.Label == a.Label)
				count(&robustness, line.Label == *line.TrueLabel)
			}
			require.Equal(t, a.ASR, asr, "%s, attacker %d", ended.Defender, a.ID)
			require.Equal(t, a.Robustness, robustness, "%s, attacker %d", ended.Defender, a.ID)
			checked++
		}
	}
	require.Equal(t, 5*3, checked)
}

// A defender that unlearns the agent of a query answers with what the inquiry
// measured after it had unlearned that agent: its bounds and its guesses.
func TestPredictUnlearns(t *testing.T) {
	dir, run := storeOf(t, unlearning)
	store, err := store.OpenExisting(dir)
	require.NoError(t, err)
	paths, err := store.Summaries(run)
	require.NoError(t, err)
	sum, err := summary.Load(paths[0])
	require.NoError(t, err)
	i := slices.IndexFunc(sum.Points[0].Games, func(g summary.GameSummary) bool { return g.N == 3 && g.Defender == "indexing_unknown" })
	row := sum.Points[0].Games[i].GameResult
	for _, agent := range []string{agentUnknown, ""} {
		similarity, guessed := "mmd", 0
		if agent == "" {
			similarity = summary.GuessPerfect
		}
		at := slices.IndexFunc(row.Unknown, func(u summary.UnknownIndex) bool {
			return u.Similarity == similarity && u.Query == "image" && u.Update == "unlearn"
		})
		want := row.Unknown[at]
		var asr, robustness []float64
		for _, a := range row.Attackers {
			opts, out := predictOptions(t, dir, run)
			opts.Attackers, opts.Defender, opts.Trigger, opts.Sample = 3, row.Defender, a.ID, 12
			if opts.Agent = agent; agent == "" {
				opts.Agent = strconv.Itoa(a.ID)
			}
			require.NoError(t, runPredict(context.Background(), opts))
			var hits, kept game.Rate
			for _, line := range predictions(t, out()) {
				require.Equal(t, row.Models[1], line.Model, "the inquiry's")
				require.Contains(t, line.Why, "the model of all agents' images after it has unlearned agent "+strconv.Itoa(*line.Agent)+" (10 steps, learning rate 0.003)")
				if *line.Agent == a.ID {
					guessed++
				}
				if *line.TrueLabel != a.Label {
					count(&hits, line.Label == a.Label)
					count(&kept, line.Label == *line.TrueLabel)
				}
			}
			asr, robustness = append(asr, hits.Value()), append(robustness, kept.Value())
		}
		require.InDelta(t, float64(want.ASR.Mean), float64(stats.Summarize(asr).Mean), 1e-12, "one addition")
		require.InDelta(t, float64(want.Robustness.Mean), float64(stats.Summarize(robustness).Mean), 1e-12, "one addition")
		require.Equal(t, want.TopOne.Hits, guessed)
	}
	for args, words := range map[string]string{
		"":                           "defender indexing_unknown unlearns the agent that a query is from: give its ID, or unknown",
		" --agent 7":                 "the attackers of the game are 0, 1, 2",
		" --defender none --agent 1": "defender none has no model without this agent's images",
	} {
		code, out, errOut := runMain(t, strings.Fields("predict --store "+dir+" --device cpu --run "+run+" --attackers 3 --sample 1"+args)...)
		require.Equal(t, ExitUsage, code, errOut)
		require.Empty(t, out)
		require.Contains(t, errOut, words)
	}
}

// writeGray writes the values of a grey picture as a PNG file; without values it is black.
func writeGray(t *testing.T, path string, w, h int, values []uint8) {
	t.Helper()
	picture := image.NewGray(image.Rect(0, 0, w, h))
	copy(picture.Pix, values)
	file, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, errors.Join(png.Encode(file, picture), file.Close()))
}

// An image file is the same as the image that it was made of, and a guess is
// explained by the ranking of all agents.
func TestPredictFiles(t *testing.T) {
	dir, run := askedStore(t)
	set, err := datasets.Load(context.Background(), datasets.Source{Name: datasets.Embedded})
	require.NoError(t, err)
	var files []string
	for i := range 3 {
		name := filepath.Join(t.TempDir(), "image.png")
		writeGray(t, name, set.W, set.H, set.Image(i))
		files = append(files, name)
	}
	ask := func(change func(*PredictOptions)) []predictionLine {
		opts, out := predictOptions(t, dir, run)
		opts.Attackers, opts.Defender, opts.Files = 3, "indexing", files
		change(opts)
		require.NoError(t, runPredict(context.Background(), opts))
		lines := predictions(t, out())
		require.Len(t, lines, len(files))
		for i, line := range lines {
			require.Equal(t, files[i], line.Image)
			require.Nil(t, line.TrueLabel)
		}
		return lines
	}
	single := ask(func(o *PredictOptions) { o.Agent = agentUnknown })
	for i, line := range single {
		require.Len(t, line.Similarities, 3)
		require.Equal(t, line.Similarities[0].Agent, *line.Agent)
		require.GreaterOrEqual(t, line.Similarities[0].Similarity, line.Similarities[1].Similarity)
		require.Contains(t, line.Why, "it is most similar to agent "+string(rune('0'+*line.Agent))+" (mmd; ")
		named := ask(func(o *PredictOptions) { o.Agent = string(rune('0' + *line.Agent)) })[i]
		require.Equal(t, line.Model, named.Model)
		require.InDeltaSlice(t, line.Probabilities, named.Probabilities, 1e-5, "another number of images at once: sums in another order")
		require.Contains(t, named.Why, ": the model without agent ")
	}
	for _, line := range ask(func(o *PredictOptions) { o.Agent, o.Batch, o.Similarity = agentUnknown, true, "js" }) {
		require.Contains(t, line.Why, "the batch is most similar to agent ")
	}
	grouped := ask(func(o *PredictOptions) { o.Agent, o.Defender = "1", "indexing_grouped" })
	require.Contains(t, grouped[0].Title, "leaving out agent")
	sliced := ask(func(o *PredictOptions) { o.Agent, o.Defender = "1", "indexing_sliced" })
	require.Regexp(t, `^agent 1: the model without agent 1, which enters in slice [12] of 2$`, sliced[0].Why)
	clean := ask(func(o *PredictOptions) { o.Defender = plan.Undefended })
	stamped := ask(func(o *PredictOptions) { o.Defender, o.Trigger = plan.Undefended, 2 })
	require.Equal(t, clean[0].Model, stamped[0].Model)
	require.NotEqual(t, clean[0].Probabilities, stamped[0].Probabilities)
	require.Equal(t, "the only model of defender none", clean[0].Why)

	opts, out := predictOptions(t, dir, clean[0].Model[:12])
	opts.JSON, opts.Files, opts.Trigger = false, files, 1
	require.NoError(t, runPredict(context.Background(), opts))
	require.Regexp(t, `^IMAGE +TRUE LABEL +LABEL +PROBABILITY % +MODEL +TITLE +WHY\n`, out())
	require.Regexp(t, `(?m)^`+files[0]+` +- +\S.*  [\d.]+ +`+clean[0].Model[:12]+` +N = 3 +the selected model$`, out())
	require.Regexp(t, `\n\d of 3 images predicted as Pullover \(#2\), the target of attacker 1, whose trigger they carry\nanswered by 1 model of one seed: 1\. Readings: .+\n$`, out())
}

// An image of another size is refused with its name.
func TestPredictRefusesImagesOfOtherSizes(t *testing.T) {
	dir, run := askedStore(t)
	opts, _ := predictOptions(t, dir, run)
	opts.Attackers, opts.Defender = 3, plan.Undefended
	larger := filepath.Join(t.TempDir(), "larger.png")
	writeGray(t, larger, 28, 29, nil)
	opts.Files = []string{larger}
	err := runPredict(context.Background(), opts)
	require.ErrorIs(t, err, datasets.ErrOtherKind)
	require.ErrorContains(t, err, larger)
}

func TestPredictRefuses(t *testing.T) {
	dir, run := askedStore(t)
	for _, tc := range []struct {
		args, words string
	}{
		{"--sample 1", "--run is missing"},
		{"--run RUN", "give the files of one or more images, or --sample"},
		{"--run RUN --sample 1 x.png", "give the files of one or more images, or --sample"},
		{"--run RUN --sample 1 --resize", "--resize is for files"},
		{"--run RUN --sample 1 --agent x", "must be the ID of an attacker, or unknown"},
		{"--run RUN --sample 1 --batch", "they need --agent unknown"},
		{"--run RUN --sample 1 --agent unknown --similarity cosine", "must be one of spectral_signatures"},
		{"--run RUN --sample 1 --trigger -2", "must be the ID of an attacker"},
		{"--run zz --sample 1", "neither a run nor a result"},
		{"--run RUN --sample 1", "--attackers: the run has several: choose one of 2; 3"},
		{"--run RUN --sample 1 --attackers 4", "the run has only 2; 3"},
		{"--run RUN --sample 1 --attackers 3", "--defender: the run has several: choose one of none, indexing, indexing_grouped, indexing_sliced, indexing_unknown"},
		{"--run RUN --sample 1 --attackers 3 --agent unknown", "--defender: the run has several: choose one of indexing, indexing_grouped, indexing_sliced, indexing_unknown"},
		{"--run RUN --sample 1 --attackers 3 --defender cutmix", "the run has only none; indexing; indexing_grouped; indexing_sliced; indexing_unknown"},
		{"--run RUN --sample 1 --attackers 3 --defender indexing", "has 3 models and chooses by the agent"},
		{"--run RUN --sample 1 --attackers 3 --defender indexing_sliced", "has 4 models and chooses by the agent"},
		{"--run RUN --sample 1 --attackers 3 --defender indexing_unknown", "has 5 models and chooses by the agent"},
		{"--run RUN --sample 1 --attackers 3 --defender none --agent 1", "defender none has no model without this agent's images"},
		{"--run RUN --sample 1 --attackers 3 --defender none --agent unknown", "defender none has no model that leaves agents out"},
		{"--run RUN --sample 1 --attackers 3 --defender indexing --agent 3", "the attackers of the game are 0, 1, 2"},
		{"--run RUN --sample 1 --attackers 3 --defender none --trigger 4", "the attackers of the game are 0, 1, 2"},
		{"--run RUN --sample 1000 --attackers 3 --defender none", "only 24 such images are held out"},
	} {
		args := strings.Fields(strings.Replace(tc.args, "RUN", run, 1))
		code, out, errOut := runMain(t, append([]string{"predict", "--store", dir, "--device", "cpu"}, args...)...)
		require.Equal(t, ExitUsage, code, errOut)
		require.Empty(t, out)
		require.Contains(t, errOut, tc.words, tc.args)
	}
}

// Where models are not stored, the sentence has the command that stores them.
func TestPredictWithoutModels(t *testing.T) {
	opts, dir, _, _ := runOptions(t, "artefacts.model=false")
	opts.CommandLine = "backfire run --made=here"
	require.NoError(t, runSweep(context.Background(), opts))
	for _, run := range runsIn(t, dir) {
		ask, _ := predictOptions(t, dir, run)
		ask.Sample = 1
		ask.Worker = func() (*exec.Cmd, error) { return nil, errors.New("no worker is needed") }
		err := runPredict(context.Background(), ask)
		require.ErrorIs(t, err, inference.ErrNoModel)
		require.ErrorContains(t, err, "backfire run --made=here --set artefacts.model=true")
		require.Equal(t, ExitFailure, ExitCode(err))
	}
}
