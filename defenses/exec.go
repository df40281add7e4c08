package defenses

import (
	"fmt"

	"backfire/defenses/definition"
)

// Exec hands the training set to a program of the user's, which answers in place of a trained model.
type Exec struct {
	// Command is the name of the program, without the directory that it lies in.
	Command string `json:"command" yaml:"command"`
	// SHA256 is that of its files, see program.Sum.
	SHA256 string `json:"sha256" yaml:"sha256"`
	// Version is the program's version, as the user declares it.
	Version string `json:"version" yaml:"version"`
	// Owners reports that the defender knows which agent contributed each image.
	Owners bool `json:"owners" yaml:"owners"`
	// Limit is the longest time in seconds that the program may take for one model.
	Limit int `json:"limit" yaml:"limit"`
}

// KindExec is the name of Exec.
const KindExec Kind = "exec"

// execProgram is the definition of Exec.
var execProgram = definition.Definition{
	Kind: KindExec, Stages: []definition.Stage{definition.Program},
	Summary: "a program of your own gets the training set and answers in place of the model (docs/python.md)",
	Settings: []definition.Setting{
		{Key: "command", Default: "", Help: "the program: an executable file, a file NAME.py, or a directory with main or __main__.py"},
		{Key: "version", Default: "", Help: "what you call the program's version; results name it beside the program's SHA-256"},
		{Key: "owners", Default: "false", Help: "the defender knows which agent contributed each image"},
		{Key: "limit", Default: "3600", Range: "[1,)", Help: "longest time in seconds that the program may take for one model"},
	},
	New: func() any { return new(Exec) },
}

// CheckBeside refuses defenses beside a program, except those of the data and those that decide which models there
// are, each of which the program then takes the place of: it trains as it likes, if at all.
func (*Exec) CheckBeside(d definition.Definition) error {
	if d.Acts(definition.Data) || d.Acts(definition.Models) {
		return nil
	}
	return fmt.Errorf("%s and %s together: a program takes the place of the whole training: leave one out", KindExec, d.Kind)
}
