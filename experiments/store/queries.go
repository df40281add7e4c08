package store

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"backfire/defenses/detect"
	"backfire/defenses/indexing"
	"backfire/experiments/cell"
	"backfire/game"
	"backfire/internal/disk"
)

// AttributedProbe is a probe that is part of a query of an attribution, with the agents that it was attributed
// to.
type AttributedProbe struct {
	Position int // in game.Probes
	Probe    game.Probe
	Batch    int // number of its query by the batch
	// Guesses are positions of agents, by form and method in the orders of indexing.Forms and detect.Methods.
	// Results of earlier versions have guesses of the first methods only.
	Guesses map[indexing.Form][]int
}

// firstMethods is the number of methods that the first version of QueriesFile has.
const firstMethods = 5

// queriesHead returns the columns of QueriesFile with guesses of the first n methods.
func queriesHead(n int) []string {
	head := []string{"probe", "owner", "trigger", "label", "batch"}
	for _, form := range indexing.Forms() {
		for _, method := range detect.Methods()[:n] {
			head = append(head, string(form)+"_"+string(method))
		}
	}
	return head
}

// writeQueries writes one line for each probe. Owner, trigger and guesses are agents' IDs.
func writeQueries(path string, cell cell.Cell, all []AttributedProbe) error {
	ids := cell.Game.AgentIDs()
	id := func(position int) string { return strconv.Itoa(ids[position]) }
	return writeCSV(path, func(write func(...string)) {
		write(queriesHead(len(detect.Methods()))...)
		for _, a := range all {
			owner, trigger := defenderName, ""
			if a.Probe.Owner != game.Defender {
				owner = id(a.Probe.Owner)
			}
			if a.Probe.Trigger != game.NoTrigger {
				trigger = id(a.Probe.Trigger)
			}
			line := []string{strconv.Itoa(a.Position), owner, trigger, strconv.Itoa(int(a.Probe.Label)), strconv.Itoa(a.Batch)}
			for _, form := range indexing.Forms() {
				for _, guess := range a.Guesses[form] {
					line = append(line, id(guess))
				}
			}
			write(line...)
		}
	})
}

// AttributedProbes reads the queries of an attribution with their guesses. The error wraps ErrBroken for a file
// with other columns.
func (r *Record) AttributedProbes() ([]AttributedProbe, error) {
	text, err := r.files().ReadFile(QueriesFile, disk.MaxRecord)
	if err != nil {
		return nil, fmt.Errorf("store: read queries: %w", err)
	}
	lines := csv.NewReader(bytes.NewReader(text))
	positions := map[string]int{}
	for at, id := range r.Cell.Game.AgentIDs() {
		positions[strconv.Itoa(id)] = at
	}
	position := func(text string) (int, error) {
		at, ok := positions[text]
		if !ok {
			return 0, fmt.Errorf("there is no agent %q", text)
		}
		return at, nil
	}
	head, err := lines.Read() // every line has as many fields
	methods := methodsOf(head)
	if err != nil || methods == 0 {
		return nil, fmt.Errorf("store: read queries: unknown columns %v: %w", head, errors.Join(err, ErrBroken))
	}
	var all []AttributedProbe
	for {
		line, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("store: read queries: %w", err)
		}
		a, err := parseProbe(line, methods, position)
		if err != nil {
			return nil, fmt.Errorf("store: read queries: line %d: %w", len(all)+2, err)
		}
		all = append(all, a)
	}
}

// methodsOf returns the number of methods whose guesses a file with these columns has; 0 for unknown columns.
func methodsOf(head []string) int {
	for n := firstMethods; n <= len(detect.Methods()); n++ {
		if slices.Equal(head, queriesHead(n)) {
			return n
		}
	}
	return 0
}

// parseProbe parses a line of QueriesFile with guesses of so many methods. position returns the position of the
// agent with an ID.
func parseProbe(line []string, methods int, position func(id string) (int, error)) (AttributedProbe, error) {
	a := AttributedProbe{Probe: game.Probe{Owner: game.Defender, Trigger: game.NoTrigger}, Guesses: map[indexing.Form][]int{}}
	var errs []error
	number := func(text string, into *int) {
		n, err := strconv.Atoi(text)
		*into = n
		errs = append(errs, err)
	}
	attacker := func(id string, into *int) {
		at, err := position(id)
		*into = at
		errs = append(errs, err)
	}
	label := 0
	number(line[0], &a.Position)
	if line[1] != defenderName {
		attacker(line[1], &a.Probe.Owner)
	}
	if line[2] != "" {
		attacker(line[2], &a.Probe.Trigger)
	}
	number(line[3], &label)
	a.Probe.Label = uint8(label)
	number(line[4], &a.Batch)
	guesses := line[5:]
	for _, form := range indexing.Forms() {
		own := make([]int, methods)
		for i := range own {
			attacker(guesses[i], &own[i])
		}
		a.Guesses[form], guesses = own, guesses[len(own):]
	}
	return a, errors.Join(errs...)
}

// UnlearnedPredictions reads, for each agent by position, the predictions for all probes after its images were
// unlearned. The error wraps ErrBroken if the file does not hold as many for each.
func (r *Record) UnlearnedPredictions() ([][]uint8, error) {
	all, err := r.readPredictions(UnlearnedFile)
	if err != nil {
		return nil, err
	}
	agents := r.Cell.Game.SeatCount()
	if len(all)%agents != 0 {
		return nil, fmt.Errorf("store: read predictions: %w: %s holds %d of %d agents", ErrBroken, UnlearnedFile, len(all), agents)
	}
	return slices.Collect(slices.Chunk(all, len(all)/agents)), nil
}
