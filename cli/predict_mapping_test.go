package cli

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/datasets"
	"backfire/experiments/store"
	"backfire/game"
)

// With mappings of labels, predict counts what was measured: the next class of each image, or
// the target for images of the source classes alone.
func TestPredictWithMappings(t *testing.T) {
	for name, c := range map[string]struct {
		sets   string
		target string // as predict and models show it
	}{
		"all to all": {"attackers.mapping=all_to_all", "the next class"},
		"of sources": {"attackers.mapping=source_specific attackers.sources=#0,#6", "Pullover (#2) for images of T-shirt/top (#0), Shirt (#6)"},
	} {
		t.Run(name, func(t *testing.T) {
			opts, dir, _, _ := runOptions(t, append(strings.Fields(c.sets), "attackers.counts=2", "attackers.singles=0", "artefacts.model=true")...)
			require.NoError(t, runSweep(context.Background(), opts))
			st, err := store.OpenExisting(dir)
			require.NoError(t, err)
			hashes, err := st.Hashes()
			require.NoError(t, err)
			require.Len(t, hashes, 1)
			record, err := st.Read(hashes[0])
			require.NoError(t, err)
			for i, a := range record.Result.Attackers {
				asked, out := predictOptions(t, dir, hashes[0])
				asked.Trigger, asked.Sample = a.ID, a.HeldOut
				require.NoError(t, runPredict(context.Background(), asked))
				var asr game.Rate
				for _, line := range predictions(t, out()) {
					label := slices.Index(record.Cell.Data.Classes, *line.TrueLabel)
					wanted, attacked := record.Cell.Game.Attackers[i].Wants(label, len(record.Cell.Data.Classes))
					require.Equal(t, attacked, line.Wanted != nil)
					if attacked {
						require.Equal(t, record.Cell.Data.Classes[wanted], *line.Wanted)
						count(&asr, line.Label == *line.Wanted)
					}
				}
				require.Equal(t, a.ASR, asr)

				asked, out = predictOptions(t, dir, hashes[0])
				asked.Trigger, asked.Sample, asked.JSON = a.ID, a.HeldOut, false
				require.NoError(t, runPredict(context.Background(), asked))
				counts := shownf("%d of %d images predicted as %s, the target of attacker %d, whose trigger they carry", asr.Hits, asr.Of, c.target, a.ID)
				if others := a.HeldOut - asr.Of; others > 0 {
					counts += shownf("; %d more of classes that it does not attack", others)
				}
				require.Contains(t, out(), counts+"\n")
			}
			file := filepath.Join(t.TempDir(), "image.png")
			set, err := datasets.Load(context.Background(), datasets.Source{Name: datasets.Embedded})
			require.NoError(t, err)
			writeGray(t, file, set.W, set.H, set.Image(0))
			asked, out := predictOptions(t, dir, hashes[0])
			asked.Trigger, asked.Files, asked.JSON = 0, []string{file}, false
			require.NoError(t, runPredict(context.Background(), asked))
			require.Contains(t, out(), "the label that attacker 0 wants ("+c.target+") depends on the true labels, which are not known of files; --sample takes")
		})
	}
}
