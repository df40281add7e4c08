package config

import (
	"errors"
	"path/filepath"
	"reflect"
	"strings"
)

// checkPath refuses texts of which it is not certain that they are meant as paths. A
// shell replaces ~ only at the beginning of a word, so files, variables and --store=~/x
// hand it over as it is.
func checkPath(text string) error {
	switch {
	case text != "" && null(text):
		return errors.New("names no file; for a file of that name, write ./" + text)
	case strings.HasPrefix(text, "~") && !strings.HasPrefix(text, "~/"):
		return errors.New("begins with ~; only ~/ stands for a directory, the home directory; for a file of that name, write ./" + text)
	default:
		return nil
	}
}

// ExpandPath returns a path that is no setting, such as that of a file to write, with ~/
// at its beginning replaced by the home directory that the environment names (HOME). It
// refuses any other ~ there, as settings that are paths do. Errors wrap [ErrInvalid].
func ExpandPath(path string, environ []string) (string, error) {
	err := checkPath(path)
	expanded := path
	if err == nil {
		expanded, err = expandPath(path, homeOf(environ))
	}
	if err != nil {
		return "", invalidf("path %s: %w", path, err)
	}
	return expanded, nil
}

// homeOf returns the home directory that an environment names; empty if it names none.
func homeOf(environ []string) string {
	home := ""
	for _, variable := range environ {
		if value, ok := strings.CutPrefix(variable, "HOME="); ok {
			home = value
		}
	}
	return home
}

// expandPath replaces ~/ at the beginning of a path by the home directory.
func expandPath(path, home string) (string, error) {
	rest, ok := strings.CutPrefix(path, "~/")
	switch {
	case !ok:
		return path, nil
	case home == "":
		return "", errors.New("begins with ~/, but HOME, which names the home directory, is not set; write the whole path")
	default:
		return filepath.Join(home, rest), nil
	}
}

// expandPaths replaces ~/ at the beginning of each path of a configuration. where holds
// the places of the keys' values for the error.
func expandPaths(cfg *Config, home string, where map[string]string) error {
	for _, key := range declared() {
		if !key.isPath {
			continue
		}
		value := key.valueIn(cfg)
		expanded, err := expandValue(value, home)
		if err != nil {
			return &fault{key: key.Name, value: value, where: where[key.Name], reason: err.Error()}
		}
		key.setIn(cfg, expanded)
	}
	return nil
}

// expandValue returns a path, or a list of paths, with ~/ replaced. It leaves the list
// that it is given alone, which points of a sweep share.
func expandValue(value any, home string) (any, error) {
	list, ok := value.([]string)
	if !ok {
		return expandPath(reflect.ValueOf(value).String(), home)
	}
	var expanded []string
	for _, path := range list {
		path, err := expandPath(path, home)
		if err != nil {
			return nil, err
		}
		expanded = append(expanded, path)
	}
	return expanded, nil
}
