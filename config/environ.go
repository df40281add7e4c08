package config

import (
	"cmp"
	"slices"
	"strings"
)

// Variable is an environment variable that is not a setting.
type Variable struct{ Name, Help string }

// Variables returns the program's environment variables that are not settings.
// Any other name that begins with BACKFIRE_ must belong to a key.
func Variables() []Variable {
	return []Variable{
		{"BACKFIRE_CACHE", "directory for downloads, libtorch and decoded datasets; default: backfire below the user's cache directory"},
		{"BACKFIRE_VARIANT", "variant of libtorch that make setup installs: cpu or cuda"},
		{"BACKFIRE_ENGINE", "program that trains models; default: backfire-engine in the directory of this program"},
		{"BACKFIRE_PYTHON", "Python with the PyTorch against which make gpu-check times training"},
		{"LIBTORCH", "directory of another libtorch of the version that the engine was built with, such as the torch directory of an installed PyTorch; make setup builds for it"},
	}
}

// environEntries returns the settings among the environment's variables. An empty
// variable counts as not set.
func environEntries(environ []string) ([]entry, error) {
	type found struct {
		entry
		rank int
	}
	var settings []found
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, EnvPrefix) || value == "" {
			continue
		}
		key, rank, ok := keyOfVariable(name)
		if ok {
			settings = append(settings, found{entry{key: key, raw: value, source: "env " + name, where: "env " + name}, rank})
			continue
		}
		if !slices.ContainsFunc(Variables(), func(v Variable) bool { return v.Name == name }) {
			return nil, invalidf("environment variable %s is not known; the nearest one is %s", name, Nearest(name, variableNames()))
		}
	}
	// A key's first name overrides its second, so it is applied last.
	slices.SortStableFunc(settings, func(a, b found) int { return cmp.Compare(b.rank, a.rank) })
	entries := make([]entry, len(settings))
	for i, setting := range settings {
		entries[i] = setting.entry
	}
	return entries, nil
}

// keyOfVariable returns the key that a variable sets, and the variable's position
// among the key's names.
func keyOfVariable(name string) (key string, rank int, ok bool) {
	for _, key := range declared() {
		if rank := slices.Index(key.Env, name); rank >= 0 {
			return key.Name, rank, true
		}
	}
	return "", 0, false
}

// variableNames returns all known names, those of settings and the others.
func variableNames() []string {
	var names []string
	for _, key := range declared() {
		names = append(names, key.Env...)
	}
	for _, variable := range Variables() {
		names = append(names, variable.Name)
	}
	return names
}
