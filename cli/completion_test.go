package cli

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// completed returns what cobra completes a command line with, without descriptions.
func completed(t *testing.T, args ...string) (words []string, directive string) {
	t.Helper()
	code, out, errOut := runMain(t, append([]string{"__complete"}, args...)...)
	require.Equal(t, ExitOK, code, errOut)
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, ":") {
			return words, line
		}
		word, _, _ := strings.Cut(line, "\t")
		words = append(words, word)
	}
	require.Fail(t, "no directive", out)
	return nil, ""
}

const (
	anyFile = ":0" // ShellCompDirectiveDefault
	noFiles = ":4" // ShellCompDirectiveNoFileComp
	noSpace = ":6" // and ShellCompDirectiveNoSpace
	files   = ":8" // ShellCompDirectiveFilterFileExt
	dirs    = ":16"
)

// completion is what a shell offers after args.
type completion struct {
	args      string // the word that is completed ends with _, or is whole; DIR is a store
	contains  []string
	lacks     []string
	directive string
}

func TestCompletion(t *testing.T) {
	dir := playedStore(t)
	models, run := runsIn(t, dir), listed(t, dir)[0].Run
	requireCompletions(t, dir, []completion{
		{"ru", []string{"run", "runs"}, nil, noFiles},
		{"runs _", []string{"list", "show"}, []string{"diff", "gc"}, noFiles},
		{"help runs _", []string{"list", "show"}, []string{"gc"}, noFiles},
		{"run --preset _", []string{"quick", "as-reported", "workstation", "authors", "paper"}, nil, noFiles},
		{"run --dataset _", []string{"mnist", "folder"}, nil, noFiles},
		{"run --defenders _", []string{"none", "cutmix", "indexing_sliced"}, nil, noSpace},
		{"run --defenders cutmix,agent_augmentation+_", []string{"cutmix,agent_augmentation+pgd"}, nil, noSpace},
		{"run --set train._", []string{"train.lr=", "train.epochs="}, nil, noSpace},
		{"run --set trigger.kind=_", []string{"trigger.kind=square"}, nil, noSpace},
		{"run --config _", []string{"yaml"}, nil, files},
		{"run --store _", nil, nil, dirs},
		{"sweep _", []string{"yaml"}, nil, files},
		{"predict --store DIR --run _", []string{"latest", run[:12], models[0][:12]}, nil, noFiles},
		{"predict --similarity _", []string{"mmd"}, nil, noFiles},
		{"predict _", []string{"png"}, nil, files},
		{"runs show --store DIR _", []string{"latest", run[:12]}, []string{models[0][:12]}, noFiles},
		{"runs show --store DIR latest _", nil, []string{"latest"}, noFiles},
		{"report --store DIR latest _", []string{run[:12]}, nil, noFiles},
		{"verify --store DIR _", []string{"latest", run[:12], models[0][:12], models[1][:12]}, nil, noFiles},
		{"models show --store DIR _", []string{models[0][:12], models[1][:12]}, []string{"latest"}, noFiles},
		{"models diff --store DIR " + models[0] + " " + models[1][:2] + "_", []string{models[1][:12]}, nil, noFiles},
		{"models show --store /no/such/store _", nil, nil, noFiles},
		{"data fetch _", []string{"mnist", "cifar10"}, []string{"embedded", "folder"}, noFiles},
		{"data verify _", []string{"mnist", "embedded"}, []string{"folder"}, noFiles},
		{"config presets _", []string{"quick"}, nil, noFiles},
		{"config show --format _", []string{"yaml"}, []string{"markdown"}, noFiles},
		{"completion _", []string{"bash", "fish"}, nil, noFiles},
		{"status --store DIR _", nil, nil, noFiles},
	})
}

// What can be planned, and files inside the program or outside.
func TestCompletionOfPlans(t *testing.T) {
	requireCompletions(t, t.TempDir(), []completion{
		{"plan _", []string{"table", "sweep", "audit", "equilibrium", "cheapest"}, nil, noFiles},
		{"plan equilibrium _", []string{"rates", "defender"}, nil, anyFile},
		{"equilibrium _", []string{"rates", "defender"}, nil, anyFile},
		{"audit _", []string{"paper", "conflict", "conflict-large", "one-label", "own-labels", "scale", "gpu"}, nil, anyFile},
		{"plan table _", []string{"1", "defenses"}, nil, noFiles},
		{"plan sweep _", []string{"yaml"}, nil, files},
		{"plan audit _", []string{"paper", "conflict", "conflict-large", "one-label", "own-labels", "scale", "gpu"}, nil, anyFile},
		{"submit slurm --store DIR _", []string{"audit"}, []string{"cheapest"}, noFiles},
	})
}

func requireCompletions(t *testing.T, dir string, completions []completion) {
	t.Helper()
	for _, tc := range completions {
		args := strings.Split(strings.ReplaceAll(tc.args, "DIR", dir), " ")
		last := len(args) - 1
		args[last] = strings.TrimSuffix(args[last], "_")
		words, directive := completed(t, args...)
		require.Equal(t, tc.directive, directive, tc.args)
		require.Subset(t, words, tc.contains, tc.args)
		for _, word := range tc.lacks {
			require.NotContains(t, words, word, tc.args)
		}
	}
}

func TestCompletionScripts(t *testing.T) {
	for _, shell := range shells {
		code, out, errOut := runMain(t, "completion", shell)
		require.Equal(t, ExitOK, code, errOut)
		require.Contains(t, out, "__complete", shell)
	}
}
