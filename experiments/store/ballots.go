package store

import (
	"bytes"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"backfire/experiments/cell"
	"backfire/game"
	"backfire/internal/disk"
)

// Ballots holds what a model of a vote over agents has to say: for each probe, all classes in descending order of
// their probability. The first is the predicted class, and of others with one probability the lower comes first.
type Ballots struct {
	Probes  []game.Probe // in the order of game.Probes
	Classes int
	Order   []uint16 // Classes for each probe, one probe after the other
}

// Of returns the classes of the probe at a position, the most probable first.
func (b *Ballots) Of(probe int) []uint16 { return b.Order[probe*b.Classes : (probe+1)*b.Classes] }

// oneByte is the largest number of classes that a byte distinguishes.
const oneByte = 256

// rankingBytes returns the size of a class in RankingsFile.
func rankingBytes(classes int) int {
	if classes > oneByte {
		return 2
	}
	return 1
}

// Write writes RankingsFile and ProbesFile of a cell into the directory at a path. In RankingsFile each class is one
// byte, or with more than 256 classes two, the lower one first. Owners and triggers in ProbesFile are agents' IDs.
func (b *Ballots) Write(path string, c cell.Cell) error {
	var data []byte
	for _, class := range b.Order {
		if rankingBytes(b.Classes) == 1 {
			data = append(data, byte(class))
		} else {
			data = binary.LittleEndian.AppendUint16(data, class)
		}
	}
	dir := disk.In(path)
	err := dir.WriteFile(RankingsFile, data)
	if err == nil {
		err = writeCSV(dir.Path(ProbesFile), func(write func(...string)) {
			write(probesHead...)
			ids := c.Game.AgentIDs()
			for i, probe := range b.Probes {
				owner, trigger := namesOf(probe, ids)
				write(strconv.Itoa(i), owner, trigger, strconv.Itoa(int(probe.Label)))
			}
		})
	}
	if err != nil {
		return fmt.Errorf("store: write rankings: %w", err)
	}
	return nil
}

// probesHead holds the columns of ProbesFile.
var probesHead = []string{"probe", "owner", "trigger", "label"}

// namesOf returns the owner and the trigger of a probe as files have them: IDs of agents, the defender's name, and an
// empty text for no trigger.
func namesOf(probe game.Probe, ids []int) (owner, trigger string) {
	owner = defenderName
	if probe.Owner != game.Defender {
		owner = strconv.Itoa(ids[probe.Owner])
	}
	if probe.Trigger != game.NoTrigger {
		trigger = strconv.Itoa(ids[probe.Trigger])
	}
	return owner, trigger
}

// Ballots reads RankingsFile and ProbesFile, artefacts, which results have on request only. The Source of the probes
// is 0, since the files do not have it. The error wraps ErrBroken for files that do not rank every class once for
// each probe, whose first classes are not the predictions, or that do not describe each probe.
func (r *Record) Ballots() (*Ballots, error) {
	b, err := r.readBallots()
	if err != nil {
		return nil, fmt.Errorf("store: read rankings: %w", err)
	}
	return b, nil
}

func (r *Record) readBallots() (*Ballots, error) {
	b := &Ballots{Classes: len(r.Cell.Data.Classes)}
	data, err := r.files().ReadFile(RankingsFile, disk.MaxBytes)
	if err != nil {
		return nil, err
	}
	predicted, err := r.Predictions()
	if err != nil {
		return nil, err
	}
	size := rankingBytes(b.Classes)
	if len(data) != len(predicted)*b.Classes*size {
		return nil, fmt.Errorf("%w: %d bytes for %d probes and %d classes", ErrBroken, len(data), len(predicted), b.Classes)
	}
	b.Order = make([]uint16, len(data)/size)
	for i := range b.Order {
		if size == 1 {
			b.Order[i] = uint16(data[i])
		} else {
			b.Order[i] = binary.LittleEndian.Uint16(data[i*size:])
		}
	}
	last := make([]int, b.Classes) // probe that ranked a class last, from 1
	for probe := range predicted {
		ranking := b.Of(probe)
		if ranking[0] != uint16(predicted[probe]) {
			return nil, fmt.Errorf("%w: probe %d is predicted as %d, and %d is ranked first", ErrBroken, probe, predicted[probe], ranking[0])
		}
		for _, class := range ranking {
			if int(class) >= b.Classes || last[class] == probe+1 {
				return nil, fmt.Errorf("%w: probe %d does not have each of %d classes once", ErrBroken, probe, b.Classes)
			}
			last[class] = probe + 1
		}
	}
	if b.Probes, err = r.readProbes(); err != nil {
		return nil, err
	}
	if len(b.Probes) != len(predicted) {
		return nil, fmt.Errorf("%w: %d of %d probes are described", ErrBroken, len(b.Probes), len(predicted))
	}
	return b, nil
}

// readProbes reads ProbesFile.
func (r *Record) readProbes() ([]game.Probe, error) {
	text, err := r.files().ReadFile(ProbesFile, disk.MaxRecord)
	if err != nil {
		return nil, err
	}
	lines, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 || !slices.Equal(lines[0], probesHead) {
		return nil, fmt.Errorf("%w: unknown columns", ErrBroken)
	}
	positions := map[string]int{}
	for at, id := range r.Cell.Game.AgentIDs() {
		positions[strconv.Itoa(id)] = at
	}
	var probes []game.Probe
	for i, line := range lines[1:] {
		probe := game.Probe{Owner: game.Defender, Trigger: game.NoTrigger}
		label, err := strconv.Atoi(line[3])
		owner, owned := positions[line[1]]
		trigger, stamped := positions[line[2]]
		if owned {
			probe.Owner = owner
		}
		if stamped {
			probe.Trigger = trigger
		}
		wrong := !owned && line[1] != defenderName || !stamped && line[2] != ""
		if number, numberErr := strconv.Atoi(line[0]); wrong || number != i || label < 0 || label >= len(r.Cell.Data.Classes) || errors.Join(err, numberErr) != nil {
			return nil, fmt.Errorf("%w: line %d is %v", ErrBroken, i+2, line)
		}
		probe.Label = uint8(label)
		probes = append(probes, probe)
	}
	return probes, nil
}
