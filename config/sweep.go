package config

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"backfire/audit"
	"backfire/payoffs"
)

// MaxPoints is the largest number of points of a sweep over all seeds. A sweep with
// more points is taken for a mistake.
const MaxPoints = 10_000

// Sweep is a set of configurations that differ in some keys, made from a sweep
// file.
type Sweep struct {
	Name   string // short, such as "table1"
	Title  string // one line that describes it; may be empty
	Source string // its origin: "sweep table1" or "file my.yaml"
	Preset string // the preset that all points start from; empty: none
	// Primary holds the choices that the file fixes before anything is trained; nil: none.
	Primary *Primary
	// Audit describes the audit that the sweep is part of; nil: none.
	Audit *audit.Spec
	// Game describes the attackers' game whose profiles the points are; nil: none.
	Game *payoffs.Spec
	// Points are sorted by seed, then by training, then by the entries of the file's list,
	// then by the grid, whose last key varies fastest. No two points are equal.
	Points []Point
	// Notices are those of [Resolved] that hold at every point with the setting.
	Notices []string
}

// Point is one configuration of a sweep.
type Point struct {
	// Name is unique among the points of one seed and training. It consists of the point's name
	// in the file's list, if it has one, and of the keys that the point sets.
	Name string
	// Keys holds the keys in which the points differ, apart from the seed, with the
	// values of this point in the notation of [Format].
	Keys map[string]string
	// Config is the whole configuration; Config.Seed is the point's seed.
	Config Config
	// Training is the number of this training of the point's games, from 1 on, if there are
	// several (Config.Seeds.Trainings); otherwise 0.
	Training int
	// Verify is the configuration in which the point's triggers are verified
	// (trigger.min_single_asr): Config with the sweep's settings for that. nil:
	// Config itself.
	Verify *Config
	// Sources holds the source of each key's value, as in [Resolved]. It must not be
	// changed, as points share it. The source of
	// the keys that the points set is Sweep.Source.
	Sources map[string]string
}

// LoadSweep reads a sweep, given by one of the names of [Sweeps] or the path of a
// file, and resolves all of its points. Values come from these sources, of which a
// later one overrides the earlier ones: defaults, preset (opts.Preset, or else the
// sweep's own), the sweep's base, its settings for that preset, configuration file,
// environment, --set, flags, and the point. A key that the points set cannot be set
// by environment, --set or flags.
//
// With seeds above 0 the points are repeated for that many seeds, from the resolved
// seed on; 0 takes the seeds of the file.
//
// Everything in the file is checked, including settings that are overridden. Errors
// wrap [ErrInvalid] and name the place in the file, the key, the value and what is
// allowed.
func LoadSweep(sweep string, opts Options, seeds int) (*Sweep, error) {
	text, source, err := sweepText(sweep, opts.Environ)
	if err != nil {
		return nil, err
	}
	file, err := readSweep(text, source)
	if err != nil {
		return nil, err
	}
	x, err := newExpansion(file, opts)
	if err != nil {
		return nil, err
	}
	for _, set := range file.varied(seeds > 0) {
		if err := x.free(set.key.Name, set.where); err != nil {
			return nil, err
		}
	}
	if err := x.chooseSeeds(seeds); err != nil {
		return nil, err
	}
	if err := x.expand(); err != nil {
		return nil, err
	}
	if err := x.checkReading(); err != nil {
		return nil, err
	}
	if faults := x.effects.faults(); len(faults) > 0 {
		return nil, faults[0]
	}
	if x.points = trainings(x.points); len(x.points) > MaxPoints {
		return nil, invalidf("%s: has more than %d points with all of their trainings", file.source, MaxPoints)
	}
	return &Sweep{
		Name: file.name, Title: file.title, Source: source, Preset: x.preset, Primary: file.primary, Points: x.points,
		Notices: noticesOf(x.notices.faults()),
	}, nil
}

