package config

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"backfire/internal/disk"
)

// fileEntries returns the settings of a configuration file; none if path is empty.
// environ names the home directory.
func fileEntries(path string, environ []string) ([]entry, error) {
	if path == "" {
		return nil, nil
	}
	expanded, err := ExpandPath(path, environ)
	if err != nil {
		return nil, err
	}
	text, err := disk.ReadFile(expanded, disk.MaxText)
	if err != nil {
		return nil, invalidf("read configuration file: %w", err)
	}
	return yamlEntries(text, "file "+expanded)
}

// yamlEntries returns the settings of one YAML document. Sections may be nested or
// written out ("attackers.p: 0.3"). A key that is given twice is refused. Entries of the
// document that hold anchors are skipped.
func yamlEntries(text []byte, source string) ([]entry, error) {
	root, err := yamlRoot(text, source)
	if err != nil || root == nil {
		return nil, err
	}
	reader := newYAMLReader(newYAMLFile(source, root))
	pairs, err := reader.mapping(root)
	if err != nil {
		return nil, err
	}
	for _, pair := range pairs {
		_, isKey := lookup(pair.key.Value)
		if !isKey && len(keysBelow(pair.key.Value)) == 0 && reader.holdsAnchors(pair) {
			continue
		}
		if err := reader.setting(pair.key.Value, pair); err != nil {
			return nil, err
		}
	}
	return reader.entries()
}

// yamlReader flattens a YAML tree into settings.
type yamlReader struct {
	*yamlFile
	settings []yamlSetting
	lines    map[string]int // key -> line in which it is given
}

// yamlSetting is a key with its value's node.
type yamlSetting struct {
	key    string
	value  *yaml.Node // no alias
	where  string
	remark string // as in [written]
}

// newYAMLReader returns a reader of settings of a file.
func newYAMLReader(file *yamlFile) *yamlReader {
	return &yamlReader{yamlFile: file, lines: map[string]int{}}
}

// mapping returns the entries of a mapping that holds settings. An empty section has no
// settings.
func (r *yamlReader) mapping(node *yaml.Node) ([]yamlPair, error) {
	node = target(node)
	if isNothing(node) {
		return nil, nil
	}
	if node.Kind != yaml.MappingNode {
		return nil, invalidf("%s: holds no settings; each is written as key: value", r.at(node))
	}
	return r.pairs(node)
}

// section reads one mapping.
func (r *yamlReader) section(node *yaml.Node, prefix string) error {
	pairs, err := r.mapping(node)
	if err != nil {
		return err
	}
	for _, pair := range pairs {
		if err := r.setting(prefix+pair.key.Value, pair); err != nil {
			return err
		}
	}
	return nil
}

// setting reads one key, or the section of that name. It refuses what is neither at
// once, so that a file of mappings that contain each other many times is soon read.
func (r *yamlReader) setting(name string, pair yamlPair) error {
	_, isKey := lookup(name)
	isSection := len(keysBelow(name)) > 0
	// An unknown section is read, too, so that its keys are refused by their full names.
	perhaps := isSection || len(pair.value.Content) > 0 && !strings.Contains(name, ".")
	if isSection && isNothing(pair.value) || !isKey && pair.value.Kind == yaml.MappingNode && perhaps {
		return r.section(pair.value, name+".")
	}
	where := r.at(pair.key)
	if !isKey {
		return &fault{key: name, where: where, reason: unknown(name)}
	}
	if line, twice := r.lines[name]; twice {
		return &fault{key: name, where: where, reason: fmt.Sprintf("was already given in line %d", line)}
	}
	r.lines[name] = pair.key.Line
	s := yamlSetting{key: name, value: pair.value, where: where}
	if pair.value.LineComment != "" || pair.key.LineComment != "" {
		s.remark = " (what follows # is a comment: put a value that has it in quotes)"
	}
	r.settings = append(r.settings, s)
	return nil
}

// entries returns the settings that were read, with their values as text.
func (r *yamlReader) entries() ([]entry, error) {
	entries := make([]entry, len(r.settings))
	for i, s := range r.settings {
		var err error
		if entries[i], err = r.entry(s.key, s.value, s.where); err != nil {
			return nil, err
		}
		entries[i].raw.remark = s.remark
	}
	return entries, nil
}

// entry returns a key with the value of a node.
func (r *yamlReader) entry(name string, value *yaml.Node, where string) (entry, error) {
	raw, err := writtenIn(value)
	if err != nil {
		key, _ := lookup(name)
		return entry{}, &fault{key: name, where: where, reason: fmt.Sprintf("%v; it must be %s", err, key.wanted())}
	}
	return entry{key: name, raw: raw, source: r.source, where: where}, nil
}
