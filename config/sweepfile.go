package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// sweepFile holds the contents of a sweep file, with every value checked.
type sweepFile struct {
	source    string
	name      string
	title     string
	preset    string
	base      []entry
	presets   map[string][]entry
	grid      [][]sweepSetting // the values of one key each, in the file's order
	list      []listItem       // at least one, which may be empty
	verify    []sweepSetting   // of the configuration in which triggers are verified
	seeds     []uint64         // if the file lists seeds
	seedCount int              // if the file has a number of seeds
	seedsAt   string           // place of either; empty: neither
}

// listItem is one entry of a sweep's list.
type listItem struct {
	name     string // empty: none
	settings []sweepSetting
}

// sweepSetting is the value of a key at some points of a sweep.
type sweepSetting struct {
	key   Key
	value any // from [Key.parse]
	where string
}

// settings returns all settings of the list.
func (f *sweepFile) settings() []sweepSetting {
	var all []sweepSetting
	for _, item := range f.list {
		all = append(all, item.settings...)
	}
	return all
}

// varied returns the settings of the points: those of the list, of the grid and, unless
// other seeds are asked for, the first of the list of seeds.
func (f *sweepFile) varied(otherSeeds bool) []sweepSetting {
	all := slices.Concat(f.settings(), slices.Concat(f.grid...))
	if seed, ok := lookup("seed"); ok && len(f.seeds) > 0 && !otherSeeds {
		all = append(all, sweepSetting{key: seed, value: f.seeds[0], where: f.seedsAt})
	}
	return all
}

// seedAt returns the place at which list or grid set the seed; empty if they do not.
func (f *sweepFile) seedAt() string {
	for _, s := range f.varied(true) {
		if s.key.Name == "seed" {
			return s.where
		}
	}
	return ""
}

// sweepFields holds the keys of a sweep file itself, each with the function that reads
// its value.
var sweepFields = map[string]func(f *sweepFile, node *yaml.Node) error{
	"name":    func(f *sweepFile, node *yaml.Node) error { return f.text(node, "name", &f.name) },
	"title":   func(f *sweepFile, node *yaml.Node) error { return f.text(node, "title", &f.title) },
	"preset":  (*sweepFile).readPreset,
	"base":    (*sweepFile).readBase,
	"presets": (*sweepFile).readPresets,
	"grid":    (*sweepFile).readGrid,
	"list":    (*sweepFile).readList,
	"verify":  (*sweepFile).readVerify,
	"seeds":   (*sweepFile).readSeeds,
}

// sweepFieldNames returns the keys of a sweep file in the order of their
// documentation.
func sweepFieldNames() []string {
	return []string{"name", "title", "preset", "base", "presets", "list", "grid", "verify", "seeds"}
}

// readSweep reads a sweep file.
func readSweep(text []byte, source string) (*sweepFile, error) {
	f := &sweepFile{source: source, presets: map[string][]entry{}}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, invalidf("%s: is empty; a sweep has %s", source, strings.Join(sweepFieldNames(), ", "))
	} else if err != nil {
		return nil, invalidf("%s: %w", source, err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, invalidf("%s: holds more than one YAML document", source)
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, invalidf("%s:%d: is not a sweep; a sweep has %s", source, root.Line, strings.Join(sweepFieldNames(), ", "))
	}
	lines := map[string]int{}
	for i := 0; i < len(root.Content); i += 2 {
		key, node := root.Content[i], root.Content[i+1]
		read, ok := sweepFields[key.Value]
		if !ok {
			return nil, &fault{key: key.Value, where: f.at(key), reason: notOfSweep(key.Value)}
		}
		if line, twice := lines[key.Value]; twice {
			return nil, &fault{key: key.Value, where: f.at(key), reason: fmt.Sprintf("was already given in line %d", line)}
		}
		lines[key.Value] = key.Line
		if err := read(f, node); err != nil {
			return nil, err
		}
	}
	if len(f.list) == 0 {
		f.list = []listItem{{}}
	}
	if f.name == "" {
		return nil, &fault{key: "name", where: source, reason: "must name the sweep"}
	}
	return f, f.eachKeyOnce()
}

