package plan_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/config"
	"backfire/datasets"
	"backfire/datasets/testset"
	"backfire/experiments/cell"
	"backfire/experiments/plan"
	"backfire/game"
	"backfire/internal/enginetest"
	"backfire/triggers"
)

func TestSweepWithoutVerificationIsItsPlans(t *testing.T) {
	sweep := enginetest.NewSweep(t,
		enginetest.TinyPoint(t, "", func(*config.Config) {}),
		enginetest.TinyPoint(t, "two", func(c *config.Config) { c.Attackers.Counts, c.Attackers.P, c.Deal.Seats = []int{2}, 0.4, "2" }))
	worklist, err := sweep.Worklist(nil)
	require.NoError(t, err)
	set, err := testset.New(1)
	require.NoError(t, err)
	for i, point := range sweep.Points {
		plan, err := plan.New(point.Config, set)
		require.NoError(t, err)
		require.Equal(t, plan.Games, point.Games)
		require.Equal(t, plan.Cells, worklist.Plans[i].Cells)
		want, err := plan.Hash()
		require.NoError(t, err)
		got, err := worklist.Plans[i].Hash()
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	_, waiting := enginetest.Wanted(worklist)
	require.Empty(t, waiting)
	require.Len(t, sweep.Cells, 5+3)
}

// Every seed's first row comes before any seed's second row, and a cell that two points need is listed once.
func TestSweepGoesByRowsAndSharesCells(t *testing.T) {
	var points []plan.SweepPoint
	for _, seed := range []uint64{1, 2} {
		for _, counts := range [][]int{{1, 2}, {2, 3}} {
			points = append(points, enginetest.TinyPoint(t, fmt.Sprintf("%v/%d", counts, seed), func(c *config.Config) {
				c.Seed, c.Attackers.Counts, c.Attackers.Singles = seed, counts, 2
			}))
		}
	}
	decided, _ := enginetest.Wanted(&plan.Worklist{Tasks: newSweepStage(t, points).Tasks})
	require.Equal(t, []string{
		"[1 2]/1: attacker 0 alone on 3 seats", "[1 2]/2: attacker 0 alone on 3 seats",
		"[1 2]/1: attacker 1 alone on 3 seats", "[1 2]/1: N = 2 on 3 seats",
		"[1 2]/2: attacker 1 alone on 3 seats", "[1 2]/2: N = 2 on 3 seats",
		"[2 3]/1: N = 3", "[2 3]/2: N = 3",
	}, decided)
}

// Points with the seats of their own sweep have the same cells beside those of a sweep with more attackers.
func TestSweepsKeepTheirSeatsBesideOthers(t *testing.T) {
	point := func(name string, counts ...int) plan.SweepPoint {
		return enginetest.TinyPoint(t, name, func(c *config.Config) { c.Attackers.Counts, c.Attackers.Singles = counts, 1 })
	}
	small, large := []plan.SweepPoint{point("small", 1, 2)}, []plan.SweepPoint{point("large", 1, 4)}
	verified := small[0].Config
	small[0].Verify = &verified
	var apart []cell.Cell
	for _, points := range [][]plan.SweepPoint{small, large} {
		apart = append(apart, enginetest.NewSweep(t, points...).Cells...)
	}
	together := enginetest.NewSweep(t, append(plan.WithSeats(small), plan.WithSeats(large)...)...)
	require.ElementsMatch(t, apart, together.Cells)
	require.NotEqual(t, len(apart), len(enginetest.NewSweep(t, small[0], large[0]).Cells), "without it N = 1 is one game of both")
	require.Equal(t, config.SeatsMax, small[0].Config.Deal.Seats, "the argument is left alone")
	require.Equal(t, config.SeatsMax, verified.Deal.Seats)
}

func newSweepStage(t *testing.T, points []plan.SweepPoint) *plan.Worklist {
	t.Helper()
	worklist, err := enginetest.NewSweep(t, points...).Worklist(nil)
	require.NoError(t, err)
	return worklist
}

func TestSweepNameDependsOnWhatItAsksFor(t *testing.T) {
	base := func(*config.Config) {}
	hash := func(points ...plan.SweepPoint) string {
		hash, err := enginetest.NewSweep(t, points...).Hash()
		require.NoError(t, err)
		return hash
	}
	names := []string{
		hash(enginetest.TinyPoint(t, "a", base)), hash(enginetest.TinyPoint(t, "b", base)), hash(enginetest.TinyPoint(t, "a", enginetest.Verified(0.5))),
		hash(enginetest.TinyPoint(t, "a", base), enginetest.TinyPoint(t, "b", base)),
		hash(enginetest.TinyPoint(t, "a", func(c *config.Config) { c.Train.Epochs++ })),
	}
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(names))), len(names))
	require.Equal(t, names[0], hash(enginetest.TinyPoint(t, "a", func(c *config.Config) { c.Workers, c.Store = 7, "elsewhere" })))
}

