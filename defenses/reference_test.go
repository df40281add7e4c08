package defenses_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses"
	"backfire/game"
	"backfire/triggers"
)

// referenceCase holds what both kinds of cases of scripts/reference/augmentation.py have.
type referenceCase struct {
	Shape  struct{ C, H, W int }
	P1, P2 float64
	Seed   uint64
	SHA256 string
}

// spec returns the triggers of the case.
func (c referenceCase) spec() triggers.Spec {
	return triggers.Spec{P1: c.P1, P2: c.P2, Range: triggers.PerDimension}
}

// shape returns the shape of the images.
func (c referenceCase) shape() triggers.Shape {
	return triggers.Shape{C: c.Shape.C, H: c.Shape.H, W: c.Shape.W}
}

// pictures returns the images of the script, with its labels.
func (c referenceCase) pictures(n int) (images []uint8, labels []uint16) {
	for row := range n {
		for value := range c.shape().Size() {
			images = append(images, uint8(31*row+7*value+row*value%11))
		}
		labels = append(labels, uint16(row%4))
	}
	return images, labels
}

// requireImages requires images with the digest of the case.
func (c referenceCase) requireImages(t *testing.T, images []uint8) {
	t.Helper()
	sum := sha256.Sum256(images)
	require.Equal(t, c.SHA256, hex.EncodeToString(sum[:]))
}

// readReference reads testdata/augmentation.json.
func readReference(t *testing.T, into any) {
	t.Helper()
	text, err := os.ReadFile("testdata/augmentation.json") // by scripts/reference/augmentation.py
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, into))
}

func TestAgentAugmentationAgreesWithTheReference(t *testing.T) {
	var all struct {
		Augmentation []struct {
			referenceCase
			Images, Agents     int
			Clean              float64
			Collide, Simulated []int
			Triggers           []string
		}
	}
	readReference(t, &all)
	require.Len(t, all.Augmentation, 4)
	for _, c := range all.Augmentation {
		set := &game.TrainingSet{Shape: c.shape()}
		set.Images, set.Labels = c.pictures(c.Images)
		for row := range c.Images {
			owner := 0 // of each third image
			if row%3 > 0 {
				owner = game.Defender
			}
			set.Rows = append(set.Rows, game.Row{Owner: owner})
		}
		a := defenses.AgentAugmentation{Agents: c.Agents, Clean: c.Clean, Spec: c.spec()}
		free, err := defenses.Augment(set, a, nil, c.Seed)
		require.NoError(t, err)
		var avoid []*triggers.Trigger
		for _, agent := range c.Collide {
			avoid = append(avoid, free.Triggers[agent])
		}
		after, err := defenses.Augment(set, a, avoid, c.Seed)
		require.NoError(t, err)
		require.Equal(t, c.Simulated, after.Simulated)
		var names []string
		for _, trigger := range after.Triggers {
			names = append(names, trigger.ID())
		}
		require.Equal(t, c.Triggers, names)
		require.Equal(t, set.Labels, after.Labels)
		c.requireImages(t, after.Images)
	}
}

func TestAdversarialTriggersAgreeWithTheReference(t *testing.T) {
	var all struct {
		Adversarial []struct {
			referenceCase
			Batch, Epoch, Step int
			Share              float64
			Placement          defenses.Placement
			Rows               []int32
			Labels             []uint16
		}
	}
	readReference(t, &all)
	require.Len(t, all.Adversarial, 4)
	for _, c := range all.Adversarial {
		settings := &defenses.AdversarialTriggers{Dose: defenses.Dose{Share: c.Share, Placement: c.Placement}, Spec: c.spec()}
		batcher, err := defenses.NewBatcher(defenses.NewStack(defenses.KindAdversarialTriggers, settings), c.shape(), c.Seed)
		require.NoError(t, err)
		stamps := batcher.Draw(c.Epoch, c.Step, c.Batch).Stamps
		require.Equal(t, c.Rows, stamps.Rows)
		images, labels := stamps.Apply(c.pictures(c.Batch))
		require.Equal(t, c.Labels, labels)
		c.requireImages(t, images)
	}
}
