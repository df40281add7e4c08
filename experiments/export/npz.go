package export

import (
	"bufio"
	"errors"
	"io"

	"backfire/internal/disk"
	"backfire/internal/npz"
	"backfire/internal/pixels"
)

// The files of the format NPZ.
const (
	trainingArrays = "training.npz"
	heldOutArrays  = "heldout.npz"
	triggerArrays  = "triggers.npz"
)

// writeArrays writes the images as arrays of numpy.
func (m *Model) writeArrays(dir disk.Dir) error {
	training, heldOut := m.trainingRows(), m.heldOutRows()
	err := writeTo(dir, trainingArrays, func(w io.Writer) error {
		return npz.Write(w,
			m.images("images", m.deal.Training.Images, len(training)),
			column("labels", training, func(r TrainingRow) int { return r.Label }),
			column("clean_labels", training, func(r TrainingRow) int { return r.CleanLabel }),
			column("owner", training, func(r TrainingRow) int { return r.Owner }),
			flags("poisoned", training, func(r TrainingRow) bool { return r.Poisoned }),
			column("trigger", training, func(r TrainingRow) int { return r.Trigger }),
			column("simulated", training, func(r TrainingRow) int { return r.Simulated }),
			column("source", training, func(r TrainingRow) int { return r.Source }))
	})
	if err != nil {
		return err
	}
	err = writeTo(dir, heldOutArrays, func(w io.Writer) error {
		return npz.Write(w,
			m.images("images", m.deal.Probes.Images, len(heldOut)),
			column("labels", heldOut, func(r HeldOutRow) int { return r.Label }),
			column("owner", heldOut, func(r HeldOutRow) int { return r.Owner }),
			flags("stamped", heldOut, func(r HeldOutRow) bool { return r.Stamped }),
			column("trigger", heldOut, func(r HeldOutRow) int { return r.Trigger }),
			column("target", heldOut, func(r HeldOutRow) int { return r.Target }),
			column("predicted", heldOut, func(r HeldOutRow) int { return r.Predicted }),
			column("source", heldOut, func(r HeldOutRow) int { return r.Source }))
	})
	if err != nil {
		return err
	}
	return m.writeTriggerArrays(dir)
}

// writeTriggerArrays writes patterns and masks of the attackers, if they have one trigger each.
func (m *Model) writeTriggerArrays(dir disk.Dir) error {
	drawn := m.deal.Game.Triggers()
	if len(drawn) == 0 {
		return nil
	}
	shape := m.deal.Training.Shape
	var ids []int64
	var masks, patterns []uint8
	for i, trigger := range drawn {
		ids = append(ids, int64(m.deal.Cell.Game.Attackers[i].ID))
		masks, patterns = append(masks, trigger.Mask...), append(patterns, trigger.Pattern...)
	}
	return writeTo(dir, triggerArrays, func(w io.Writer) error {
		return npz.Write(w,
			npz.Array{Name: "attacker", Shape: []int{len(ids)}, Values: ids},
			npz.Array{Name: "masks", Shape: []int{len(ids), shape.H, shape.W}, Values: masks},
			m.images("patterns", patterns, len(ids)))
	})
}

// images returns n images as an array, channels last.
func (m *Model) images(name string, values []uint8, n int) npz.Array {
	s := m.deal.Training.Shape
	return npz.Array{Name: name, Shape: []int{n, s.H, s.W, s.C}, Values: pixels.ChannelsLast(values, s.C, s.H, s.W)}
}

// column returns the numbers of a column.
func column[Row any](name string, rows []Row, value func(Row) int) npz.Array {
	values := make([]int64, len(rows))
	for i, row := range rows {
		values[i] = int64(value(row))
	}
	return npz.Array{Name: name, Shape: []int{len(rows)}, Values: values}
}

// flags returns the truth values of a column.
func flags[Row any](name string, rows []Row, value func(Row) bool) npz.Array {
	values := make([]bool, len(rows))
	for i, row := range rows {
		values[i] = value(row)
	}
	return npz.Array{Name: name, Shape: []int{len(rows)}, Values: values}
}

// writeTo creates a file of a directory and fills it by write.
func writeTo(dir disk.Dir, name string, write func(io.Writer) error) error {
	file, err := dir.Create(name)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(file)
	return errors.Join(write(buffered), buffered.Flush(), file.Close())
}
