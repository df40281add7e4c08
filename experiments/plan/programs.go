package plan

import (
	"fmt"
	"path/filepath"

	"backfire/config"
	"backfire/defenses"
	"backfire/experiments/cell"
	"backfire/internal/program"
)

// withProgram returns a stack in which the command of exec is the program's name alone, beside the SHA-256 of its
// files: where it lies decides nothing. The error wraps program.ErrProgram.
func withProgram(s defenses.Stack) (defenses.Stack, error) {
	settings := defenses.Get[defenses.Exec](s, defenses.KindExec)
	if settings == nil {
		return s, nil
	}
	if settings.Command == "" {
		return s, fmt.Errorf("%w: exec.command is empty: name a program, as in exec(command=./mydefense.py)", defenses.ErrPolicy)
	}
	sum, err := program.Sum(settings.Command)
	if err != nil {
		return s, fmt.Errorf("%w: %w", defenses.ErrPolicy, err)
	}
	own := *settings
	own.Command, own.SHA256 = filepath.Base(settings.Command), sum
	return s.With(defenses.KindExec, &own), nil
}

// programOf returns the path of the program of a cell, which one of the defenders of the configuration names;
// empty if it has none.
func programOf(cfg config.Config, c cell.Cell) string {
	wanted := defenses.Get[defenses.Exec](c.DefenseStack(), defenses.KindExec)
	if wanted == nil {
		return ""
	}
	for _, name := range cfg.Defenders {
		parts, err := config.ParseDefender(name)
		if err != nil {
			continue
		}
		for _, part := range parts {
			if part.Name != string(defenses.KindExec) {
				continue
			}
			path := commandOf(cfg, part)
			if sum, err := program.Sum(path); err == nil && sum == wanted.SHA256 {
				return path
			}
		}
	}
	return ""
}

// commandOf returns the command of a defender's exec: its own, or that of the configuration's section.
func commandOf(cfg config.Config, part config.DefensePart) string {
	settings := append(cfg.Section(string(defenses.KindExec)), part.Own...)
	command := ""
	for _, setting := range settings {
		if setting.Key == "command" {
			command = setting.Value
		}
	}
	return command
}
