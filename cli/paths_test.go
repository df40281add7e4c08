package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

// Each flag of each command that names a file or a directory is a setting, which is
// expanded with the others, or a pathVar.
func TestFlagsThatArePaths(t *testing.T) {
	streams, _, _ := testStreams()
	isPath := regexp.MustCompile(`\b(file|files|directory|archive)\b`)
	none := []string{"preset", "model"} // they mention files in passing
	var checked []string
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		cmd.LocalFlags().VisitAll(func(flag *pflag.Flag) {
			if flag.Value.Type() != "string" || !isPath.MatchString(flag.Usage) || slices.Contains(none, flag.Name) {
				return
			}
			if regexp.MustCompile(`\((store|data\.[a-z]+)\)`).MatchString(flag.Usage) || flag.Name == "config" || flag.Name == "dataset" {
				return // a setting
			}
			_, ok := flag.Value.(*pathValue)
			require.True(t, ok, "%s --%s", cmd.CommandPath(), flag.Name)
			checked = append(checked, flag.Name)
		})
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(newCmdRoot(streams))
	for _, name := range []string{"out", "store", "plan", "tensorboard", "figures", "cache-dir"} {
		require.Contains(t, checked, name)
	}
}

// withHome runs the whole program with a home directory, and returns its exit code and what
// it wrote to standard error.
func withHome(t *testing.T, home string, args ...string) (code int, errOut string) {
	t.Helper()
	streams, _, errBuffer := testStreams()
	streams.Environ = []string{"HOME=" + home}
	code = Main(t.Context(), args, streams)
	return code, errBuffer.String()
}

// ~/ stands for the home directory in each path on the command line.
func TestHomeDirectoryOnTheCommandLine(t *testing.T) {
	t.Chdir(t.TempDir())
	home := t.TempDir()
	code, errOut := withHome(t, home, "trigger", "--out=~/pictures", "--pool", "300", "--attackers", "1", "--first", "1")
	require.Equal(t, ExitOK, code, errOut)
	require.FileExists(t, filepath.Join(home, "pictures", "attacker-0.png"))
	code, errOut = withHome(t, home, "plan", "table", "1", "--store=~/runs", "--pool", "300", "--set", "model.width=2", "--epochs", "1")
	require.Equal(t, ExitOK, code, errOut)
	plans, err := filepath.Glob(filepath.Join(home, "runs", "plans", "*"))
	require.NoError(t, err)
	require.Len(t, plans, 1)
	hash := filepath.Base(plans[0])
	for _, args := range [][]string{
		{"status", "~/runs/plans/" + hash},
		{"status", hash, "--store=~/runs"},
		{"submit", "slurm", "~/runs/plans/" + hash, "--one-host", "--dry-run"},
		{"submit", "slurm", hash, "--store=~/runs", "--one-host", "--dry-run"},
		{"data", "cache", "--cache-dir=~/cache"},
		{"import-trigger", "~/pictures/attacker-0.png", "--out=~/triggers"},
	} {
		code, errOut = withHome(t, home, args...)
		require.Equal(t, ExitOK, code, "%v: %s", args, errOut)
	}
	require.DirExists(t, filepath.Join(home, "triggers"))
	for _, args := range [][]string{
		{"collect", hash, "--store=~/runs", "--out=~/tables"},
		{"report", "~/runs/plans/" + hash + "/sweep.json", "--store=~/runs"},
		{"predict", "--run", "ab", "--store=~/runs", "~/a.png"},
		{"verify", "~/runs/ab"},
		{"worker", "--plan=~/nowhere/plans/ab"},
		{"sweep", "~/none.yaml"},
	} {
		_, errOut = withHome(t, home, args...)
		require.NotContains(t, errOut, "~", args)
	}
	require.DirExists(t, filepath.Join(home, "tables"))
	requireNoTilde(t)
}

// Any other ~ at the beginning of a path is refused, before anything is made.
func TestOtherHomeDirectoriesAreRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, args := range [][]string{
		{"status", "~ann/plan"},
		{"status", "ab", "--store", "~ann/runs"},
		{"collect", "ab", "--out", "~ann"},
		{"worker", "--plan", "~ann/x"},
		{"plan", "table", "1", "--store", "~ann"},
		{"report", "~ann/sweep.json"},
		{"report", "--out", "~ann/r.html"},
		{"report", "--figures", "~x"},
		{"run", "--out", "~x"},
		{"run", "--tensorboard", "~x"},
		{"quick", "--out", "~x"},
		{"table", "1", "--out", "~x"},
		{"trigger", "--out", "~x"},
		{"data", "cache", "--cache-dir", "~x"},
		{"predict", "--run", "ab", "~x.png"},
		{"sweep", "~x.yaml"},
		{"import-trigger", "~x.png"},
		{"submit", "slurm", "~x/plan"},
		{"models", "show", "~x/ab"},
		{"runs", "show", "~x/ab"},
		{"verify", "~x"},
	} {
		code, errOut := withHome(t, t.TempDir(), args...)
		require.Equal(t, ExitUsage, code, "%v: %s", args, errOut)
		require.Contains(t, errOut, "only ~/ stands for a directory", args)
	}
	requireNoTilde(t)
}

// requireNoTilde fails if the working directory has a directory called ~.
func requireNoTilde(t *testing.T) {
	t.Helper()
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, entry := range entries {
		require.False(t, strings.HasPrefix(entry.Name(), "~"), entry.Name())
	}
}
