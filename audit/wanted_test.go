package audit_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/audit"
)

// modelsOf names the models of a play as if every game of N had one and attacker 0 were played alone.
func modelsOf(p audit.Play) ([]string, error) {
	condition := fmt.Sprint(p.High, p.Poisoned, p.Seed)
	names := []string{condition + " alone"}
	for _, n := range p.Counts {
		if n > 1 {
			names = append(names, fmt.Sprint(condition, n))
		}
	}
	return names, nil
}

// playBudget plays an audit within its budget and returns its last plan and the number of its models.
func playBudget(t *testing.T, s *audit.Spec, f surface) (*audit.Plan, int) {
	t.Helper()
	progress := audit.Progress{Models: modelsOf}
	played, models := map[string]bool{}, map[string]bool{}
	for {
		plan, err := s.Wanted(progress)
		require.NoError(t, err)
		now, more := map[string]bool{}, false
		for _, p := range plan.Plays {
			now[fmt.Sprint(p)] = true
			if key := fmt.Sprint(p); !played[key] {
				played[key], more = true, true
				progress.Trials = append(progress.Trials, f.play(p, 1)...)
				names, _ := modelsOf(p)
				for _, name := range names {
					models[name] = true
				}
			}
		}
		require.Equal(t, len(played), len(now), "no play is lost")
		progress.Hours = float64(len(models)) / 100
		if !more {
			return plan, len(models)
		}
	}
}

func TestBudget(t *testing.T) {
	half := surface{lift: constant(0.5), interference: constant(0), bimodal: true} // every cell is undecided at first
	s := spec()
	s.Budget.Models = 100
	_, err := s.Wanted(audit.Progress{Models: modelsOf})
	require.ErrorIs(t, err, audit.ErrSpec)
	require.ErrorContains(t, err, "the smallest design trains")

	s.Budget.Models = 0
	_, all := playBudget(t, &s, half)
	plays, err := s.Smallest()
	require.NoError(t, err)
	smallest := map[string]bool{}
	for _, p := range plays {
		names, _ := modelsOf(p)
		for _, name := range names {
			smallest[name] = true
		}
	}
	require.Greater(t, all, len(smallest)+20)

	s.Budget.Models = len(smallest) + 20
	plan, models := playBudget(t, &s, half)
	require.LessOrEqual(t, models, s.Budget.Models)
	require.True(t, plan.Ended && plan.Budget)

	s.Budget = audit.Budget{Hours: float64(len(smallest)) / 100}
	plan, models = playBudget(t, &s, half)
	require.Less(t, models, all, "what is undecided stays so once the hours are spent")
	require.True(t, plan.Budget)
}

// A screening with two looks plays the seeds of the second only if an effect is undecided.
func TestLooks(t *testing.T) {
	seeds := func(f surface) uint64 {
		s := spec()
		s.Phase, s.Screening.Looks = nil, []int{6, 12}
		plan, _ := playBudget(t, &s, f)
		last := uint64(0)
		for _, p := range plan.Plays {
			if p.Stage == audit.StageScreening {
				last = max(last, p.Seed)
			}
		}
		return last
	}
	require.Equal(t, uint64(12), seeds(surface{lift: constant(0.5), interference: constant(0), bimodal: true}))
	require.Equal(t, uint64(6), seeds(surface{lift: constant(0.7), interference: constant(0), exact: true}), "graded lifts that do not vary")
	require.Equal(t, uint64(12), seeds(surface{lift: constant(1), interference: constant(0), exact: true}), "six seeds that all succeed do not exclude that the next one fails")
}

func TestSpecRefusals(t *testing.T) {
	for text, change := range map[string]func(*audit.Spec){
		"an audit has 2 to 12":   func(s *audit.Spec) { s.Factors = s.Factors[:1] },
		"two are called":         func(s *audit.Spec) { s.Factors[1].Name = s.Factors[0].Name },
		"must ascend":            func(s *audit.Spec) { s.Screening.Looks = []int{12, 6} },
		"at least 2 seeds first": func(s *audit.Spec) { s.Phase.First = 1 },
		"margin of effect":       func(s *audit.Spec) { s.Margins.Effect = 1 },
		"do not reach":           func(s *audit.Spec) { s.Screening.Runs, s.Screening.Resolution = 8, 4 },
	} {
		s := spec()
		change(&s)
		err := s.Check()
		require.ErrorIs(t, err, audit.ErrSpec)
		require.ErrorContains(t, err, text)
	}
}