// notOfSweep returns the reason why a name is not a key of a sweep file.
func notOfSweep(name string) string {
	if _, isKey := lookup(name); isKey || len(keysBelow(name)) > 0 {
		return "is a setting; in a sweep it belongs below base, list or grid"
	}
	return "is not a key of a sweep; the nearest one is " + Nearest(name, sweepFieldNames())
}

// at returns the place of a node.
func (f *sweepFile) at(node *yaml.Node) string { return fmt.Sprintf("%s:%d", f.source, node.Line) }

// text reads one line of text.
func (f *sweepFile) text(node *yaml.Node, field string, into *string) error {
	if node.Kind != yaml.ScalarNode || node.Tag == "!!null" || strings.TrimSpace(node.Value) == "" {
		return &fault{key: field, where: f.at(node), reason: "must be a text"}
	}
	*into = strings.TrimSpace(node.Value)
	return nil
}

// readPreset reads the preset that the sweep starts from.
func (f *sweepFile) readPreset(node *yaml.Node) error {
	if err := f.text(node, "preset", &f.preset); err != nil {
		return err
	}
	return f.checkPreset(node)
}

// checkPreset returns an error if a node does not name a preset.
func (f *sweepFile) checkPreset(node *yaml.Node) error {
	if slices.Contains(Presets(), node.Value) {
		return nil
	}
	return &fault{
		key: "preset", value: node.Value, where: f.at(node),
		reason: fmt.Sprintf("is not known; the nearest one is %s (of %s)", Nearest(node.Value, Presets()), strings.Join(Presets(), ", ")),
	}
}

// readBase reads the settings of all points.
func (f *sweepFile) readBase(node *yaml.Node) error {
	var err error
	f.base, err = f.entries(node)
	return err
}

// readPresets reads the settings for each preset.
func (f *sweepFile) readPresets(node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return &fault{key: "presets", where: f.at(node), reason: "must hold the names of presets, each with settings"}
	}
	for i := 0; i < len(node.Content); i += 2 {
		if err := f.checkPreset(node.Content[i]); err != nil {
			return err
		}
		entries, err := f.entries(node.Content[i+1])
		if err != nil {
			return err
		}
		f.presets[node.Content[i].Value] = append(f.presets[node.Content[i].Value], entries...)
	}
	return nil
}

// entries reads and checks a mapping of settings, written as in a configuration file.
func (f *sweepFile) entries(node *yaml.Node) ([]entry, error) {
	reader := yamlReader{source: f.source, lines: map[string]int{}}
	if err := reader.section(node, ""); err != nil {
		return nil, err
	}
	for _, e := range reader.entries {
		if _, _, err := e.resolve(); err != nil {
			return nil, err
		}
	}
	return reader.entries, nil
}

// setting resolves an entry of a list or grid.
func (e entry) setting() (sweepSetting, error) {
	key, value, err := e.resolve()
	return sweepSetting{key: key, value: value, where: e.where}, err
}

// readGrid reads the values of each key of the grid.
func (f *sweepFile) readGrid(node *yaml.Node) error {
	reader := yamlReader{source: f.source, lines: map[string]int{}}
	if err := reader.section(node, ""); err != nil {
		return err
	}
	for _, e := range reader.entries {
		if _, ok := lookup(e.key); !ok {
			return &fault{key: e.key, where: e.where, reason: unknown(e.key)}
		}
		values, ok := e.raw.([]any)
		if !ok || len(values) == 0 {
			return &fault{key: e.key, value: e.raw, where: e.where, reason: "must be a list of values in a grid, at least one"}
		}
		axis := make([]sweepSetting, len(values))
		for i, value := range values {
			var err error
			if axis[i], err = (entry{key: e.key, raw: value, where: fmt.Sprintf("%s, value %d", e.where, i+1)}).setting(); err != nil {
				return err
			}
		}
		f.grid = append(f.grid, axis)
	}
	return nil
}

