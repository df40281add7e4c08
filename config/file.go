package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"go.yaml.in/yaml/v3"
)

// fileEntries returns the settings of a configuration file; none if path is empty.
func fileEntries(path string) ([]entry, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, invalidf("read configuration file: %w", err)
	}
	return yamlEntries(text, "file "+path)
}

// yamlEntries returns the settings of one YAML document. Sections may be nested or
// written out ("attackers.p: 0.3"). A key that is given twice is refused.
func yamlEntries(text []byte, source string) ([]entry, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, invalidf("%s: %w", source, err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, invalidf("%s: holds more than one YAML document", source)
	}
	reader := yamlReader{source: source, lines: map[string]int{}}
	if err := reader.section(document.Content[0], ""); err != nil {
		return nil, err
	}
	return reader.entries, nil
}

// yamlReader flattens a YAML tree into entries.
type yamlReader struct {
	source  string
	entries []entry
	lines   map[string]int // key -> line in which it is given
}

// section reads one mapping. An empty section has no settings.
func (r *yamlReader) section(node *yaml.Node, prefix string) error {
	if node.Kind == yaml.ScalarNode && node.Tag == "!!null" {
		return nil
	}
	if node.Kind != yaml.MappingNode {
		return invalidf("%s:%d: holds no settings; each is written as key: value", r.source, node.Line)
	}
	for i := 0; i < len(node.Content); i += 2 {
		if err := r.setting(prefix+node.Content[i].Value, node.Content[i], node.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// setting reads one key, or the section of that name.
func (r *yamlReader) setting(name string, key, value *yaml.Node) error {
	_, isKey := lookup(name)
	isSection := len(keysBelow(name)) > 0
	// An unknown section is read, too, so that its keys are refused by their full names.
	if isSection && value.Tag == "!!null" || !isKey && value.Kind == yaml.MappingNode && (isSection || len(value.Content) > 0) {
		return r.section(value, name+".")
	}
	if line, twice := r.lines[name]; twice {
		return &fault{key: name, where: r.place(key.Line), reason: fmt.Sprintf("was already given in line %d", line)}
	}
	r.lines[name] = key.Line
	var raw any
	if err := value.Decode(&raw); err != nil {
		return &fault{key: name, where: r.place(key.Line), reason: err.Error()}
	}
	r.entries = append(r.entries, entry{key: name, raw: raw, source: r.source, where: r.place(key.Line)})
	return nil
}

// place returns the name of a line of the file.
func (r *yamlReader) place(line int) string { return fmt.Sprintf("%s:%d", r.source, line) }