// expansion expands a sweep file into points.
type expansion struct {
	file   *sweepFile
	preset string            // that the points start from; empty: none
	base   *Resolved         // what the points have in common
	where  map[string]string // key -> place of its value in base
	home   string            // the home directory, for paths that begin with ~/
	seeds  []uint64
	points []Point
	// effects collects settings that have no effect at some points.
	effects effects
	notices effects // likewise, those that are no errors
	// sources holds the Sources of points by the keys that the sweep sets in them, so that
	// thousands of points share a few maps.
	sources map[string]map[string]string
}

// newExpansion resolves what the points of a file have in common, from the sources of
// [LoadSweep].
func newExpansion(file *sweepFile, opts Options) (*expansion, error) {
	if opts.Preset == "" {
		opts.Preset = file.preset
	}
	base, where, err := resolve(opts, append(slices.Clone(file.base), file.presets[opts.Preset]...))
	if err != nil {
		return nil, err
	}
	return &expansion{
		file: file, preset: opts.Preset, base: base, where: where, home: homeOf(opts.Environ),
		effects: newEffects(effectRules), notices: newEffects(noticeRules()),
	}, nil
}

// shared returns the Sources of an earlier point if they are the same.
func (x *expansion) shared(sources map[string]string) map[string]string {
	var own []string
	for key, source := range sources {
		if x.base.Sources[key] != source {
			own = append(own, key+"="+source)
		}
	}
	slices.Sort(own)
	id := strings.Join(own, "\n")
	if x.sources == nil {
		x.sources = map[string]map[string]string{}
	}
	if x.sources[id] == nil {
		x.sources[id] = sources
	}
	return x.sources[id]
}

// chooseSeeds sets the seeds: the given number of them, or else the file's.
func (x *expansion) chooseSeeds(number int) error {
	first, listed := x.base.Config.Seed, x.file.seedAt()
	switch {
	case number < 0:
		return invalidf("%d seeds: must be at least 1", number)
	case number > 0 && listed != "":
		return &fault{key: "seed", where: listed, reason: fmt.Sprintf("is set by the points, which cannot be repeated for %d seeds", number)}
	case number == 0 && len(x.file.seeds) > 0:
		x.seeds = x.file.seeds
		return nil
	default:
		if number == 0 {
			number = max(x.file.seedCount, 1)
		}
		if number > MaxPoints || uint64(number-1) > math.MaxUint64-first {
			return invalidf("%d seeds from %d on: must be at most %d, and none above %d", number, first, MaxPoints, uint64(math.MaxUint64))
		}
		for i := range uint64(number) {
			x.seeds = append(x.seeds, first+i)
		}
		return nil
	}
}

// free refuses a key that the points set, if the environment, --set or a flag sets it
// for all points, too.
func (x *expansion) free(key, setAt string) error {
	source := x.base.Sources[key]
	if source != "--set" && !strings.HasPrefix(source, "env ") && !strings.HasPrefix(source, "flag ") {
		return nil
	}
	declaration, _ := lookup(key)
	return &fault{
		key: key, value: declaration.valueIn(&x.base.Config), where: source,
		reason: fmt.Sprintf("is set by the points of the sweep (%s): leave it out, or write a sweep file of your own", setAt),
	}
}

// expand makes all points.
func (x *expansion) expand() error {
	total := len(x.seeds) * len(x.file.list)
	for _, axis := range x.file.grid {
		if total *= len(axis); total > MaxPoints {
			break // before it overflows
		}
	}
	if total > MaxPoints {
		return invalidf("%s: has more than %d points", x.file.source, MaxPoints)
	}
	seen := map[string]string{} // name and seed -> settings
	same := map[string]bool{}   // settings, and the name if the file gives one
	for _, seed := range x.seeds {
		for _, item := range x.file.list {
			for _, chosen := range combinations(x.file.grid) {
				point, err := x.point(seed, item, chosen)
				if err != nil {
					return err
				}
				settings := fingerprint(&point.Config)
				id := fmt.Sprintf("%d %s", point.Config.Seed, point.Name)
				if other, twice := seen[id]; twice && other != settings {
					return invalidf("%s: two different points are called %q", x.file.source, point.Name)
				}
				seen[id] = settings
				if !same[item.name+"\n"+settings] {
					x.points = append(x.points, point)
				}
				same[item.name+"\n"+settings] = true
			}
		}
	}
	return nil
}

