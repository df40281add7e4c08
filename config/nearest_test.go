package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNearest(t *testing.T) {
	for unknown, want := range map[string]string{
		"model.widht":        "model.width",
		"width":              "model.width",
		"wdith":              "model.width",
		"attackers.count":    "attackers.counts",
		"atackers.p":         "attackers.p",
		"poison_rate.p0":     "attackers.p0",
		"train.weight-decay": "train.weight_decay",
		"Seed":               "seed",
		"net.width":          "model.width",
		"heldout":            "deal.held_out",
		"learning_rate":      "train.lr",
	} {
		require.Equal(t, want, Nearest(unknown, keyNames()), unknown)
	}
	require.Empty(t, Nearest("anything", nil))
}
