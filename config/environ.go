package config

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
)

// serviceVariable matches the variables that Kubernetes sets in each container for every
// service, and Docker for every link. They begin with the service's name in capitals,
// which is BACKFIRE for a service backfire and BACKFIRE_STORE for a service
// backfire-store.
var serviceVariable = regexp.MustCompile(`^BACKFIRE(_[A-Z0-9_]+)?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT|PORT_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR|START|END))?)$`)

// Variable is an environment variable that is not a setting.
type Variable struct {
	Name, Help string
	path       bool // its value is a path, in which nothing replaces ~
}

// Variables returns the program's environment variables that are not settings.
// Any other name that begins with BACKFIRE_ must belong to a key, or be that of a
// variable which Kubernetes sets for a service.
func Variables() []Variable {
	return []Variable{
		{"BACKFIRE_CACHE", "directory for downloads, libtorch and decoded datasets; default: backfire below the user's cache directory", true},
		{"BACKFIRE_VARIANT", "variant of libtorch that make setup installs: cpu or cuda", false},
		{"BACKFIRE_ENGINE", "program that trains models; default: backfire-engine in the directory of this program", true},
		{"BACKFIRE_PYTHON", "Python with the PyTorch against which make gpu-check times training", true},
		{"LIBTORCH", "directory of another libtorch of the version that the engine was built with, such as the torch directory of an installed PyTorch; make setup builds for it", true},
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
		if value == "" {
			continue
		}
		if at := slices.IndexFunc(Variables(), func(v Variable) bool { return v.Name == name }); at >= 0 {
			if Variables()[at].path && strings.HasPrefix(value, "~") {
				return nil, invalidf("environment variable %s = %s: begins with ~, which is not replaced there; write the whole path", name, value)
			}
			continue
		}
		if !strings.HasPrefix(name, EnvPrefix) {
			continue
		}
		key, rank, ok := keyOfVariable(name)
		switch {
		case ok:
			settings = append(settings, found{entry{key: key, raw: written{text: value}, source: "env " + name, where: "env " + name}, rank})
		case !serviceVariable.MatchString(name):
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
