package config

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"
)

//go:embed presets/*.yaml
var presetFiles embed.FS

// Presets returns the names of the presets, from the smallest to the largest.
func Presets() []string { return []string{"quick", "as-reported", "workstation", "authors", "paper"} }

// PresetText returns a preset's YAML, with a comment for every value.
func PresetText(name string) (string, error) {
	if !slices.Contains(Presets(), name) {
		return "", invalidf("preset %q is not known; the nearest one is %s (of %s)",
			name, Nearest(name, Presets()), strings.Join(Presets(), ", "))
	}
	text, err := presetFiles.ReadFile(path.Join("presets", name+".yaml"))
	if err != nil {
		return "", fmt.Errorf("config: read preset: %w", err)
	}
	return string(text), nil
}

// presetEntries returns the settings of a preset; none if name is empty.
func presetEntries(name string) ([]entry, error) {
	if name == "" {
		return nil, nil
	}
	text, err := PresetText(name)
	if err != nil {
		return nil, err
	}
	return yamlEntries([]byte(text), "preset "+name)
}

// PresetSummary returns the first line of a preset's comment; empty if the preset is
// not known.
func PresetSummary(name string) string {
	text, err := PresetText(name)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(text, "\n")
	return strings.TrimPrefix(line, "# ")
}
