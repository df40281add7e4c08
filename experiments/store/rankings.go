package store

import (
	"encoding/binary"
	"fmt"

	"backfire/internal/disk"
)

// Rankings holds, for each probe in the order of game.Probes, all classes in descending order of their
// probability; the first is the predicted class, and of others with one probability the lower comes first. It is
// what a model of a vote over agents has to say in a run-off election.
type Rankings struct {
	Classes int
	Order   []uint16 // Classes for each probe, one probe after the other
}

// Of returns the classes of the probe at a position.
func (r Rankings) Of(probe int) []uint16 { return r.Order[probe*r.Classes : (probe+1)*r.Classes] }

// Probes returns the number of probes.
func (r Rankings) Probes() int { return len(r.Order) / r.Classes }

// oneByte is the largest number of classes that a byte distinguishes.
const oneByte = 256

// rankingBytes returns the size of a class in RankingsFile: one byte, or two with more than 256 classes.
func rankingBytes(classes int) int {
	if classes > oneByte {
		return 2
	}
	return 1
}

// Write writes the rankings to RankingsFile in the directory at a path: each class as one byte, or with more than
// 256 classes as two, the lower one first.
func (r Rankings) Write(path string) error {
	var data []byte
	for _, class := range r.Order {
		if rankingBytes(r.Classes) == 1 {
			data = append(data, byte(class))
		} else {
			data = binary.LittleEndian.AppendUint16(data, class)
		}
	}
	if err := disk.In(path).WriteFile(RankingsFile, data); err != nil {
		return fmt.Errorf("store: write rankings: %w", err)
	}
	return nil
}

// Rankings reads RankingsFile, an artefact, which results have on request only. The error wraps ErrBroken for a
// file that does not rank every class once for each probe, or whose first classes are not the predictions.
func (r *Record) Rankings() (Rankings, error) {
	all := Rankings{Classes: len(r.Cell.Data.Classes)}
	data, err := r.files().ReadFile(RankingsFile, disk.MaxBytes)
	if err != nil {
		return all, fmt.Errorf("store: read rankings: %w", err)
	}
	predicted, err := r.Predictions()
	if err != nil {
		return all, err
	}
	size := rankingBytes(all.Classes)
	if len(data) != len(predicted)*all.Classes*size {
		return all, fmt.Errorf("store: read rankings: %w: %d bytes for %d probes and %d classes", ErrBroken, len(data), len(predicted), all.Classes)
	}
	all.Order = make([]uint16, len(data)/size)
	for i := range all.Order {
		if size == 1 {
			all.Order[i] = uint16(data[i])
		} else {
			all.Order[i] = binary.LittleEndian.Uint16(data[i*size:])
		}
	}
	last := make([]int, all.Classes) // probe that ranked a class last, from 1
	for probe := range predicted {
		ranking := all.Of(probe)
		if ranking[0] != uint16(predicted[probe]) {
			return all, fmt.Errorf("store: read rankings: %w: probe %d is predicted as %d, and %d is ranked first", ErrBroken, probe, predicted[probe], ranking[0])
		}
		for _, class := range ranking {
			if int(class) >= all.Classes || last[class] == probe+1 {
				return all, fmt.Errorf("store: read rankings: %w: probe %d does not have each of %d classes once", ErrBroken, probe, all.Classes)
			}
			last[class] = probe + 1
		}
	}
	return all, nil
}
