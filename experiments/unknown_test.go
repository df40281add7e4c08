package experiments

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/defenses/detect"
	"backfire/defenses/indexing"
	"backfire/game"
)

// unknownConfig plays three attackers against defenders that are asked with and
// without an index.
func unknownConfig(t *testing.T) config.Config {
	t.Helper()
	cfg := defendedConfig(t, "indexing", "indexing_grouped", "indexing_unknown")
	cfg.Attackers.Counts, cfg.Attackers.Singles = []int{3}, 0
	cfg.Indexing.Models, cfg.Indexing.Batch, cfg.Indexing.Query = 2, 5, "batch"
	return cfg
}

// defenderOf returns what a defender of the first game trains.
func defenderOf(t *testing.T, plan *Plan, name string) PlannedDefender {
	t.Helper()
	i := slices.IndexFunc(plan.Games[0].Defenders, func(d PlannedDefender) bool { return d.Name == name })
	require.GreaterOrEqual(t, i, 0)
	return plan.Games[0].Defenders[i]
}

// found returns one entry of the comparison.
func found(t *testing.T, row Row, similarity string, form indexing.Form, update indexing.Update) UnknownIndex {
	t.Helper()
	i := slices.IndexFunc(row.Unknown, func(u UnknownIndex) bool {
		return u.Similarity == similarity && u.Query == form && u.Update == update
	})
	require.GreaterOrEqual(t, i, 0)
	return row.Unknown[i]
}

func TestPlanWithAnUnknownIndex(t *testing.T) {
	plan := defendedPlan(t, unknownConfig(t))
	unknown := defenderOf(t, plan, "indexing_unknown")
	require.Equal(t, plan.Games[0].Cell, unknown.Models[0], "the base is the undefended twin")
	inquiry, _ := plan.Cell(unknown.Models[1])
	require.Equal(t, &Inquiry{Batch: 5, Queries: 1000, Unlearning: indexing.Unlearning{Steps: 10, Rate: 0.003}}, inquiry.Inquiry)
	require.Zero(t, inquiry.TrainedImages())
	require.Equal(t, defenderOf(t, plan, "indexing").Models, unknown.Models[2:])
	require.Equal(t, []int{2, 3, 4}, unknown.Answers)
	require.Len(t, plan.Cells, 1+3+1+1, "one cell more; a group of one attacker is its exact model")

	cfg := unknownConfig(t)
	cfg.Indexing.Update = "pick"
	plan = defendedPlan(t, cfg)
	unknown = defenderOf(t, plan, "indexing_unknown")
	require.Equal(t, defenderOf(t, plan, "indexing_grouped").Models, unknown.Models[2:])
	cfg.Indexing.Update, cfg.Defenders = "unlearn", []string{"cutmix+indexing_unknown"}
	cfg.Indexing.Models = 0
	plan = defendedPlan(t, cfg)
	unknown = defenderOf(t, plan, "cutmix+indexing_unknown")
	require.Len(t, unknown.Models, 2)
	require.Equal(t, []int{1, 1, 1}, unknown.Answers)
	base, _ := plan.Cell(unknown.Models[0])
	require.Equal(t, "N = 3, cutmix", base.Title())
	inquiry, _ = plan.Cell(unknown.Models[1])
	require.Equal(t, "N = 3, cutmix, asked without an index", inquiry.Title())
}

