package cell_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"backfire/defenses"
	"backfire/experiments/cell"
	"backfire/game"
	"backfire/internal/enginetest"
	"backfire/triggers"
)

// impossible are changes of a cell that no plan makes.
var impossible = map[string]func(*cell.Cell){
	"format":              func(c *cell.Cell) { c.Format = 7 },
	"no format":           func(c *cell.Cell) { c.Format = 0 },
	"batch 0":             func(c *cell.Cell) { c.Training.Batch = 0 },
	"batch 1":             func(c *cell.Cell) { c.Training.Batch = 1 },
	"huge batch":          func(c *cell.Cell) { c.Training.Batch = 1 << 62 },
	"epochs 0":            func(c *cell.Cell) { c.Training.Epochs = 0 },
	"epochs below 0":      func(c *cell.Cell) { c.Training.Epochs = -1 },
	"huge epochs":         func(c *cell.Cell) { c.Training.Epochs = 1 << 62 },
	"rate 0":              func(c *cell.Cell) { c.Training.LearningRate = 0 },
	"rate below 0":        func(c *cell.Cell) { c.Training.LearningRate = -0.1 },
	"momentum":            func(c *cell.Cell) { c.Training.Momentum = 1 },
	"weight decay":        func(c *cell.Cell) { c.Training.WeightDecay = -1 },
	"optimizer":           func(c *cell.Cell) { c.Training.Optimizer = "lion" },
	"schedule":            func(c *cell.Cell) { c.Training.Schedule = "" },
	"precision":           func(c *cell.Cell) { c.Training.Precision = "fp8" },
	"kernels":             func(c *cell.Cell) { c.Training.Kernels = "fast" },
	"h = 2e9":             func(c *cell.Cell) { c.Data.Shape.H = 2_000_000_000 },
	"w = -28":             func(c *cell.Cell) { c.Data.Shape.W = -28 },
	"h = 0":               func(c *cell.Cell) { c.Data.Shape.H = 0 },
	"channels":            func(c *cell.Cell) { c.Data.Shape.C = 2 },
	"all sides":           func(c *cell.Cell) { c.Data.Shape = triggers.Shape{C: 3, H: 1 << 31, W: 1 << 31} },
	"images 0":            func(c *cell.Cell) { c.Data.Images, c.Game.PoolSize = 0, 0 },
	"images below 0":      func(c *cell.Cell) { c.Data.Images = -60000 },
	"huge images":         func(c *cell.Cell) { c.Data.Images = 1 << 62 },
	"more than all bytes": func(c *cell.Cell) { c.Data.Images, c.Data.Shape = 1<<24, triggers.Shape{C: 3, H: 1024, W: 1024} },
	"checksum":            func(c *cell.Cell) { c.Data.Checksum = "ab" },
	"no classes":          func(c *cell.Cell) { c.Data.Classes = nil },
	"many classes":        func(c *cell.Cell) { c.Data.Classes = make([]string, 257) },
	"architecture":        func(c *cell.Cell) { c.Model.Architecture = "vgg" },
	"width 0":             func(c *cell.Cell) { c.Model.Width = 0 },
	"huge width":          func(c *cell.Cell) { c.Model.Width = 1 << 40 },
	"no attackers":        func(c *cell.Cell) { c.Game.Attackers = nil },
	"same attackers":      func(c *cell.Cell) { c.Game.Attackers[1].ID = c.Game.Attackers[0].ID },
	"attacker below 0":    func(c *cell.Cell) { c.Game.Attackers[0].ID = -1 },
	"draw below 0":        func(c *cell.Cell) { c.Game.Attackers[0].Draw = -1 },
	"target":              func(c *cell.Cell) { c.Game.Attackers[0].Target = 3 },
	"target below 0":      func(c *cell.Cell) { c.Game.Attackers[0].Target = -1 },
	"p0":                  func(c *cell.Cell) { c.Game.Attackers[0].PoisonRate = 1.5 },
	"p1":                  func(c *cell.Cell) { c.Game.Attackers[0].Trigger.P1 = 0 },
	"p2":                  func(c *cell.Cell) { c.Game.Attackers[0].Trigger.P2 = -1 },
	"range":               func(c *cell.Cell) { c.Game.Attackers[0].Trigger.Range = "" },
	"kind":                func(c *cell.Cell) { c.Game.Attackers[0].Trigger.Kind = "star" },
	"picture": func(c *cell.Cell) {
		c.Game.Attackers[0].Trigger = triggers.Spec{Kind: triggers.Picture, Pixels: "AAAA"}
	},
	"label mode": func(c *cell.Cell) { c.Game.Attackers[0].LabelMode = "grubby" },
	"colludes": func(c *cell.Cell) {
		leader := 3
		c.Game.Attackers[1].Colludes, c.Game.Attackers[1].Target = &leader, 1
	},
	"seats":             func(c *cell.Cell) { c.Game.Seats = 1 << 62 },
	"seats below 0":     func(c *cell.Cell) { c.Game.Seats = -1 },
	"pool below 0":      func(c *cell.Cell) { c.Game.PoolSize = -1 },
	"huge pool":         func(c *cell.Cell) { c.Game.PoolSize = 1 << 62 },
	"defender's share":  func(c *cell.Cell) { c.Game.DefenderShare = 1 },
	"held out":          func(c *cell.Cell) { c.Game.HeldOut = 0 },
	"sampling":          func(c *cell.Cell) { c.Game.Sampling = "" },
	"denominator":       func(c *cell.Cell) { c.Game.Denominator = game.Denominator("all") },
	"excluded stranger": func(c *cell.Cell) { c.Defense = &cell.Defense{Excluded: []int{99}} },
	"huge slice": func(c *cell.Cell) {
		c.Defense = &cell.Defense{Slices: []cell.Slice{{Enter: []int{3, 4}, Epochs: 1 << 62}}}
	},
	"slice below 0": func(c *cell.Cell) {
		c.Defense = &cell.Defense{Slices: []cell.Slice{{Enter: []int{3}, Epochs: -1}, {Enter: []int{4}, Epochs: c.Training.Epochs + 1}}}
	},
	"short slices": func(c *cell.Cell) { c.Defense = &cell.Defense{Slices: []cell.Slice{{Enter: []int{3, 4}, Epochs: 1}}} },
	"simulated attackers": func(c *cell.Cell) {
		a, _ := defenses.Default[defenses.AgentAugmentation](defenses.KindAgentAugmentation)
		a.Agents = 1 << 62
		c.Defense = &cell.Defense{Stack: defenses.NewStack(defenses.KindAgentAugmentation, a)}
	},
	"steps of pgd": func(c *cell.Cell) {
		p, _ := defenses.Default[defenses.PGD](defenses.KindPGD)
		p.Steps = 1 << 62
		c.Defense = &cell.Defense{Stack: defenses.NewStack(defenses.KindPGD, p)}
	},
	"batch of queries":   func(c *cell.Cell) { c.Attribution = attribution(); c.Attribution.Batch = 0 },
	"queries":            func(c *cell.Cell) { c.Attribution = attribution(); c.Attribution.Queries = -1 },
	"unlearning steps":   func(c *cell.Cell) { c.Attribution = attribution(); c.Attribution.Unlearning.Steps = 1 << 62 },
	"no unlearning":      func(c *cell.Cell) { c.Attribution = attribution(); c.Attribution.Unlearning.Steps = 0 },
	"rate of unlearning": func(c *cell.Cell) { c.Attribution = attribution(); c.Attribution.Unlearning.Rate = -1 },
}