func TestSweepRefusesWhatOnePointGetsWrong(t *testing.T) {
	_, err := plan.NewSweep(context.Background(), nil, enginetest.Loader)
	require.ErrorIs(t, err, cell.ErrPlan)
	good := enginetest.TinyPoint(t, "good", func(*config.Config) {})
	bad := enginetest.TinyPoint(t, "bad", func(c *config.Config) { c.Attackers.Label = "up" })
	_, err = plan.NewSweep(context.Background(), []plan.SweepPoint{good, bad}, enginetest.Loader)
	require.ErrorIs(t, err, cell.ErrPlan)
	require.ErrorIs(t, err, datasets.ErrUnknownClass)
	require.ErrorContains(t, err, "plan: bad: ")
	gone := errors.New("gone")
	_, err = plan.NewSweep(context.Background(), []plan.SweepPoint{good}, func(context.Context, datasets.Source) (*datasets.Set, error) { return nil, gone })
	require.ErrorIs(t, err, gone)
}

func TestSweepLoadsEachDatasetOnce(t *testing.T) {
	loads := map[string]int{}
	other := func(c *config.Config) { c.Data.Path = "other" }
	_, err := plan.NewSweep(context.Background(), []plan.SweepPoint{
		enginetest.TinyPoint(t, "a", func(*config.Config) {}), enginetest.TinyPoint(t, "b", other), enginetest.TinyPoint(t, "c", enginetest.Verified(0.5)),
	}, func(ctx context.Context, src datasets.Source) (*datasets.Set, error) {
		loads[src.Path]++
		return enginetest.Loader(ctx, src)
	})
	require.NoError(t, err)
	require.Equal(t, map[string]int{"": 1, "other": 1}, loads)
}