// A perfect guess gives what an index gives; every estimator's figures are those
// of the models that its guesses choose; random and perfect guesses bound how
// often a guess is right.
func TestUnknownIndexFromStoredPredictions(t *testing.T) {
	cfg := unknownConfig(t)
	plan := defendedPlan(t, cfg)
	s, store := storedRows(t, plan)
	twin, exact, grouped, unknown := s.Rows[0], s.Rows[1], s.Rows[2], s.Rows[3]
	require.Len(t, unknown.Unknown, len(indexing.Updates())*len(indexing.Forms())*(len(detect.Methods())+2))
	planned := defenderOf(t, plan, "indexing_unknown")
	record, err := store.Read(planned.Models[1])
	require.NoError(t, err)
	base, err := store.Read(planned.Models[0])
	require.NoError(t, err)
	same := record.Result
	same.Cell, same.Digest, same.Run = base.Result.Cell, base.Result.Digest, base.Result.Run
	require.Equal(t, base.Result, same, "the model that is asked is the base")

	for _, form := range indexing.Forms() {
		for update, known := range map[indexing.Update]Row{indexing.Retrain: exact, indexing.Pick: grouped} {
			u := found(t, unknown, GuessPerfect, form, update)
			require.Equal(t, game.Rate{Hits: u.TopOne.Of, Of: u.TopOne.Of}, u.TopOne)
			require.Equal(t, known.CleanAccuracy, u.CleanAccuracy)
			require.Equal(t, known.ASR, u.ASR)
			require.Equal(t, known.Robustness, u.Robustness)
			require.Equal(t, known.Cost.Images+twin.Cost.Images, u.Cost.Images, "and the model that is asked")
			require.Equal(t, known.Cost.Models+1, u.Cost.Models)
			random := found(t, unknown, GuessRandom, form, update)
			require.Equal(t, 1./3, random.TopOne.Value())
			require.Equal(t, known.CleanAccuracy.Value(), random.CleanAccuracy.Value(), "each model answers as often as any other")
		}
		u := found(t, unknown, GuessPerfect, form, indexing.Unlearn)
		require.Equal(t, twin.Cost.Images+3*2*10*16, u.Cost.Images)
		require.Equal(t, 1, u.Cost.Models)
	}

	// By hand, from the files.
	lines := readCSV(t, filepath.Join(store.Path(planned.Models[1]), QueriesFile))
	column := slices.Index(lines[0], "batch_js")
	right, hits, of := 0, make([]int, 3), make([]int, 3)
	for _, line := range lines[1:] {
		if line[2] == "" {
			continue
		}
		owner, guess := int(line[1][0]-'0'), int(line[column][0]-'0')
		require.Equal(t, line[1], line[2])
		if owner == guess {
			right++
		}
		if line[3] == "1" {
			continue // already of the target class
		}
		answering, err := store.Read(planned.Models[2+guess])
		require.NoError(t, err)
		predicted, err := answering.Predictions()
		require.NoError(t, err)
		at, err := strconv.Atoi(line[0])
		require.NoError(t, err)
		of[owner]++
		if predicted[at] == 1 {
			hits[owner]++
		}
	}
	u := found(t, unknown, "js", indexing.Batch, indexing.Retrain)
	require.Equal(t, right, u.TopOne.Hits)
	for i, a := range u.attackers {
		require.Equal(t, game.Rate{Hits: hits[i], Of: of[i]}, a.ASR)
	}

	// At random every model answers every query.
	random := found(t, unknown, GuessRandom, indexing.Image, indexing.Retrain)
	hits, of = make([]int, 3), make([]int, 3)
	for _, model := range planned.Models[2:] {
		answering, err := store.Read(model)
		require.NoError(t, err)
		predicted, err := answering.Predictions()
		require.NoError(t, err)
		for _, line := range lines[1:] {
			if line[2] == "" || line[3] == "1" {
				continue
			}
			owner := int(line[1][0] - '0')
			at, err := strconv.Atoi(line[0])
			require.NoError(t, err)
			of[owner]++
			if predicted[at] == 1 {
				hits[owner]++
			}
		}
	}
	for i, a := range random.attackers {
		require.Equal(t, game.Rate{Hits: hits[i], Of: of[i]}, a.ASR)
	}

	// The row itself is that of the configured similarity, query and update.
	u = found(t, unknown, "mmd", indexing.Batch, indexing.Retrain)
	require.Equal(t, u.ASR, unknown.ASR)
	require.Equal(t, u.Robustness, unknown.Robustness)
	require.Equal(t, u.CleanAccuracy, unknown.CleanAccuracy)
	require.Equal(t, u.Cost, unknown.Cost)
	require.Equal(t, twin.Cost.Images, u.Cost.Undefended)
	require.Equal(t, u.ASR.Mean-twin.ASR.Mean, unknown.Difference.ASR)
	require.Empty(t, twin.Unknown)

	require.NoError(t, os.Remove(filepath.Join(store.Path(planned.Models[1]), UnlearnedFile)))
	_, err = store.Read(planned.Models[1])
	require.ErrorIs(t, err, ErrBroken)
}

// An inquiry asks with so many images of each owner at most, the same on every
// run, in batches that mix no owners.
func TestInquiryAsks(t *testing.T) {
	plan := defendedPlan(t, unknownConfig(t))
	cell, _ := plan.Cell(plan.Games[0].Cell)
	g, _, _ := trainingOf(t, cell)
	list := g.Probes().List
	all := Inquiry{Batch: 5}.newAsked(list, 1)
	require.Len(t, all, len(list))
	few := Inquiry{Batch: 4, Queries: 7}.newAsked(list, 1)
	require.Len(t, few, 7*(1+3+3))
	require.Equal(t, few, Inquiry{Batch: 4, Queries: 7}.newAsked(list, 1))
	for _, a := range few {
		require.Equal(t, list[a.at], a.probe)
	}
	require.Len(t, queries(few, indexing.Image), len(few))
	batches := queries(few, indexing.Batch)
	require.Len(t, batches, 2*7)
	for _, q := range batches {
		require.LessOrEqual(t, len(q.probes), 4)
		for _, i := range q.probes {
			require.Equal(t, few[q.probes[0]].probe.Owner, few[i].probe.Owner)
			require.Equal(t, few[q.probes[0]].probe.Trigger, few[i].probe.Trigger)
		}
	}
}

// The inquiry goes on from the base that is trained anyway, and gives the same
// bytes as if it had trained it; so it does where the state is gone.
func TestInquiryGoesOnFromTheBase(t *testing.T) {
	cfg := unknownConfig(t)
	cfg.Indexing.Update, cfg.Defenders = "unlearn", []string{"indexing_unknown"}
	cfg.Indexing.Models = 0
	plan := defendedPlan(t, cfg)
	hash := defenderOf(t, plan, "indexing_unknown").Models[1]
	inquiry, _ := plan.Cell(hash)
	contents := func(dir string) string {
		var all strings.Builder
		for _, name := range []string{QueriesFile, UnlearnedFile} {
			text, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			all.Write(text)
		}
		return cellFiles(t, dir) + all.String()
	}
	for _, f := range []fault{{}, {Cell: plan.Games[0].Cell, Kind: "fail", Epoch: 2}} {
		store := openStore(t)
		runner, seen := newRunner(store, 2, f)
		outcome, err := runner.Run(context.Background(), plan.Cells)
		require.NoError(t, err)
		continued := slices.ContainsFunc(seen.of(KindResumed), func(e Event) bool { return e.Cell == hash && e.Epoch == 2 })
		require.Equal(t, f.Kind == "", continued)
		require.Equal(t, f.Kind != "", len(outcome.Failed) == 1)
		require.Equal(t, contents(played(t, fakeEngine{}, inquiry)), contents(store.Path(hash)))
	}
}