// readList reads the list of points.
func (f *sweepFile) readList(node *yaml.Node) error {
	if node.Kind != yaml.SequenceNode || len(node.Content) == 0 {
		return &fault{key: "list", where: f.at(node), reason: "must be a list of settings, at least one"}
	}
	for _, item := range node.Content {
		if err := f.readItem(item); err != nil {
			return err
		}
	}
	return nil
}

// readItem reads one entry of the list: its settings, and its name if it has one.
func (f *sweepFile) readItem(node *yaml.Node) error {
	var item listItem
	settings := *node
	settings.Content = nil
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Kind != yaml.MappingNode || node.Content[i].Value != "name" {
			settings.Content = append(settings.Content, node.Content[i], node.Content[i+1])
			continue
		}
		if item.name != "" {
			return &fault{key: "name", where: f.at(node.Content[i]), reason: "was already given"}
		}
		if err := f.text(node.Content[i+1], "name", &item.name); err != nil {
			return err
		}
	}
	entries, err := f.entries(&settings)
	if err != nil {
		return err
	}
	if item.settings, err = settingsOf(entries); err != nil {
		return err
	}
	f.list = append(f.list, item)
	return nil
}

// settingsOf returns the resolved entries.
func settingsOf(entries []entry) ([]sweepSetting, error) {
	var settings []sweepSetting
	for _, e := range entries {
		s, err := e.setting()
		if err != nil {
			return nil, err
		}
		settings = append(settings, s)
	}
	return settings, nil
}

// verifySections are the sections of which a sweep may set other values for verifying
// triggers. A single game depends on them. It depends on the seed and the images, too,
// but so does the trigger itself.
var verifySections = []string{"asr", "attackers", "deal", "model", "pool", "train", "trigger"}

// readVerify reads the settings for verifying triggers.
func (f *sweepFile) readVerify(node *yaml.Node) error {
	entries, err := f.entries(node)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if section, _, _ := strings.Cut(e.key, "."); !slices.Contains(verifySections, section) {
			return &fault{
				key: e.key, where: e.where,
				reason: "cannot have another value for verifying triggers; only keys of " + strings.Join(verifySections, ", ") + " can",
			}
		}
	}
	f.verify, err = settingsOf(entries)
	return err
}

// readSeeds reads the number of seeds, or the list of them.
func (f *sweepFile) readSeeds(node *yaml.Node) error {
	f.seedsAt = f.at(node)
	wrong := &fault{key: "seeds", where: f.seedsAt, reason: "must be the number of seeds, at least 1, or a list of different seeds"}
	if node.Kind == yaml.ScalarNode {
		n, err := strconv.Atoi(node.Value)
		if err != nil || n < 1 {
			wrong.value = node.Value
			return wrong
		}
		f.seedCount = n
		return nil
	}
	if err := node.Decode(&f.seeds); err != nil || len(f.seeds) == 0 || len(slices.Compact(slices.Sorted(slices.Values(f.seeds)))) < len(f.seeds) {
		return wrong
	}
	return nil
}

// eachKeyOnce refuses a key that two parts of the file set for the same points, since
// the value of one part would have no effect.
func (f *sweepFile) eachKeyOnce() error {
	given := map[string]string{} // key -> place
	for _, e := range f.base {
		given[e.key] = e.where
	}
	for _, s := range f.settings() {
		given[s.key.Name] = s.where
	}
	for _, axis := range f.grid {
		if where, twice := given[axis[0].key.Name]; twice {
			return &fault{key: axis[0].key.Name, where: axis[0].where, reason: "was already given at " + where}
		}
	}
	if where := f.seedAt(); where != "" && f.seedsAt != "" {
		return &fault{key: "seed", where: where, reason: "was already given at " + f.seedsAt}
	}
	return nil
}