// point returns one point: an entry of the list combined with a choice from the grid.
func (x *expansion) point(seed uint64, item listItem, chosen []sweepSetting) (Point, error) {
	p := Point{Keys: map[string]string{}, Config: x.base.Config, Sources: maps.Clone(x.base.Sources)}
	if seed != x.base.Config.Seed {
		p.Config.Seed, p.Sources["seed"] = seed, x.file.source
	}
	where := maps.Clone(x.where)
	var names []string
	if item.name != "" {
		names = append(names, item.name)
	}
	set := func(s sweepSetting, named bool) {
		s.key.setIn(&p.Config, s.value)
		p.Sources[s.key.Name], where[s.key.Name] = x.file.source, s.where
		if s.key.Name == "seed" {
			return
		}
		p.Keys[s.key.Name] = Format(s.value)
		if named {
			names = append(names, s.key.Name+" = "+Format(s.value))
		}
	}
	for _, s := range item.settings {
		set(s, item.name == "")
	}
	for _, s := range chosen {
		set(s, true)
	}
	// A point that does not set a key which other points set has the common value.
	for _, s := range x.file.settings() {
		if _, own := p.Keys[s.key.Name]; !own && s.key.Name != "seed" {
			p.Keys[s.key.Name] = Format(s.key.valueIn(&p.Config))
		}
	}
	if p.Name = strings.Join(names, ", "); p.Name == "" {
		p.Name = x.file.name
	}
	err := expandPaths(&p.Config, x.home, where)
	if err == nil {
		err = p.Config.validate(where)
	}
	if err != nil {
		var f *fault
		if errors.As(err, &f) {
			f.where = strings.TrimPrefix(f.where+", point "+p.Name, ", ")
		}
		return Point{}, err
	}
	if p.Verify, err = x.verified(p.Config, where); err != nil {
		return Point{}, err
	}
	x.effects.add(&p, where)
	x.notices.add(&p, where)
	p.Sources = x.shared(p.Sources)
	return p, nil
}

// verified returns the configuration in which a point's triggers are verified, nil if
// the file has no settings for that.
func (x *expansion) verified(cfg Config, where map[string]string) (*Config, error) {
	if len(x.file.verify) == 0 {
		return nil, nil
	}
	where = maps.Clone(where)
	for _, s := range x.file.verify {
		s.key.setIn(&cfg, s.value)
		where[s.key.Name] = s.where
	}
	if err := expandPaths(&cfg, x.home, where); err != nil {
		return nil, err
	}
	if err := cfg.validate(where); err != nil {
		return nil, err
	}
	return &cfg, nil
}

// combinations returns every choice of one setting from each axis, of which the last
// varies fastest; one empty choice if there is no axis.
func combinations(axes [][]sweepSetting) [][]sweepSetting {
	choices := [][]sweepSetting{nil}
	for _, axis := range axes {
		var longer [][]sweepSetting
		for _, choice := range choices {
			for _, s := range axis {
				longer = append(longer, append(slices.Clone(choice), s))
			}
		}
		choices = longer
	}
	return choices
}

// fingerprint returns a text that is equal for configurations with equal settings, and
// for no others.
func fingerprint(cfg *Config) string {
	var text strings.Builder
	for _, key := range declared() {
		value := key.valueIn(cfg)
		fmt.Fprintf(&text, "%s=%t %q\n", key.Name, value == nil, Format(value))
	}
	return text.String()
}

// setIn sets the key in a configuration to a value that [Key.parse] returned.
func (k Key) setIn(cfg *Config, value any) {
	if k.index == nil {
		cfg.Defenses.Set(k.Name, value)
		return
	}
	field := reflect.ValueOf(cfg).Elem().FieldByIndex(k.index)
	switch {
	case value == nil:
		field.SetZero()
	case k.Optional():
		field.Set(reflect.New(k.typ.Elem()))
		field.Elem().Set(reflect.ValueOf(value))
	default:
		field.Set(reflect.ValueOf(value))
	}
}