// attribution returns an attribution that a plan may have.
func attribution() *cell.Attribution {
	a := &cell.Attribution{Batch: 32, Queries: 1000}
	a.Unlearning.Steps, a.Unlearning.Rate = 10, 0.01
	return a
}

// A cell that no plan makes is refused when it is read, at once and before its sizes are used.
func TestImpossibleCellsAreRefused(t *testing.T) {
	for name, change := range impossible {
		t.Run(name, func(t *testing.T) {
			c := enginetest.ExampleCell()
			change(&c)
			begun := time.Now()
			for _, encode := range []func(any) ([]byte, error){yaml.Marshal, json.Marshal} {
				text, err := encode(c)
				require.NoError(t, err)
				_, err = cell.Parse(text)
				require.ErrorIs(t, err, cell.ErrPlan)
			}
			require.Less(t, time.Since(begun), time.Second)
		})
	}
	for name, change := range map[string]func(*cell.Cell){
		"example": func(*cell.Cell) {}, "attribution": func(c *cell.Cell) { c.Attribution = attribution() },
		"sliced": func(c *cell.Cell) {
			c.Defense = &cell.Defense{Excluded: []int{4}, Slices: []cell.Slice{{Enter: []int{3}, Epochs: 25}, {Enter: []int{4}, Epochs: 25}}}
		},
	} {
		c := enginetest.ExampleCell()
		change(&c)
		require.NoError(t, c.Validate(), name)
	}
}

// YAML has numbers that JSON has not, and texts where numbers belong.
func TestNumbersThatAreNoneAreRefused(t *testing.T) {
	text, err := yaml.Marshal(enginetest.ExampleCell())
	require.NoError(t, err)
	for _, value := range []string{".inf", "-.inf", ".nan", "x", "1e400", "[]", "{}", "~"} {
		for _, key := range []string{"lr", "momentum", "weight_decay", "p0", "defender_share", "epochs", "batch", "w", "images", "width", "seed", "format"} {
			lines := strings.Split(string(text), "\n")
			for i, line := range lines {
				if name, _, found := strings.Cut(line, ":"); found && strings.TrimLeft(name, " -") == key {
					lines[i] = name + ": " + value
				}
			}
			changed := strings.Join(lines, "\n")
			require.NotEqual(t, string(text), changed, key)
			c, err := cell.Parse([]byte(changed))
			if err == nil { // ~ leaves a number at 0, which some of these may be
				require.Contains(t, []string{"momentum", "weight_decay", "p0", "seed"}, key, value)
				require.False(t, math.IsNaN(c.Training.Momentum))
				require.NoError(t, c.Validate())
			}
		}
	}
}
