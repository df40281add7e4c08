package inference_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets"
	"backfire/defenses/detect"
	"backfire/experiments/cell"
	"backfire/experiments/inference"
	"backfire/experiments/store"
	"backfire/game"
	"backfire/internal/enginetest"
	"backfire/internal/runtest"
)

// The answers about all held-out images with a trigger are the stored predictions of
// the model that answers.
func TestAnswersAreThoseThatWereMeasured(t *testing.T) {
	st, run := storeOf(t)
	client := clientOf(st)
	for _, name := range []string{undefended, "indexing", "indexing_grouped"} {
		d := selected(t, st, run, name)
		dealt, err := client.Game(context.Background(), d.Game)
		require.NoError(t, err)
		for at, attacker := range d.Game.Game.Attackers {
			var eligible []int
			for i, probe := range dealt.Probes().List {
				if probe.Owner == at && probe.Trigger == at {
					eligible = append(eligible, i)
				}
			}
			images, err := client.HeldOut(context.Background(), d, attacker.ID, len(eligible))
			require.NoError(t, err)
			query := inference.Query{Images: images}
			if name != undefended {
				query.Agent = &attacker.ID
			}
			predictions, err := client.Answer(context.Background(), d, query)
			require.NoError(t, err)
			require.Len(t, predictions, len(images))
			record, err := st.Read(predictions[0].Model.Hash)
			require.NoError(t, err)
			stored, err := os.ReadFile(record.File(store.PredictionsFile))
			require.NoError(t, err)
			for i, p := range predictions {
				require.Equal(t, predictions[0].Model.Hash, p.Model.Hash)
				require.Equal(t, int(stored[eligible[i]]), p.Label, "%s, attacker %d", name, attacker.ID)
				require.InDelta(t, 1, p.Probabilities[p.Label], 0, "the fake engine is certain")
				require.Equal(t, int(dealt.Probes().List[eligible[i]].Label), images[i].Label)
				require.Equal(t, query.Agent, p.Agent)
				require.Nil(t, p.Similarities)
			}
			if name != undefended {
				require.Contains(t, record.Cell.Defense.Excluded, attacker.ID)
				require.Regexp(t, `^agent \d: the model without `, predictions[0].Why)
			}
		}
	}
}

// A model that is examined gives the probabilities of Probabilities, and the features of the images.
func TestExamine(t *testing.T) {
	st, run := storeOf(t)
	client := clientOf(st)
	d := selected(t, st, run, undefended)
	images, err := client.HeldOut(context.Background(), d, inference.NoTrigger, 3)
	require.NoError(t, err)
	var values []uint8
	for _, image := range images {
		values = append(values, image.Pixels...)
	}
	hash := modelOf(t, st, "")
	want, err := client.Probabilities(context.Background(), hash, values)
	require.NoError(t, err)
	got, vectors, err := client.Examine(context.Background(), hash, values)
	require.NoError(t, err)
	require.Equal(t, want, got)
	require.Len(t, vectors, len(images))
	require.Len(t, vectors[0], 4, "the fake engine has the means of four quarters")
	_, _, err = client.Examine(context.Background(), strings.Repeat("0", 64), values)
	require.ErrorIs(t, err, store.ErrNotStored)
}

// A guessed agent is the most similar one, and the model without it answers.
func TestAnswerOfAGuessedAgent(t *testing.T) {
	st, run := storeOf(t)
	client := clientOf(st)
	d := selected(t, st, run, "indexing")
	images, err := client.HeldOut(context.Background(), d, inference.NoTrigger, 4)
	require.NoError(t, err)
	for _, batch := range []bool{false, true} {
		predictions, err := client.Answer(context.Background(), d, inference.Query{Images: images, Guess: true, Similarity: detect.MMD, Batch: batch})
		require.NoError(t, err)
		for _, p := range predictions {
			require.Len(t, p.Similarities, 3)
			require.Equal(t, p.Similarities[0].Agent, *p.Agent)
			require.Contains(t, p.Model.Cell.Defense.Excluded, *p.Agent)
			require.Regexp(t, `most similar to agent \d \(mmd; \d: .+\): the model without agent \d`, p.Why)
			if batch {
				require.Equal(t, predictions[0].Agent, p.Agent)
			}
		}
	}
}

// A query that the defender cannot answer is refused with its field, before any worker
// is started.
func TestAnswerRefuses(t *testing.T) {
	st, run := storeOf(t)
	client := clientOf(st)
	client.Command = func() (*exec.Cmd, error) { panic("no worker is needed") }
	id := func(n int) *int { return &n }
	image := []inference.Image{{Name: "black", Pixels: make([]uint8, 64), Label: inference.UnknownLabel}}
	single := modelOf(t, st, "leaving out agent 0")
	for name, tc := range map[string]struct {
		run, defender string
		query         inference.Query
		reason        string
	}{
		"several models and no agent": {run, "indexing", inference.Query{}, "has 3 models and chooses by the agent"},
		"no such agent":               {run, "indexing", inference.Query{Agent: id(3)}, "the attackers of the game are 0, 1, 2"},
		"no model without the agent":  {run, undefended, inference.Query{Agent: id(1)}, "has no model without this agent's images"},
		"nothing to guess for":        {run, undefended, inference.Query{Guess: true, Similarity: detect.MMD}, "has no model that leaves agents out"},
		"a guess of one model":        {single, "", inference.Query{Guess: true, Similarity: detect.MMD}, "a guess needs the models of a game"},
		"trained on the agent":        {single, "", inference.Query{Agent: id(2)}, "was trained on this agent's images"},
	} {
		t.Run(name, func(t *testing.T) {
			tc.query.Images = image
			_, err := client.Answer(context.Background(), selected(t, st, tc.run, tc.defender), tc.query)
			var refused *inference.RequestError
			require.ErrorAs(t, err, &refused)
			require.Equal(t, inference.FieldAgent, refused.Field)
			require.Contains(t, refused.Reason, tc.reason)
		})
	}
}

