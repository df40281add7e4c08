package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"backfire/config"
	"backfire/experiments/plan"
	"backfire/internal/words"
	"backfire/report"
)

// newCmdEquilibrium returns the command that plays an attackers' game and solves it.
func newCmdEquilibrium(streams *IOStreams, runF func(context.Context, *SweepOptions) error) *cobra.Command {
	opts := newSweepOptions(streams)
	opts.Kind = report.Points
	cmd := &cobra.Command{
		Use:   "equilibrium [FILE]",
		Short: "Play a game between attackers and find its equilibria",
		Long: `Play an attackers' game: a YAML file with the number of symmetric attackers, the strategies
that each chooses from, seeds, a filter and prices of a poisoned image; or one of the games
of the program. Without FILE these are listed. docs/game.md describes the file.

One model is trained for each profile (how many attackers chose each strategy) and seed; it
pays every strategy of the profile. The answers are the payoffs, best responses, dominated
strategies, pure and symmetric mixed equilibria with their regret, welfare, the price of
anarchy, and how the equilibria depend on the price, with intervals over resampled seeds.

Everything is checked before the first training, and --dry-run prints the number of models
and the time. Models in the store are not retrained: repeat the command to resume a game.
"backfire plan equilibrium FILE" stores its plan for workers on other hosts. Exit code 3
means that some models failed, 4 that a result is missing.`,
		Example: `  backfire equilibrium
  backfire equilibrium rates --dry-run
  backfire equilibrium rates --players 5 --dataset mnist --store runs
  backfire equilibrium mine.yaml --seeds 12 --out docs/games`,
		Args: arguments("[FILE]"),
	}
	flags := config.AddFlags(cmd.Flags(), "")
	set := cmd.Flags()
	set.Lookup("preset").Usage += "; default: that of the game"
	config.IntVar(set, &opts.Players, "players", 0, "number of attackers; 0: as many as the game says")
	config.IntVar(set, &opts.Seeds, "seeds", 0, "number of seeds, from --seed (1) on; 0: as many as the game says")
	addTableFlags(cmd, opts)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return listGames(streams)
		}
		opts.Game, opts.Config, opts.CommandLine = args[0], flags.Options(streams.Environ), commandLine(cmd, args)
		if runF != nil {
			return runF(cmd.Context(), opts)
		}
		return runSweep(cmd.Context(), opts)
	}
	return cmd
}

// listGames shows the games of the program.
func listGames(streams *IOStreams) error {
	var out strings.Builder
	for _, name := range config.Games() {
		g, err := config.LoadGame(name, config.Options{Environ: streams.Environ}, 0, 0)
		if err != nil {
			return err
		}
		tell(&out, "%-10s %s? %d attackers, %s, %s\n", name, g.Spec.Title, g.Spec.Players,
			words.Plural(len(g.Spec.Strategies), "strategy"), words.Plural(g.Spec.Models(), "model"))
	}
	return write(streams.Out, out.String())
}

// gameSweep returns the profiles of a game as a sweep.
func gameSweep(opts *SweepOptions, with config.Options) (*config.Sweep, error) {
	g, err := config.LoadGame(opts.Game, with, opts.Players, opts.Seeds)
	if err != nil {
		return nil, err
	}
	return g.Sweep()
}

// withinBudget refuses a game whose models are more than its budget.
func withinBudget(sweep *plan.Sweep) error {
	budget, models := sweep.Game.Budget, len(sweep.Cells)
	if budget == 0 || models <= budget {
		return nil
	}
	return &UsageError{Err: fmt.Errorf("game %s: budget.models = %d: %d profiles for %d seeds take %d models: set that many, or fewer players, strategies, defenders or seeds",
		sweep.Game.Name, budget, len(sweep.Game.Profiles()), sweep.Game.Seeds, models)}
}