// The paper's largest game is N = 100. It needs a pool that gives every attacker an image to poison and one to
// hold out; the refusal of a smaller pool names the reason.
func TestHundredAttackersNeedAPool(t *testing.T) {
	const images, side, smallest = 600, 8, 500
	names, labels := make([]string, 60), make([]uint8, images)
	for i := range labels {
		class := i % len(names)
		labels[i], names[class] = uint8(class), fmt.Sprintf("class %d", class)
	}
	set, err := datasets.New("many", make([]uint8, images*side*side), labels, 1, side, side, names)
	require.NoError(t, err)
	load := func(context.Context, datasets.Source) (*datasets.Set, error) { return set, nil }
	hundred := func(pool int) []plan.SweepPoint {
		return []plan.SweepPoint{enginetest.TinyPoint(t, "hundred", func(c *config.Config) {
			c.Pool.Size, c.Attackers.Label, c.Attackers.Counts, c.Attackers.Singles = pool, "class 2", []int{1, 100}, 1
			c.Attackers.P0 = new(float64)
			*c.Attackers.P0 = 1
		})}
	}
	_, err = plan.NewSweep(context.Background(), hundred(400), load)
	require.ErrorIs(t, err, cell.ErrPlan)
	require.ErrorIs(t, err, game.ErrRules)
	require.ErrorContains(t, err, "plan: hundred: 1 attackers: ")
	var named int
	_, after, found := strings.Cut(err.Error(), "the smallest pool that works for 100 seats is ")
	require.True(t, found, err.Error())
	_, err = fmt.Sscan(after, &named)
	require.NoError(t, err)
	require.GreaterOrEqual(t, named, smallest, "3 images each of 60 %% are 500")

	for pool := named; pool <= images; pool += 40 {
		sweep, err := plan.NewSweep(context.Background(), hundred(pool), load)
		require.NoError(t, err, "pool of %d", pool)
		g, err := game.New(set, sweep.Cells[len(sweep.Cells)-1].Game)
		require.NoError(t, err)
		require.Len(t, g.Deal().Attackers, 100)
		for _, share := range g.Deal().Attackers {
			require.NotEmpty(t, share.HeldOut)
			require.NotEmpty(t, share.Contributed)
		}
	}
	_, err = plan.NewSweep(context.Background(), hundred(named-1), load)
	require.ErrorIs(t, err, game.ErrRules)
}

func TestGamesWaitForTheSinglesOfTheirAttackers(t *testing.T) {
	sweep := enginetest.NewSweep(t, enginetest.TinyPoint(t, "", enginetest.Verified(0.8)))
	decided, waiting := enginetest.Wanted(enginetest.After(t, sweep, nil))
	verifying := func(attacker, draw int) string { return enginetest.Verifying(attacker, 4, draw) }
	require.Equal(t, []string{verifying(0, 1), verifying(1, 1), verifying(2, 1)}, decided)
	require.Equal(t, []string{"attacker 0 alone on 4 seats", "attacker 1 alone on 4 seats", "N = 2 on 4 seats", "attacker 2 alone on 4 seats", "N = 4"}, waiting)
	require.Len(t, sweep.Cells, 8, "what it takes if every first trigger is kept")

	decided, waiting = enginetest.Wanted(enginetest.After(t, sweep, map[string]plan.KnownResult{verifying(0, 1): enginetest.PercentOf(80), verifying(1, 1): enginetest.PercentOf(100)}))
	require.Equal(t, []string{
		verifying(0, 1), "attacker 0 alone on 4 seats", verifying(1, 1), "attacker 1 alone on 4 seats", "N = 2 on 4 seats", verifying(2, 1),
	}, decided)
	require.Equal(t, []string{"attacker 2 alone on 4 seats", "N = 4"}, waiting)

	worklist := enginetest.After(t, sweep, map[string]plan.KnownResult{
		verifying(0, 1): enginetest.PercentOf(80), verifying(1, 1): enginetest.PercentOf(79), verifying(1, 2): enginetest.PercentOf(81),
		verifying(2, 1): enginetest.PercentOf(90),
	})
	decided, waiting = enginetest.Wanted(worklist)
	require.Equal(t, []string{
		verifying(0, 1), "attacker 0 alone on 4 seats", verifying(1, 1), verifying(1, 2), "attacker 1 alone on 4 seats, draw 2", "N = 2 on 4 seats",
		verifying(2, 1), "attacker 2 alone on 4 seats", "N = 4",
	}, decided)
	require.Empty(t, waiting)
	two, ok := worklist.Plans[0].Cell(worklist.Plans[0].Games[1].Cell)
	require.True(t, ok)
	require.Equal(t, 0, two.Game.Attackers[0].Draw)
	require.Equal(t, 1, two.Game.Attackers[1].Draw)
	candidates := worklist.Plans[0].Candidates[1]
	require.Len(t, candidates, 2)
	require.False(t, candidates[0].Kept)
	require.True(t, candidates[1].Kept)
	require.Equal(t, &game.Rate{Hits: 79, Of: 100}, candidates[0].ASR)
	single, ok := worklist.Plans[0].Cell(worklist.Plans[0].Games[1].Singles[1])
	require.True(t, ok)
	verified, ok := worklist.Plans[0].Cell(candidates[1].Cell)
	require.True(t, ok)
	require.Equal(t, single.Game, verified.Game, "the trigger is verified with the images that it plays with")
	require.NotEqual(t, single.TrainingSeed(), verified.TrainingSeed(), "the model that verifies is never the one that is compared")
}