func TestHeldOutImages(t *testing.T) {
	st, run := storeOf(t)
	client := clientOf(st)
	d := selected(t, st, run, undefended)
	own, err := client.HeldOut(context.Background(), d, inference.NoTrigger, 5)
	require.NoError(t, err)
	again, err := client.HeldOut(context.Background(), d, inference.NoTrigger, 5)
	require.NoError(t, err)
	require.Equal(t, own, again, "the draw follows from the seed")
	stamped, err := client.HeldOut(context.Background(), d, 1, 5)
	require.NoError(t, err)
	dealt, err := client.Game(context.Background(), d.Game)
	require.NoError(t, err)
	require.Regexp(t, `^tiny\[\d+\]$`, own[0].Name)

	clean := slices.Clone(own[0].Pixels)
	require.NoError(t, client.Stamp(context.Background(), d, 1, own[:1]))
	dealt.Triggers()[1].Stamp(clean)
	require.Equal(t, clean, own[0].Pixels)
	require.NotEqual(t, again[0].Pixels, own[0].Pixels)
	once := slices.Clone(stamped[0].Pixels)
	dealt.Triggers()[1].Stamp(once)
	require.Equal(t, once, stamped[0].Pixels, "a trigger covers itself")

	var refused *inference.RequestError
	_, err = client.HeldOut(context.Background(), d, inference.NoTrigger, 1000)
	require.ErrorAs(t, err, &refused)
	require.Equal(t, inference.FieldSample, refused.Field)
	_, err = client.HeldOut(context.Background(), d, 7, 1)
	require.ErrorAs(t, err, &refused)
	require.Equal(t, inference.FieldTrigger, refused.Field)
	require.ErrorAs(t, client.Stamp(context.Background(), d, 7, own), &refused)
	d.Game.Game.Sampling = game.PerImage
	require.ErrorAs(t, client.Stamp(context.Background(), d, 1, own), &refused)
	require.Contains(t, refused.Reason, "a trigger for each image of the dataset")
}

// Models that cannot be asked are reported as such.
func TestModelsThatCannotBeAsked(t *testing.T) {
	st, _ := storeOf(t)
	client := clientOf(st)
	hash := modelOf(t, st, "leaving out agent 0")
	image := make([]uint8, 64)
	_, err := client.Probabilities(context.Background(), "none", image)
	require.ErrorIs(t, err, store.ErrNotStored)

	require.NoError(t, enginetest.FlipBit(filepath.Join(st.Path(hash), store.ModelFile)))
	_, err = client.Probabilities(context.Background(), hash, image)
	require.ErrorIs(t, err, store.ErrBroken)

	other := modelOf(t, st, "leaving out agent 1")
	interrupted, stop := context.WithCancel(context.Background())
	stop()
	_, err = client.Probabilities(interrupted, other, image)
	require.ErrorIs(t, err, context.Canceled)

	_, bare := runtest.StoredSummary(t, enginetest.PlainSweep(t)) // without artefacts
	_, err = clientOf(bare).Probabilities(context.Background(), modelOf(t, bare, "attacker 0 alone"), image)
	require.ErrorIs(t, err, inference.ErrNoModel)
	require.ErrorContains(t, err, "inference: ask ")
}

// The images of a cell are found in whichever split has its checksum.
func TestFindData(t *testing.T) {
	st, run := storeOf(t)
	data := selected(t, st, run, undefended).Game.Data
	var tried []string
	load := func(ctx context.Context, source datasets.Source) (*datasets.Set, error) {
		require.Equal(t, "tiny", source.Name)
		tried = append(tried, source.Split)
		if source.Split != "all" {
			source.Path = "other"
		}
		return enginetest.Loader(ctx, source)
	}
	set, source, err := inference.FindData(context.Background(), load, datasets.Source{Name: "mnist", Path: "elsewhere", Split: "test"}, data)
	require.NoError(t, err)
	require.Equal(t, data.Checksum, set.Checksum)
	require.Equal(t, datasets.Source{Name: "tiny", Split: "all"}, source)
	require.Equal(t, []string{"test", "auto", "train", "val", "extra", "all"}, tried)

	other := func(ctx context.Context, source datasets.Source) (*datasets.Set, error) {
		source.Path = "other"
		return enginetest.Loader(ctx, source)
	}
	_, _, err = inference.FindData(context.Background(), other, datasets.Source{Name: "tiny", Split: "auto"}, data)
	require.ErrorIs(t, err, cell.ErrOtherData)
	require.ErrorContains(t, err, "split train has SHA-256")

	none := func(_ context.Context, source datasets.Source) (*datasets.Set, error) {
		if source.Split == datasets.SplitVal {
			return nil, datasets.ErrSplit
		}
		return nil, datasets.ErrMissing
	}
	data.Name = datasets.Folder
	_, _, err = inference.FindData(context.Background(), none, datasets.Source{Name: datasets.Folder}, data)
	require.ErrorIs(t, err, datasets.ErrMissing)
	require.Equal(t, 1, strings.Count(err.Error(), datasets.ErrMissing.Error()), "one fault of all splits is told once")
	require.ErrorContains(t, err, "data.resize or data.contributors changed needs the same setting here")
}
