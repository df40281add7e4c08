package verify

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"backfire/experiments/store"
	"backfire/experiments/summary"
	"backfire/internal/jsonfile"
)

// Summary compares the figures of the summary stored at path with the results that it names: each
// attacker's with those of the model that answers it and of its single game, and the figures over
// all attackers. It leaves out games whose models are no longer stored, and games whose queries go
// without an index, because many models and guesses contribute to their figures. The check is
// called "summary".
func Summary(s *store.Store, path string) Check {
	check := Check{Name: "summary"}
	compared, left, err := compareSummary(s, path)
	if err != nil {
		check.Err = err
		return check
	}
	check.Note = fmt.Sprintf("%d games have the figures of their results", compared)
	if left > 0 {
		check.Note += fmt.Sprintf("; left out: %d", left)
	}
	return check
}

// compareSummary returns how many games were compared and how many were left out.
func compareSummary(s *store.Store, path string) (compared, left int, err error) {
	summary, err := summary.Load(path)
	if err != nil {
		return 0, 0, err
	}
	for _, point := range summary.Points {
		for _, game := range point.Games {
			if !game.Complete {
				continue
			}
			again, err := deriveGame(s, game.GameResult)
			if errors.Is(err, store.ErrNotStored) {
				left++
				continue
			}
			if err != nil {
				return 0, 0, err
			}
			stored, err := jsonfile.Compact(game.GameResult)
			if err != nil {
				return 0, 0, err
			}
			derived, err := jsonfile.Compact(again)
			if err != nil {
				return 0, 0, err
			}
			if !bytes.Equal(stored, derived) {
				return 0, 0, fmt.Errorf("the game with N = %d, %s, seed %d, has other figures than its results", game.N, game.Defender, point.Seed)
			}
			compared++
		}
	}
	return compared, left, nil
}

// deriveGame returns a game with the figures of the results that it names. The error wraps
// store.ErrNotStored where some results are missing, or do not determine the figures.
func deriveGame(s *store.Store, game summary.GameResult) (summary.GameResult, error) {
	if len(game.Unknown) > 0 {
		return summary.GameResult{}, store.ErrNotStored
	}
	game.Attackers = slices.Clone(game.Attackers)
	compared := slices.ContainsFunc(game.Attackers, func(a summary.GameAttacker) bool { return a.Success != nil || a.ShareLaw != nil })
	answering := map[string]bool{}
	for i, a := range game.Attackers {
		record, err := s.Glance(a.Model)
		if err != nil {
			return summary.GameResult{}, err
		}
		at := slices.IndexFunc(record.Result.Attackers, func(own store.AttackerResult) bool { return own.ID == a.ID })
		if at < 0 {
			return summary.GameResult{}, fmt.Errorf("%.12s has no attacker %d", a.Model, a.ID)
		}
		game.Attackers[i].AttackerResult = record.Result.Attackers[at]
		if a.Randomness == nil { // the result may have been retrained since
			game.Attackers[i].Randomness = nil
		}
		if err := deriveComparisons(s, &game.Attackers[i]); err != nil {
			return summary.GameResult{}, err
		}
		if !answering[a.Model] {
			if len(answering) == 0 {
				game.CleanAccuracy.Hits, game.CleanAccuracy.Of, game.Collapsed = 0, 0, false
			}
			answering[a.Model] = true
			game.CleanAccuracy.Hits += record.Result.CleanAccuracy.Hits
			game.CleanAccuracy.Of += record.Result.CleanAccuracy.Of
			game.Collapsed = game.Collapsed || record.Result.Collapsed
		}
	}
	if err := deriveEpochs(s, &game); err != nil {
		return summary.GameResult{}, err
	}
	if compared { // earlier versions did not store what follows from the comparisons
		game.Compare()
	}
	game.Summarize()
	return game, nil
}

// deriveEpochs gives a game the epochs of its models, where a rule may have ended their trainings.
func deriveEpochs(s *store.Store, game *summary.GameResult) error {
	if len(game.EpochsTrained) == 0 {
		return nil
	}
	game.EpochsTrained = nil
	for _, model := range game.Models {
		record, err := s.Glance(model)
		if err != nil {
			return err
		}
		game.EpochsTrained = append(game.EpochsTrained, record.Result.EpochsTrained)
	}
	return nil
}

// deriveComparisons gives an attacker the figures of the other games that it names.
func deriveComparisons(s *store.Store, a *summary.GameAttacker) error {
	derive := func(hash string) (*summary.Comparison, error) {
		record, err := s.Glance(hash)
		if err != nil {
			return nil, err
		}
		return summary.NewComparison(hash, &record.Result, a.ID), nil
	}
	if a.SingleASR != nil {
		single, err := derive(a.SingleCell)
		if err != nil {
			return err
		}
		if a.SingleASR = single.ASR; a.SingleLift != nil {
			a.SingleLift = single.Lift
		}
	}
	for _, other := range []**summary.Comparison{&a.Lone, &a.Transfer} {
		if *other == nil || (*other).ASR == nil {
			continue
		}
		var err error
		if *other, err = derive((*other).Cell); err != nil {
			return err
		}
	}
	return nil
}
