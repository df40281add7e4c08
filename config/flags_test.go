package config_test

import (
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"backfire/config"
)

func TestFlags(t *testing.T) {
	set := pflag.NewFlagSet("run", pflag.ContinueOnError)
	flags := config.AddFlags(set, "quick")
	require.NoError(t, set.Parse([]string{
		"--dataset", "mnist", "--attackers", "1,2", "--p=0.4", "--seed", "7", "--epochs", "3", "--width", "4", "--pool", "100",
		"--device", "cpu", "--workers", "2", "--store", "out", "--set", "train.lr=0.5", "--set", "trigger.kind=image", "--set", "trigger.files=a,b",
	}))
	resolved, err := config.Load(flags.Options([]string{"BACKFIRE_SEED=9"}))
	require.NoError(t, err)
	cfg := resolved.Config
	require.Equal(t, "mnist", cfg.Data.Name)
	require.Equal(t, []int{1, 2}, cfg.Attackers.Counts)
	require.Equal(t, []string{"a", "b"}, cfg.Trigger.Files, "--set does not split its value at commas")
	require.Equal(t, 0.4, cfg.Attackers.P)
	require.Equal(t, uint64(7), cfg.Seed)
	require.Equal(t, []int{3, 4, 100, 2}, []int{cfg.Train.Epochs, cfg.Model.Width, cfg.Pool.Size, cfg.Workers})
	require.Equal(t, []string{"cpu", "out"}, []string{cfg.Device, cfg.Store})
	require.Equal(t, 0.5, cfg.Train.LR)
	require.Equal(t, "flag --p", resolved.Sources["attackers.p"])
	require.Equal(t, "default", resolved.Sources["train.batch"])
}

func TestFlagsLeaveThePresetAlone(t *testing.T) {
	set := pflag.NewFlagSet("run", pflag.ContinueOnError)
	flags := config.AddFlags(set, "quick")
	require.NoError(t, set.Parse(nil))
	require.Equal(t, config.Options{Preset: "quick", Flags: map[string]string{}}, flags.Options(nil))
	require.NoError(t, set.Parse([]string{"--preset", "paper", "--config", "x.yaml"}))
	opts := flags.Options(nil)
	require.Equal(t, []string{"paper", "x.yaml"}, []string{opts.Preset, opts.File})
}

func TestFlagHelp(t *testing.T) {
	set := pflag.NewFlagSet("run", pflag.ContinueOnError)
	config.AddFlags(set, "")
	usage := set.FlagUsages()
	require.Contains(t, usage, "--attackers int,...")
	require.Contains(t, usage, "--p float ")
	require.Contains(t, usage, "(train.epochs)")
	require.Contains(t, usage, "--set key=value")
}

// A flag that is not a setting reads whole numbers as settings do.
func TestIntVar(t *testing.T) {
	var seeds int
	set := pflag.NewFlagSet("sweep", pflag.ContinueOnError)
	config.IntVar(set, &seeds, "seeds", 3, "number of seeds")
	require.Equal(t, 3, seeds)
	require.Contains(t, set.FlagUsages(), "--seeds int   number of seeds (default 3)")
	for text, want := range map[string]int{"010": 10, "8": 8, "0x10": 16, "1e1": 10, "-1": -1} {
		require.NoError(t, set.Parse([]string{"--seeds", text}))
		require.Equal(t, want, seeds, text)
	}
	require.ErrorContains(t, set.Parse([]string{"--seeds=two"}), `invalid argument "two" for "--seeds" flag: must be a whole number`)
}
