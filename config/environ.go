package config

import (
	"cmp"
	"slices"
	"strings"
)

// Variable is an environment variable that is no setting.
type Variable struct{ Name, Help string }

// Variables returns the program's environment variables that are not settings.
// Every other name that begins with BACKFIRE_ must belong to a key.
func Variables() []Variable {
	return []Variable{
		{"BACKFIRE_CACHE", "directory for downloads, libtorch and decoded datasets; default: backfire below the user's cache directory"},
		{"BACKFIRE_VARIANT", "libtorch that make setup installs: cpu or cuda"},
		{"BACKFIRE_ENGINE", "the program that trains models; default: backfire-engine beside this program"},
		{"BACKFIRE_PYTHON", "the Python whose PyTorch make gpu-check times training beside"},
		{"LIBTORCH", "directory of another libtorch than the one that the engine was built with, such as the torch directory of an installed PyTorch of the same version; make setup builds for it"},
	}
}

// environEntries reads the settings among the environment's variables. An empty
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
	// A key's first name wins over its second, so it is applied last.
	slices.SortStableFunc(settings, func(a, b found) int { return cmp.Compare(b.rank, a.rank) })
	entries := make([]entry, len(settings))
	for i, setting := range settings {
		entries[i] = setting.entry
	}
	return entries, nil
}

// keyOfVariable returns the key that a variable sets and the variable's rank
// among the key's names.
func keyOfVariable(name string) (key string, rank int, ok bool) {
	for _, key := range declared() {
		if rank := slices.Index(key.Env, name); rank >= 0 {
			return key.Name, rank, true
		}
	}
	return "", 0, false
}

// variableNames returns all names that are known, settings and others.
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
