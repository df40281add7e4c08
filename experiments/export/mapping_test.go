package export_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/experiments/cell"
	"backfire/experiments/export"
	"backfire/game"
	"backfire/internal/disk"
	"backfire/internal/enginetest"
	"backfire/internal/torchfile"
)

// mapped returns a cell whose attackers map labels, of 4 classes.
func mapped(t *testing.T, mapping game.Mapping) cell.Cell {
	t.Helper()
	c := enginetest.NewPlan(t).Cells[2]
	attackers := append([]game.Attacker{}, c.Game.Attackers...)
	for i := range attackers {
		attackers[i].Mapping = mapping
		if mapping == game.AllToAll {
			attackers[i].Target = 0
		} else {
			attackers[i].Sources = []int{0, 3}
		}
	}
	c.Game.Attackers = attackers
	return c
}

// valueOf returns the value of a key of a dictionary.
func valueOf(t *testing.T, d torchfile.Dict, key any) any {
	t.Helper()
	for _, entry := range d {
		if entry.Key == key {
			return entry.Value
		}
	}
	t.Fatalf("no key %v", key)
	return nil
}

// With mappings of labels, BackdoorBench gets each image with the label that the attacker wants for it, and of the
// held-out images those that it attacks.
func TestBackdoorBenchWithMappings(t *testing.T) {
	for _, mapping := range []game.Mapping{game.AllToAll, game.SourceSpecific} {
		t.Run(string(mapping), func(t *testing.T) {
			c := mapped(t, mapping)
			record, set := trainedCell(t, c)
			model, err := export.New(set, record)
			require.NoError(t, err)
			dir := t.TempDir()
			for i, a := range c.Game.Attackers {
				train, test, err := model.BenchDatasets(disk.In(dir), a.ID)
				require.NoError(t, err)
				check := func(d torchfile.Dict) (images int) {
					entries, ok := valueOf(t, valueOf(t, d, "bd_data_container").(torchfile.Dict), "data_dict").(torchfile.Dict)
					require.True(t, ok)
					for _, entry := range entries {
						clean := int(set.Labels[entry.Key.(int)])
						wanted, attacked := a.Wants(clean, len(set.Classes))
						require.True(t, attacked)
						one := entry.Value.(torchfile.Dict)
						require.Equal(t, torchfile.List{wanted, clean}, valueOf(t, one, "other_info"))
						require.FileExists(t, filepath.Join(dir, valueOf(t, one, "path").(string)))
					}
					return len(entries)
				}
				poisoned := 0
				for _, own := range record.Result.Attackers {
					poisoned += own.Poisoned
				}
				require.Equal(t, poisoned, check(train), "all attackers' images, of one mapping and target")
				require.Equal(t, record.Result.Attackers[i].ASR.Of, check(test), "those that the ASR counts")
			}
			out := filepath.Join(dir, "out")
			require.NoError(t, model.Write(out, export.NPZ))
			text, err := os.ReadFile(filepath.Join(out, export.DescriptionFile))
			require.NoError(t, err)
			var d export.Description
			require.NoError(t, json.Unmarshal(text, &d))
			require.Equal(t, string(mapping), d.Attackers[0].Mapping)
			require.Equal(t, c.Game.Attackers[0].TargetLabel(), d.Attackers[0].Target)
			require.Equal(t, mapping == game.AllToAll, d.Attackers[0].Label == "")
		})
	}
}
