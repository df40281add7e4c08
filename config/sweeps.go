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
// that of choices of target labels, and the certificates of votes over agents.
func Sweeps() []string {
	return []string{"table1", "table2", "table3", "table3-as-reported", "defenses", "labels", "vote"}
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
	return fileText("sweep", sweep, environ, "one of "+strings.Join(Sweeps(), ", "))
}

// fileText returns the text and the source of a file of a kind, such as "sweep". environ names the home
// directory. Where there is no such file, the error names known, what else could have been meant.
func fileText(kind, name string, environ []string, known string) (text []byte, source string, err error) {
	file, err := ExpandPath(name, environ)
	if err != nil {
		return nil, "", err
	}
	text, err = disk.ReadFile(file, disk.MaxText)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, "", invalidf("%s %q is neither a file nor %s: %w", kind, name, known, err)
	case err != nil:
		return nil, "", invalidf("read %s: %w", kind, err)
	default:
		return text, "file " + file, nil
	}
}

// nearestOf lists names, and which of them is nearest to another one.
func nearestOf(name string, names []string) string {
	return "one of " + strings.Join(names, ", ") + "; the nearest one is " + Nearest(name, names)
}
