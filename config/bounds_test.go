package config_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/config"
)

// Numbers that would fill the memory or never end are refused, wherever they stand.
func TestHugeNumbersAreRefused(t *testing.T) {
	for _, set := range []string{
		"attackers.counts=1,%d", "attackers.seats=0,%d", "train.epochs=%d", "train.batch=%d",
		"agent_augmentation.agents=%d", "pgd.steps=%d", "indexing.models=%d", "indexing.batch=%d",
		"indexing.unlearn_steps=%d", "workers=%d", "threads=%d",
	} {
		for _, number := range []int{2_000_000, 1 << 31, 1 << 62} {
			_, err := config.Load(config.Options{Sets: []string{fmt.Sprintf(set, number)}})
			require.ErrorIs(t, err, config.ErrInvalid, set)
			require.ErrorContains(t, err, "must be at most")
		}
	}
}
