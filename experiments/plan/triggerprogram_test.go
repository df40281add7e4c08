package plan_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets/testset"
	"backfire/experiments/cell"
	"backfire/experiments/patterns"
	"backfire/experiments/plan"
	"backfire/game"
	"backfire/internal/enginetest"
	"backfire/internal/program"
	"backfire/triggers"
)

// The answers of programs for images of 1x8x8 pixels. The mask of attacker i covers the first i+1 pixels.
const (
	read    = `cd "$(dirname "$1")"; value() { sed -n "s/.*\"$1\": \([0-9]*\).*/\1/p" job.json; }; bytes() { head -c "$1" /dev/zero | tr '\0' "\\$2"; }; id=$(value attacker); `
	masks   = `{ bytes $((id+1)) 1; bytes $((63-id)) 0; } >mask.bin; bytes 64 7 >pattern.bin`
	stamped = `bytes $(($(value queries)*64)) "$((id+1))" >stamped.bin`
)

// triggerProgram writes a program in a shell's language and returns its path.
func triggerProgram(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mytrigger")
	require.NoError(t, os.WriteFile(path, []byte("#!/bin/sh\nset -e\n"+text+"\n"), 0o700))
	return path
}

// made returns the tiny configuration with triggers that a program makes.
func made(t *testing.T, path string) config.Config {
	t.Helper()
	cfg, err := enginetest.Config()
	require.NoError(t, err)
	cfg.Trigger.Kind, cfg.Trigger.Command, cfg.Trigger.Version, cfg.Trigger.Limit = "exec", path, "1", 60
	cfg.Store = filepath.Join(t.TempDir(), "runs")
	require.NoError(t, cfg.Validate())
	return cfg
}

// A program is called once for each attacker, and its pattern is the attacker's in each game, also where another
// process plans. The cell names the program, and no longer needs it.
func TestProgramsMakePatterns(t *testing.T) {
	set, err := testset.New(1)
	require.NoError(t, err)
	calls := filepath.Join(t.TempDir(), "calls")
	path := triggerProgram(t, read+masks+`; echo "$id" >>'`+calls+`'`)
	cfg := made(t, path)
	p, err := plan.New(cfg, set)
	require.NoError(t, err)
	again, err := plan.New(cfg, set)
	require.NoError(t, err)
	require.Equal(t, p.Games, again.Games)
	seen, err := os.ReadFile(calls)
	require.NoError(t, err)
	require.Len(t, string(seen), len("0\n")*4, "one call for each attacker")

	sum, err := program.Sum(path)
	require.NoError(t, err)
	require.NoError(t, os.Remove(path))
	for _, c := range p.Cells {
		g, err := game.New(set, c.Game)
		require.NoError(t, err)
		require.Equal(t, game.PerAgent, c.Game.Sampling)
		for i, a := range c.Game.Attackers {
			require.Equal(t, triggers.Spec{Kind: triggers.Program, Command: "mytrigger", SHA256: sum, Version: "1", Pixels: g.Triggers()[i].Encode()}, a.Trigger)
			require.Equal(t, a.ID+1, g.Triggers()[i].Pixels())
			require.EqualValues(t, 7, g.Triggers()[i].Pattern[0])
		}
		text, err := c.Hash()
		require.NoError(t, err)
		require.NotEmpty(t, text)
	}
	_, err = plan.New(cfg, set)
	require.ErrorIs(t, err, program.ErrProgram, "a plan identifies the program")

	other := made(t, triggerProgram(t, read+masks+" # the same answer"))
	q, err := plan.New(other, set)
	require.NoError(t, err)
	require.NotEqual(t, p.Games[0].Cell, q.Games[0].Cell, "another program is another cell")
}

// A program may stamp each image: every image then has a trigger of its own, which the store keeps.
func TestProgramsStampImages(t *testing.T) {
	set, err := testset.New(1)
	require.NoError(t, err)
	cfg := made(t, triggerProgram(t, read+stamped))
	p, err := plan.New(cfg, set)
	require.NoError(t, err)
	for _, c := range p.Cells {
		require.Equal(t, game.PerImage, c.Game.Sampling)
		g, err := game.New(set.WithStamped(patterns.Dir(cfg.Store)), c.Game)
		require.NoError(t, err)
		require.Empty(t, g.Triggers())
		checkStamped(t, g)
		_, err = game.New(set, c.Game)
		require.ErrorContains(t, err, "stamped images cannot be used: no directory of them is named")
		_, err = game.New(set.WithStamped(t.TempDir()), c.Game)
		require.ErrorContains(t, err, "is not there: copy it from the store of the run")
	}

	cfg.Deal.Seats = config.SeatsN
	_, err = plan.New(cfg, set)
	require.ErrorContains(t, err, "set deal.seats to max or to a number")
	cfg.Deal.Seats = config.SeatsMax
	colluding(&cfg)
	_, err = plan.New(cfg, set)
	require.ErrorContains(t, err, "attacker 1 has no trigger that it could share")
}

