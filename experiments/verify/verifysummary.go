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

// VerifySummary compares the figures of a stored summary (Summaries) with the
// results that it names: each attacker's with those of the model that answers it and
// of its single game, and what is summed up over the attackers. Games whose models
// are not stored any more, and those whose queries go without an index, whose figures
// many models and guesses have a part in, are left out. The check is named after the
// file.
func VerifySummary(s *store.Store, path string) Check {
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

// compareSummary returns how many games were compared, and how many left out.
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
			got, err := jsonfile.Compact(game.GameResult)
			if err != nil {
				return 0, 0, err
			}
			want, err := jsonfile.Compact(again)
			if err != nil {
				return 0, 0, err
			}
			if !bytes.Equal(got, want) {
				return 0, 0, fmt.Errorf("the game with N = %d, %s, seed %d, has other figures than its results", game.N, game.Defender, point.Seed)
			}
			compared++
		}
	}
	return compared, left, nil
}

// deriveRow returns a row with the figures of the results that it names. The error
// wraps ErrNotStored where they are not all there, or are not enough.
func deriveGame(s *store.Store, row summary.GameResult) (summary.GameResult, error) {
	if len(row.Unknown) > 0 {
		return summary.GameResult{}, store.ErrNotStored
	}
	row.Attackers = slices.Clone(row.Attackers)
	answering := map[string]bool{}
	for i, a := range row.Attackers {
		record, err := s.Glance(a.Model)
		if err != nil {
			return summary.GameResult{}, err
		}
		at := slices.IndexFunc(record.Result.Attackers, func(own store.AttackerResult) bool { return own.ID == a.ID })
		if at < 0 {
			return summary.GameResult{}, fmt.Errorf("%.12s has no attacker %d", a.Model, a.ID)
		}
		row.Attackers[i].AttackerResult = record.Result.Attackers[at]
		if a.SingleASR != nil {
			single, err := s.Glance(a.SingleCell)
			if err != nil {
				return summary.GameResult{}, err
			}
			row.Attackers[i].SingleASR = &single.Result.Attackers[0].ASR
		}
		if !answering[a.Model] {
			if len(answering) == 0 {
				row.CleanAccuracy.Hits, row.CleanAccuracy.Of, row.Collapsed = 0, 0, false
			}
			answering[a.Model] = true
			row.CleanAccuracy.Hits += record.Result.CleanAccuracy.Hits
			row.CleanAccuracy.Of += record.Result.CleanAccuracy.Of
			row.Collapsed = row.Collapsed || record.Result.Collapsed
		}
	}
	row.Summarize()
	return row, nil
}
