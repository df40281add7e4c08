package config

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// sweepFile holds the contents of a sweep file, with every value checked.
type sweepFile struct {
	*yamlFile
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
	primary   *Primary         // nil: nothing is fixed
	primaryAt string           // its place
	reading   []sweepSetting   // Primary.Reading
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
	"primary": (*sweepFile).readPrimary,
	"seeds":   (*sweepFile).readSeeds,
}

// sweepFieldNames returns the keys of a sweep file in the order of their
// documentation.
func sweepFieldNames() []string {
	return []string{"name", "title", "preset", "base", "presets", "list", "grid", "verify", "primary", "seeds"}
}

// readSweep reads a sweep file.
func readSweep(text []byte, source string) (*sweepFile, error) {
	root, err := yamlRoot(text, source)
	if err != nil {
		return nil, err
	}
	if root == nil {
		return nil, invalidf("%s: is empty; a sweep has %s", source, strings.Join(sweepFieldNames(), ", "))
	}
	f := &sweepFile{yamlFile: newYAMLFile(source, root), presets: map[string][]entry{}}
	if root.Kind != yaml.MappingNode {
		return nil, invalidf("%s: is not a sweep; a sweep has %s", f.at(root), strings.Join(sweepFieldNames(), ", "))
	}
	pairs, err := f.pairs(root)
	if err != nil {
		return nil, err
	}
	lines := map[string]int{}
	for _, pair := range pairs {
		key := pair.key
		read, ok := sweepFields[key.Value]
		if !ok && f.holdsAnchors(pair) {
			continue
		}
		if !ok {
			return nil, &fault{key: key.Value, where: f.at(key), reason: notOfSweep(key.Value)}
		}
		if line, twice := lines[key.Value]; twice {
			return nil, &fault{key: key.Value, where: f.at(key), reason: fmt.Sprintf("was already given in line %d", line)}
		}
		lines[key.Value] = key.Line
		if err := read(f, pair.value); err != nil {
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

// text reads one line of text.
func (f *sweepFile) text(node *yaml.Node, field string, into *string) error {
	if node.Kind != yaml.ScalarNode || isNothing(node) || strings.TrimSpace(node.Value) == "" {
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
	pairs, err := f.pairs(node)
	if err != nil {
		return err
	}
	for _, pair := range pairs {
		name := pair.key.Value
		if err := f.checkPreset(pair.key); err != nil {
			return err
		}
		if _, twice := f.presets[name]; twice {
			return &fault{key: name, where: f.at(pair.key), reason: "was already given"}
		}
		if f.presets[name], err = f.entries(pair.value); err != nil {
			return err
		}
	}
	return nil
}

// entries reads and checks a mapping of settings, written as in a configuration file.
func (f *sweepFile) entries(node *yaml.Node) ([]entry, error) {
	reader := newYAMLReader(f.yamlFile)
	if err := reader.section(node, ""); err != nil {
		return nil, err
	}
	return checkedEntries(reader)
}

// checkedEntries returns the settings that a reader has read, and checks their values.
func checkedEntries(reader *yamlReader) ([]entry, error) {
	entries, err := reader.entries()
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if _, _, err := e.resolve(); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// setting resolves an entry of a list or grid.
func (e entry) setting() (sweepSetting, error) {
	key, value, err := e.resolve()
	return sweepSetting{key: key, value: value, where: e.where}, err
}

// readGrid reads the values of each key of the grid.
func (f *sweepFile) readGrid(node *yaml.Node) error {
	reader := newYAMLReader(f.yamlFile)
	if err := reader.section(node, ""); err != nil {
		return err
	}
	for _, s := range reader.settings {
		if s.value.Kind != yaml.SequenceNode || len(s.value.Content) == 0 {
			wrong := &fault{key: s.key, where: s.where, reason: "must be a list of values in a grid, at least one"}
			if raw, err := writtenIn(s.value); err == nil {
				wrong.value = raw.shown()
			}
			return wrong
		}
		axis := make([]sweepSetting, len(s.value.Content))
		for i, value := range s.value.Content {
			e, err := reader.entry(s.key, value, fmt.Sprintf("%s, value %d", s.where, i+1))
			if err != nil {
				return err
			}
			if axis[i], err = e.setting(); err != nil {
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
		if err := f.readItem(target(item)); err != nil {
			return err
		}
	}
	return nil
}

// readItem reads one entry of the list: its settings, and its name if it has one.
func (f *sweepFile) readItem(node *yaml.Node) error {
	reader := newYAMLReader(f.yamlFile)
	pairs, err := reader.mapping(node)
	if err != nil {
		return err
	}
	var item listItem
	for _, pair := range pairs {
		switch {
		case pair.key.Value != "name":
			err = reader.setting(pair.key.Value, pair)
		case item.name != "":
			err = &fault{key: "name", where: f.at(pair.key), reason: "was already given"}
		default:
			err = f.text(pair.value, "name", &item.name)
		}
		if err != nil {
			return err
		}
	}
	entries, err := checkedEntries(reader)
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
	raw, err := writtenIn(node)
	if err != nil {
		return wrong
	}
	if !raw.divided {
		if f.seedCount, err = parseInt(strings.TrimSpace(raw.text)); err != nil || f.seedCount < 1 {
			wrong.value = raw.shown()
			return wrong
		}
		return nil
	}
	for _, text := range raw.list {
		seed, err := parseUint(strings.TrimSpace(text))
		if err != nil {
			return wrong
		}
		f.seeds = append(f.seeds, seed)
	}
	if len(f.seeds) == 0 || len(slices.Compact(slices.Sorted(slices.Values(f.seeds)))) < len(f.seeds) {
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