func TestWhenTheSearchForATriggerEnds(t *testing.T) {
	alone := func(c *config.Config) {
		enginetest.Verified(0.8)(c)
		c.Attackers.Counts, c.Attackers.Singles = []int{2}, 1
	}
	weak := func(asr ...int) map[string]plan.KnownResult {
		known := map[string]plan.KnownResult{}
		for draw, hits := range asr {
			known[enginetest.Verifying(0, 2, draw+1)] = enginetest.PercentOf(hits)
		}
		return known
	}
	collapsed := weak(10, 30, 100)
	collapsed[enginetest.Verifying(0, 2, 3)] = plan.KnownResult{ASR: game.Rate{Hits: 100, Of: 100}, Collapsed: true}
	for name, tc := range map[string]struct {
		known map[string]plan.KnownResult
		draws int
		kept  int // -1: none yet
	}{
		"never good enough":    {weak(10, 20, 30, 70, 40, 70, 60, 50, 0, 1), plan.MaxDraws, 3},
		"one before the last":  {weak(10, 20, 30, 70, 40, 70, 60, 50, 0), plan.MaxDraws, -1},
		"the last one":         {weak(0, 0, 0, 0, 0, 0, 0, 0, 0, 80), plan.MaxDraws, 9},
		"a collapse":           {collapsed, 3, 1},
		"only a collapse":      {map[string]plan.KnownResult{enginetest.Verifying(0, 2, 1): {Collapsed: true}}, 1, 0},
		"an ASR over nothing":  {map[string]plan.KnownResult{enginetest.Verifying(0, 2, 1): {}}, 1, 0},
		"exactly the bound":    {weak(80), 1, 0},
		"just below the bound": {weak(79), 2, -1},
	} {
		t.Run(name, func(t *testing.T) {
			worklist := enginetest.After(t, enginetest.NewSweep(t, enginetest.TinyPoint(t, "", alone)), tc.known)
			candidates := worklist.Plans[0].Candidates[0]
			require.Len(t, candidates, tc.draws)
			require.Equal(t, tc.kept, slices.IndexFunc(candidates, func(d plan.Candidate) bool { return d.Kept }))
			_, waiting := enginetest.Wanted(worklist)
			require.Equal(t, tc.kept < 0, len(waiting) > 0)
		})
	}
}

// There is no other draw if every image has a trigger of its own.
func TestTriggersPerImageAreNotVerified(t *testing.T) {
	sweep := enginetest.NewSweep(t, enginetest.TinyPoint(t, "", func(c *config.Config) {
		enginetest.Verified(0.8)(c)
		c.Trigger.Sampling = string(game.PerImage)
	}))
	decided, waiting := enginetest.Wanted(enginetest.After(t, sweep, nil))
	require.Len(t, decided, 5)
	require.Empty(t, waiting)
}

