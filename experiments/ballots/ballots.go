// Package ballots holds what the models of a vote over agents have to say, and its files in a stored result.
package ballots

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"backfire/datasets"
	"backfire/experiments/cell"
	"backfire/game"
	"backfire/internal/disk"
)

// The files of ballots.
const (
	RankingsFile = "rankings.bin" // by probe: all classes in descending order of probability
	ProbesFile   = "probes.csv"   // one line per probe, with its owner, trigger and label
)

// ErrFile marks files that hold no ballots of the cell.
var ErrFile = errors.New("no ballots of this cell")

// defender stands for the defender where agents have their IDs.
const defender = "defender"

// Ballots holds what a model of a vote over agents has to say: for each probe, all classes in descending order of
// their probability. The first is the predicted class, and of others with one probability the lower comes first.
type Ballots struct {
	Probes  []game.Probe // in the order of game.Probes
	Classes int
	Order   []uint16 // Classes for each probe, one probe after the other
}

// Of returns the classes of the probe at a position, the most probable first.
func (b *Ballots) Of(probe int) []uint16 { return b.Order[probe*b.Classes : (probe+1)*b.Classes] }

// Write writes RankingsFile and ProbesFile of a cell into the directory at a path. In RankingsFile each class is one
// byte, or with more than 256 classes two, the lower one first. Owners and triggers in ProbesFile are agents' IDs.
func (b *Ballots) Write(path string, c cell.Cell) error {
	var text bytes.Buffer
	lines := csv.NewWriter(&text)
	all := [][]string{probesHead}
	ids := c.Game.AgentIDs()
	for i, probe := range b.Probes {
		owner, trigger := namesOf(probe, ids)
		all = append(all, []string{strconv.Itoa(i), owner, trigger, strconv.Itoa(int(probe.Label))})
	}
	err := lines.WriteAll(all)
	dir := disk.In(path)
	if err = errors.Join(err, dir.WriteFile(RankingsFile, datasets.EncodeLabels(b.Order, b.Classes)), dir.WriteFile(ProbesFile, text.Bytes())); err != nil {
		return fmt.Errorf("ballots: write: %w", err)
	}
	return nil
}

// probesHead holds the columns of ProbesFile.
var probesHead = []string{"probe", "owner", "trigger", "label"}

// namesOf returns the owner and the trigger of a probe as files have them: IDs of agents, the defender's name, and an
// empty text for no trigger.
func namesOf(probe game.Probe, ids []int) (owner, trigger string) {
	owner = defender
	if probe.Owner != game.Defender {
		owner = strconv.Itoa(ids[probe.Owner])
	}
	if probe.Trigger != game.NoTrigger {
		trigger = strconv.Itoa(ids[probe.Trigger])
	}
	return owner, trigger
}

// Read reads the ballots of a cell from a directory, of which it has so many probes. The Source of the probes is 0,
// since the files do not have it. The error wraps ErrFile for files that do not rank every class once for each probe,
// or that do not describe each probe.
func Read(dir disk.Dir, c cell.Cell, probes int) (*Ballots, error) {
	b := &Ballots{Classes: len(c.Data.Classes)}
	data, err := dir.ReadFile(RankingsFile, disk.MaxBytes)
	if err != nil {
		return nil, err
	}
	if len(data) != probes*b.Classes*datasets.LabelBytes(b.Classes) {
		return nil, fmt.Errorf("%w: %d bytes for %d probes and %d classes", ErrFile, len(data), probes, b.Classes)
	}
	b.Order = datasets.DecodeLabels(data, b.Classes)
	last := make([]int, b.Classes) // probe that ranked a class last, from 1
	for probe := range probes {
		ranking := b.Of(probe)
		for _, class := range ranking {
			if int(class) >= b.Classes || last[class] == probe+1 {
				return nil, fmt.Errorf("%w: probe %d does not have each of %d classes once", ErrFile, probe, b.Classes)
			}
			last[class] = probe + 1
		}
	}
	if b.Probes, err = readProbes(dir, c); err != nil {
		return nil, err
	}
	if len(b.Probes) != probes {
		return nil, fmt.Errorf("%w: %d of %d probes are described", ErrFile, len(b.Probes), probes)
	}
	return b, nil
}

// readProbes reads ProbesFile.
func readProbes(dir disk.Dir, c cell.Cell) ([]game.Probe, error) {
	text, err := dir.ReadFile(ProbesFile, disk.MaxRecord)
	if err != nil {
		return nil, err
	}
	lines, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		return nil, err
	}
	if len(lines) == 0 || !slices.Equal(lines[0], probesHead) {
		return nil, fmt.Errorf("%w: unknown columns", ErrFile)
	}
	positions := map[string]int{}
	for at, id := range c.Game.AgentIDs() {
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
		wrong := !owned && line[1] != defender || !stamped && line[2] != ""
		if number, numberErr := strconv.Atoi(line[0]); wrong || number != i || label < 0 || label >= len(c.Data.Classes) || errors.Join(err, numberErr) != nil {
			return nil, fmt.Errorf("%w: line %d is %v", ErrFile, i+2, line)
		}
		probe.Label = uint16(label)
		probes = append(probes, probe)
	}
	return probes, nil
}