// checkStamped requires that an attacker's images with triggers have the value that its program gave all of them,
// and other images do not.
func checkStamped(t *testing.T, g *game.Game) {
	t.Helper()
	training, probes, n := g.Training(), g.Probes(), 0
	check := func(image []uint8, trigger int) {
		if trigger != game.NoTrigger {
			n++
			require.EqualValues(t, g.Rules().Attackers[trigger].ID+1, image[0])
		}
	}
	for i, row := range training.Rows {
		check(training.Images[i*64:], row.Trigger)
	}
	for i, probe := range probes.List {
		check(probes.Images[i*64:], probe.Trigger)
	}
	require.Positive(t, n)
}

// What is wrong with a program is one sentence, before anything is trained.
func TestProgramsThatFailAreRefused(t *testing.T) {
	set, err := testset.New(1)
	require.NoError(t, err)
	for says, text := range map[string]string{
		"it ended with exit status 3: out of ideas":                                                   "echo out of ideas >&2; exit 3",
		"it did not end within 1s":                                                                    "sleep 60",
		"it left no answer: write mask.bin and pattern.bin, or stamped.bin":                           "exit 0",
		"it left mask.bin without pattern.bin":                                                        read + "bytes 64 1 >mask.bin",
		"mask.bin has 63 bytes: images of 1x8x8 take 64":                                              read + "bytes 63 1 >mask.bin; bytes 64 1 >pattern.bin",
		"pattern.bin has 65 bytes: images of 1x8x8 take 64":                                           read + "bytes 64 1 >mask.bin; bytes 65 1 >pattern.bin",
		"the mask is 2 at column 0, row 0: it must be 0 or 1":                                         read + "bytes 64 2 >mask.bin; bytes 64 1 >pattern.bin",
		"the mask is 0 everywhere, so the trigger would change nothing":                               read + "bytes 64 0 >mask.bin; bytes 64 1 >pattern.bin",
		"the mask is 1 everywhere, so nothing of the image would be left":                             read + "bytes 64 1 >mask.bin; bytes 64 1 >pattern.bin",
		"stamped.bin has 64 bytes":                                                                    read + "bytes 64 1 >stamped.bin",
		"let the program make a trigger that depends on the seed":                                     read + "{ bytes 1 1; bytes 63 0; } >mask.bin; bytes 64 7 >pattern.bin",
		"it stamped the images of attacker 0 and made a pattern for attacker 1: it must answer alike": read + `if [ "$id" = 0 ]; then ` + stamped + "; else " + masks + "; fi",
	} {
		cfg := made(t, triggerProgram(t, text))
		cfg.Trigger.Limit = 1
		if text != "sleep 60" {
			cfg.Trigger.Limit = 600
		}
		_, err := plan.New(cfg, set)
		require.ErrorIs(t, err, cell.ErrPlan, says)
		require.ErrorContains(t, err, says)
	}
	cfg := made(t, filepath.Join(t.TempDir(), "none"))
	_, err = plan.New(cfg, set)
	require.ErrorContains(t, err, "no such file")
	for says, change := range map[string]func(*config.Config){
		"names no program: write, for example, trigger.command=./mytrigger.py": func(c *config.Config) { c.Trigger.Command = "" },
		"is read only with trigger.kind = exec":                                func(c *config.Config) { c.Trigger.Kind = "random" },
		"must be per_agent with trigger.kind = exec":                           func(c *config.Config) { c.Trigger.Sampling = "per_image" },
		"must be 0 with trigger.kind = exec":                                   func(c *config.Config) { c.Trigger.Jitter = 0.5 },
	} {
		cfg := made(t, "x")
		change(&cfg)
		require.ErrorContains(t, cfg.Validate(), says, fmt.Sprint(cfg.Trigger))
	}
}