// In whichever order results arrive, the sweep ends with the same cells, and a decision once made stays.
func TestStagesDoNotDependOnTheOrderOfResults(t *testing.T) {
	sweep := enginetest.NewSweep(t,
		enginetest.TinyPoint(t, "a", func(c *config.Config) { enginetest.Verified(0.8)(c); c.Attackers.Counts = []int{1, 2, 3} }),
		enginetest.TinyPoint(t, "b", func(c *config.Config) { enginetest.Verified(0.6)(c); c.Attackers.Counts = []int{3} }),
		enginetest.TinyPoint(t, "c", func(c *config.Config) { c.Attackers.Counts = []int{2} }))
	asr := func(hash string) plan.KnownResult { return enginetest.PercentOf(int(hash[0]) * 100 / 'f') }
	var end []string
	rapid.Check(t, func(t *rapid.T) {
		known, decided := plan.Known{}, map[string]bool{}
		for {
			worklist, err := sweep.Worklist(known)
			require.NoError(t, err)
			var open []string
			now := map[string]bool{}
			for _, want := range worklist.Tasks {
				now[want.Hash] = !want.Waits
				if _, ok := known[want.Hash]; !ok && !want.Waits {
					open = append(open, want.Hash)
				}
			}
			for hash := range decided {
				require.True(t, now[hash], "%s was decided", hash)
			}
			maps.DeleteFunc(now, func(_ string, is bool) bool { return !is })
			decided = now
			if len(open) == 0 {
				break
			}
			next := rapid.SampledFrom(open).Draw(t, "next")
			known[next] = asr(next)
		}
		all := slices.Sorted(maps.Keys(decided))
		if end == nil {
			end = all
		}
		require.Equal(t, end, all)
	})
	require.Greater(t, len(end), len(sweep.Cells), "some triggers were redrawn")
}

// A redrawn trigger may equal another attacker's: the games of both are refused, and the others are played.
func TestGamesWithTheSameTriggerTwiceAreRefused(t *testing.T) {
	set, err := testset.New(1)
	require.NoError(t, err)
	spec := triggers.Spec{P1: 0.1, P2: 1, Range: triggers.PerDimension} // one pixel
	seed, draws := sameTrigger(t, set, spec)
	sweep := enginetest.NewSweep(t, enginetest.TinyPoint(t, "", func(c *config.Config) {
		enginetest.Verified(0.8)(c)
		c.Seed, c.Attackers.Counts, c.Attackers.Singles = seed, []int{1, 2}, 2
		c.Attackers.P1, c.Attackers.P2 = &spec.P1, &spec.P2
	}))
	known := map[string]plan.KnownResult{}
	for id, kept := range draws {
		for draw := range kept + 1 {
			known[enginetest.Verifying(id, 2, draw+1)] = enginetest.PercentOf(100 * (draw / kept))
		}
	}
	worklist := enginetest.After(t, sweep, known)
	require.Len(t, worklist.Refused, 1)
	require.Equal(t, "N = 2", worklist.Refused[0].Title)
	require.Contains(t, worklist.Refused[0].Error, game.ErrCollision.Error())
	decided, waiting := enginetest.Wanted(worklist)
	require.Empty(t, waiting)
	require.NotContains(t, decided, "N = 2")
}

// sameTrigger returns a seed for which two attackers have the same trigger in some of their draws, except the
// first.
func sameTrigger(t *testing.T, set *datasets.Set, spec triggers.Spec) (seed uint64, draws [2]int) {
	t.Helper()
	for seed := uint64(1); seed < 2000; seed++ {
		seen := map[string]int{}
		for id := range 2 {
			for draw := 1; draw < plan.MaxDraws; draw++ {
				g, err := game.New(set, game.Rules{
					Seed: seed, DefenderShare: 0.4, HeldOut: 0.2, Sampling: game.PerAgent, Denominator: game.Own,
					Attackers: []game.Attacker{{ID: id, PoisonRate: 0.5, Trigger: spec, LabelMode: game.DirtyLabel, Draw: draw}},
				})
				require.NoError(t, err)
				trigger := g.Triggers()[0].ID()
				if other, ok := seen[trigger]; id == 1 && ok {
					return seed, [2]int{other, draw}
				}
				if id == 0 {
					seen[trigger] = draw
				}
			}
		}
	}
	require.Fail(t, "no such seed")
	return 0, draws
}
