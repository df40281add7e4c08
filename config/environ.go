package config

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// isServiceVariable reports whether Kubernetes sets a variable of that name in each
// container for a service, or Docker for a link. Such names begin with the service's name
// in capitals: BACKFIRE for a service backfire, BACKFIRE_STORE for a service
// backfire-store.
func isServiceVariable(name string) bool {
	if strings.HasSuffix(name, "_SERVICE_HOST") || strings.HasSuffix(name, "_PORT") || strings.Contains(name, "_SERVICE_PORT_") {
		return true
	}
	at := strings.LastIndex(name, "_PORT_") // of BACKFIRE_PORT_6006_TCP_ADDR, for example
	if at < 0 {
		return false
	}
	parts := strings.Split(name[at+len("_PORT_"):], "_")
	_, err := strconv.ParseUint(parts[0], 10, 16)
	return err == nil && (len(parts) == 2 || len(parts) == 3 && slices.Contains([]string{"PROTO", "PORT", "ADDR"}, parts[2])) &&
		slices.Contains([]string{"TCP", "UDP", "SCTP"}, parts[1])
}

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
		if !strings.HasPrefix(name, envPrefix) {
			continue
		}
		key, rank, ok := keyOfVariable(name)
		switch {
		case ok:
			settings = append(settings, found{entry{key: key, raw: written{text: value}, source: "env " + name, where: "env " + name}, rank})
		case !isServiceVariable(name):
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
