package summary

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"backfire/experiments/cell"
	"backfire/experiments/store"
	"backfire/internal/jsonfile"
)

// ErrOtherFigures marks a summary whose figures are not those of the results that it names.
var ErrOtherFigures = errors.New("it has other figures than its results")

// CompareResults compares the figures of the summary with the results that it names: each
// attacker's with those of the model that answers it and of its single game, the figures
// over all attackers, the differences between defenders, and the settings of each point
// with those of the cells. It leaves out games whose models are no longer stored, and
// games whose queries go without an index, because many models and guesses contribute to
// their figures. It returns how many games were compared and how many were left out. The
// error wraps ErrOtherFigures.
func (s *Summary) CompareResults(st *store.Store) (compared, left int, err error) {
	for i := range s.Points {
		point := &s.Points[i]
		for at := range point.Games {
			if !point.Games[at].Complete {
				continue
			}
			switch err := point.compareGame(st, at); {
			case errors.Is(err, store.ErrNotStored) || errors.Is(err, store.ErrBroken):
				left++
			case err != nil:
				return 0, 0, err
			default:
				compared++
			}
		}
	}
	return compared, left, nil
}

// compareGame compares the game at a position. The error wraps store.ErrNotStored where
// some results are missing, or do not determine the figures.
func (p *PointSummary) compareGame(st *store.Store, at int) error {
	game := p.Games[at].GameResult
	differs := func(what string) error {
		return fmt.Errorf("%w: the game with N = %d, %s, seed %d: %s", ErrOtherFigures, game.N, game.Defender, p.Seed, what)
	}
	derived, err := deriveGame(st, game)
	if err != nil {
		return err
	}
	if same, err := sameJSON(game, derived); err != nil || !same {
		return errors.Join(err, differs("its figures"))
	}
	record, err := st.Glance(game.Cell)
	if err != nil {
		return err
	}
	if same, err := sameJSON(p.settings(), settingsOf(record.Cell)); err != nil || !same {
		return errors.Join(err, differs("the settings of its model"))
	}
	twin := slices.IndexFunc(p.Games, func(g GameSummary) bool { return g.N == game.N && g.Difference == nil && g.Complete })
	if twin < 0 || game.Difference == nil {
		return nil
	}
	if same, err := sameJSON(game.Difference, game.differenceTo(&p.Games[twin].GameResult)); err != nil || !same {
		return errors.Join(err, differs("its difference to the game without a defense"))
	}
	return nil
}

// pointSettings are the fields of PointSummary that its cells have, too. The readings are without the seats, which a
// point and its games spell in different ways.
type pointSettings struct {
	Seed     uint64
	Data     cell.Data
	Pool     int
	Model    cell.Model
	Training cell.Training
	Readings cell.Readings
}

func (p *PointSummary) settings() pointSettings {
	readings := p.Readings
	readings.Seats = cell.Readings{}.Seats
	return pointSettings{p.Seed, p.Data, p.Pool, p.Model, p.Training, readings}
}

func settingsOf(c cell.Cell) pointSettings {
	readings := cell.ReadingsOf(c.Game)
	readings.Seats = cell.Readings{}.Seats
	return pointSettings{c.Game.Seed, c.Data, c.Game.PoolSize, c.Model, c.Training, readings}
}

// sameJSON reports whether two values have the same JSON.
func sameJSON(a, b any) (bool, error) {
	one, err := jsonfile.Compact(a)
	if err != nil {
		return false, err
	}
	other, err := jsonfile.Compact(b)
	return bytes.Equal(one, other), err
}

// deriveGame returns a game with the figures of the results that it names. The error wraps
// store.ErrNotStored where some results are missing, or do not determine the figures.
func deriveGame(s *store.Store, game GameResult) (GameResult, error) {
	if len(game.Unknown) > 0 {
		return GameResult{}, store.ErrNotStored
	}
	game.Attackers = slices.Clone(game.Attackers)
	compared := slices.ContainsFunc(game.Attackers, func(a GameAttacker) bool { return a.Success != nil || a.ShareLaw != nil })
	answering := map[string]bool{}
	for i, a := range game.Attackers {
		record, err := s.Glance(a.Model)
		if err != nil {
			return GameResult{}, err
		}
		at := slices.IndexFunc(record.Result.Attackers, func(own store.AttackerResult) bool { return own.ID == a.ID })
		if at < 0 {
			return GameResult{}, fmt.Errorf("%w: %.12s has no attacker %d", ErrOtherFigures, a.Model, a.ID)
		}
		game.Attackers[i].AttackerResult = asEarlier(a.AttackerResult, record.Result.Attackers[at])
		if game.Filter != nil {
			game.Filter = record.Result.Filter
		}
		if game.Repair != nil {
			game.Repair = record.Result.Repair
		}
		if err := deriveComparisons(s, &game.Attackers[i]); err != nil {
			return GameResult{}, err
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
	if err := deriveRepeats(s, &game); err != nil {
		return GameResult{}, err
	}
	if err := deriveVote(s, &game); err != nil {
		return GameResult{}, err
	}
	if err := deriveEpochs(s, &game); err != nil {
		return GameResult{}, err
	}
	if game.Values != nil {
		var err error
		if game.Values, err = game.Values.derived(s); err != nil {
			return GameResult{}, err
		}
	}
	if compared { // earlier versions did not store what follows from the comparisons
		game.Compare()
	}
	game.Summarize()
	return game, nil
}

// deriveEpochs gives a game the epochs of its models, where a rule may have ended their trainings.
func deriveEpochs(s *store.Store, game *GameResult) error {
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
func deriveComparisons(s *store.Store, a *GameAttacker) error {
	derive := func(hash string) (*Comparison, error) {
		record, err := s.Glance(hash)
		if err != nil {
			return nil, err
		}
		return NewComparison(hash, &record.Result, a.ID), nil
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
	for _, other := range []**Comparison{&a.Lone, &a.Transfer} {
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
