package config

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"backfire/internal/disk"
)

//go:embed sweeps/*.yaml
var sweepFiles embed.FS

// Sweeps returns the names of the sweeps that are part of the program: the paper's
// tables, table 3 in the reading that gives its figures, the comparison of all defenses,
// and that of choices of target labels.
func Sweeps() []string {
	return []string{"table1", "table2", "table3", "table3-as-reported", "defenses", "labels"}
}

// SweepText returns the YAML of one of [Sweeps]. It is a template for other sweeps.
func SweepText(name string) (string, error) {
	if !slices.Contains(Sweeps(), name) {
		return "", invalidf("sweep %q is not known; the nearest one is %s (of %s)", name, Nearest(name, Sweeps()), strings.Join(Sweeps(), ", "))
	}
	text, err := sweepFiles.ReadFile(path.Join("sweeps", name+".yaml"))
	if err != nil {
		return "", fmt.Errorf("config: read sweep: %w", err)
	}
	return string(text), nil
}

// sweepTitle returns the title of one of [Sweeps]; empty if the name is not known.
func sweepTitle(name string) string {
	text, err := SweepText(name)
	if err != nil {
		return ""
	}
	file, err := readSweep([]byte(text), "sweep "+name)
	if err != nil {
		return ""
	}
	return file.title
}

// sweepText returns the text and the source of one of [Sweeps], or else of a file.
// environ names the home directory.
func sweepText(sweep string, environ []string) (text []byte, source string, err error) {
	if slices.Contains(Sweeps(), sweep) {
		text, err := SweepText(sweep)
		return []byte(text), "sweep " + sweep, err
	}
	file, err := ExpandPath(sweep, environ)
	if err != nil {
		return nil, "", err
	}
	text, err = disk.ReadFile(file, disk.MaxText)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, "", invalidf("sweep %q is neither a file nor one of %s: %w", sweep, strings.Join(Sweeps(), ", "), err)
	case err != nil:
		return nil, "", invalidf("read sweep: %w", err)
	default:
		return text, "file " + file, nil
	}
}
