package cli

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
	"backfire/datasets"
	"backfire/game"
	"backfire/triggers"
)

// triggerOptions are options of "trigger" on a small dataset, with the given
// values for --set.
func triggerOptions(t *testing.T, sets ...string) (opts *TriggerOptions, out *bytes.Buffer) {
	t.Helper()
	streams, out, _ := testStreams()
	images, labels := make([]uint8, 400*3*12*10), make([]uint8, 400)
	for i := range images {
		images[i] = uint8(100 + i%50)
	}
	for i := range labels {
		labels[i] = uint8(i % 4)
	}
	set, err := datasets.New("small", images, labels, 3, 12, 10, []string{"ant", "bee", "cat", "dog"})
	require.NoError(t, err)
	return &TriggerOptions{
		IO:     streams,
		Config: config.Options{Sets: sets},
		Dir:    filepath.Join(t.TempDir(), "new", "pictures"),
		First:  2,
		Scale:  3,
		Load:   func(context.Context, datasets.Source) (*datasets.Set, error) { return set, nil },
	}, out
}

func TestTriggerOptions(t *testing.T) {
	streams, _, _ := testStreams()
	var got *TriggerOptions
	cmd := newCmdTrigger(streams, func(_ context.Context, opts *TriggerOptions) error {
		got = opts
		return nil
	})
	cmd.SetArgs([]string{"--preset", "quick", "--seed", "7", "--out", "there", "--first", "3", "--scale", "2"})
	require.NoError(t, cmd.Execute())
	require.Equal(t, []any{"there", 3, 2}, []any{got.Dir, got.First, got.Scale})
	require.Equal(t, config.Options{Preset: "quick", Environ: streams.Environ, Flags: map[string]string{"seed": "7"}}, got.Config)
}

func TestTriggerDrawsWhatTheGameUses(t *testing.T) {
	opts, out := triggerOptions(t, "seed=5", "attackers.counts=1,3", "attackers.labels=list", "attackers.targets=cat,1,dog")
	require.NoError(t, runTrigger(t.Context(), opts))

	rules := game.Rules{
		Seed: 5, DefenderShare: 0.4, HeldOut: 0.2, Sampling: game.PerAgent, ExcludeTargetClass: true, Denominator: game.Own,
	}
	for id, target := range []int{2, 1, 3} {
		rules.Attackers = append(rules.Attackers, game.Attacker{
			ID: id, Target: target, PoisonRate: 0.2, LabelMode: game.DirtyLabel,
			Trigger: triggers.Spec{P1: 0.2, P2: 0.2, Range: triggers.PerDimension},
		})
	}
	set, err := opts.Load(t.Context(), datasets.Source{})
	require.NoError(t, err)
	g, err := game.New(set, rules)
	require.NoError(t, err)

	lines := fieldsOfLines(out.String())
	require.Equal(t, []string{"ATTACKER", "LABEL", "TRIGGER", "BOX", "PIXELS", "ALONE", "ON", "AN", "IMAGE"}, lines[0])
	for i, label := range []string{"cat", "bee"} {
		trigger := g.Triggers()[i]
		alone := filepath.Join(opts.Dir, []string{"attacker-0.png", "attacker-1.png"}[i])
		stamped := filepath.Join(opts.Dir, []string{"attacker-0-on-image.png", "attacker-1-on-image.png"}[i])
		require.Equal(t, []string{[]string{"0", "1"}[i], label, []string{"(#2)", "(#1)"}[i], trigger.ID(), trigger.Box.String(), "1", alone, stamped}, lines[i+1])

		var want bytes.Buffer
		require.NoError(t, trigger.WritePNG(&want, 3))
		got, err := os.ReadFile(alone)
		require.NoError(t, err)
		require.Equal(t, want.Bytes(), got)

		file, err := os.ReadFile(stamped)
		require.NoError(t, err)
		picture, err := png.Decode(bytes.NewReader(file))
		require.NoError(t, err)
		require.Equal(t, image.Rect(0, 0, 30, 36), picture.Bounds())
		for at, masked := range trigger.Mask {
			if masked == 1 {
				r, _, _, _ := picture.At(3*(at%10), 3*(at/10)).RGBA()
				require.EqualValues(t, trigger.Pattern[at], r>>8)
			}
		}
	}
	require.Len(t, lines, 3+2, "the third attacker is not requested")
}

func TestTriggerDrawsAllThereAre(t *testing.T) {
	opts, out := triggerOptions(t, "attackers.counts=3")
	opts.First = 10
	require.NoError(t, runTrigger(t.Context(), opts))
	require.Len(t, fieldsOfLines(out.String()), 4+2)
}

func TestTriggerRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		sets   []string
		change func(opts *TriggerOptions)
		want   string
		code   int
	}{
		"no attackers":    {nil, func(opts *TriggerOptions) { opts.First = 0 }, "--first 0: must be at least 1", ExitUsage},
		"no size":         {nil, func(opts *TriggerOptions) { opts.Scale = 0 }, "--scale 0: must be at least 1", ExitUsage},
		"per image":       {[]string{"trigger.sampling=per_image"}, nil, "trigger.sampling = per_image: attackers have no trigger of their own", ExitUsage},
		"jitter of 1":     {[]string{"trigger.jitter=1"}, nil, "trigger.jitter = 1: attackers have no trigger of their own", ExitUsage},
		"wrong key":       {[]string{"trigger.smapling=per_image"}, nil, "trigger.sampling", ExitUsage},
		"too many":        {[]string{"attackers.counts=300"}, nil, "300 attackers", ExitUsage},
		"missing data":    {nil, func(opts *TriggerOptions) { opts.Load = failingLoad }, "no such data", ExitFailure},
		"no place for it": {nil, func(opts *TriggerOptions) { opts.Dir = filepath.Join("trigger_test.go", "below") }, "make the directory for the pictures", ExitFailure},
	} {
		t.Run(name, func(t *testing.T) {
			opts, out := triggerOptions(t, tc.sets...)
			if tc.change != nil {
				tc.change(opts)
			}
			err := runTrigger(t.Context(), opts)
			require.ErrorContains(t, err, tc.want)
			require.Equal(t, tc.code, ExitCode(err))
			require.Empty(t, out.String())
		})
	}
}

// failingLoad stands for a dataset that is not there.
func failingLoad(context.Context, datasets.Source) (*datasets.Set, error) {
	return nil, errors.New("no such data")
}
