package summary

import (
	"backfire/experiments/store"
	"backfire/game"
)

// asEarlier returns the figures of a result as a summary of an earlier version has them, whose
// models may have been retrained since.
func asEarlier(stored, derived store.AttackerResult) store.AttackerResult {
	if stored.Randomness == nil {
		derived.Randomness = nil
	}
	if stored.Target == 0 && derived.Target == game.NoTarget {
		derived.Target, derived.Label = stored.Target, stored.Label
	}
	return derived
}

// deriveRepeats gives a game the counts of images with equal pixels, where it has them.
func deriveRepeats(s *store.Store, row *GameResult) error {
	if row.Repeats == nil {
		return nil
	}
	record, err := s.Glance(row.Models[0])
	if err == nil && record.Result.Provenance.Repeats != nil {
		row.SharedPixels, row.Repeats = record.Result.Provenance.SharedPixels, record.Result.Provenance.Repeats
	}
	return err
}
