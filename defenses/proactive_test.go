package defenses_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"backfire/defenses"
	"backfire/game"
	"backfire/triggers"
)

// The frame and the labels are those of the authors' program; see
// scripts/reference/defenses.py.
func TestProactiveBackdoorAgreesWithTheAuthors(t *testing.T) {
	text, err := os.ReadFile("testdata/reference.json")
	require.NoError(t, err)
	var reference struct {
		Proactive struct{ Images, Stamped, Labels []int }
	}
	require.NoError(t, json.Unmarshal(text, &reference))
	want := reference.Proactive
	p := defaultOf[defenses.ProactiveBackdoor](t, defenses.KindProactiveBackdoor)
	require.Equal(t, pixels(want.Stamped), p.Ask(pixels(want.Images), triggers.Shape{C: 3, H: 5, W: 6}))
	for class, shifted := range want.Labels {
		require.Equal(t, class, p.Answer(shifted, len(want.Labels)))
	}
}

// pixels returns numbers as bytes.
func pixels(list []int) []uint8 {
	values := make([]uint8, len(list))
	for i, v := range list {
		values[i] = uint8(v)
	}
	return values
}

func TestProactiveBackdoorAddsCopies(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := triggers.Shape{C: 1, H: 4, W: 5}
		n, classes := rapid.IntRange(4, 30).Draw(t, "rows"), rapid.IntRange(2, 9).Draw(t, "classes")
		set := &game.TrainingSet{Shape: shape, Images: rapid.SliceOfN(rapid.Byte(), n*20, n*20).Draw(t, "images")}
		own := 0
		for range n {
			row := game.Row{Owner: rapid.IntRange(game.Defender, 1).Draw(t, "owner"), Trigger: game.NoTrigger, Old: uint8(rapid.IntRange(0, classes-1).Draw(t, "label"))}
			if row.New = row.Old; row.Owner == game.Defender {
				own++
			}
			set.Rows, set.Labels = append(set.Rows, row), append(set.Labels, row.New)
		}
		p := &defenses.ProactiveBackdoor{
			Share: 0.5, Repeat: rapid.IntRange(1, 3).Draw(t, "repeat"), Frame: 1, Level: 255, Shift: rapid.IntRange(1, 12).Draw(t, "shift"),
		}
		changed, err := p.Change(set, nil, classes, rapid.Uint64().Draw(t, "seed"))
		require.NoError(t, err)
		require.Equal(t, set.Rows, changed.Rows[:n], "the rows before stay")
		require.Equal(t, set.Images, changed.Images[:n*20])
		require.Len(t, changed.Rows, n+p.Repeat*((own+1)/2))
		for i := n; i < len(changed.Rows); i++ {
			row, image := changed.Rows[i], changed.Images[i*20:(i+1)*20]
			require.Equal(t, game.Defender, row.Owner)
			require.Equal(t, int(row.Old), p.Answer(int(row.New), classes), "the answer undoes the shift")
			require.Equal(t, row.New, changed.Labels[i])
			require.Equal(t, image, p.Ask(image, shape), "it carries the frame")
			require.Equal(t, 0, changed.Simulated[i])
		}
	})
}
