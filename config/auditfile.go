package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"backfire/audit"
	"backfire/claims"
)

// auditFile holds the contents of an audit file, with every value checked.
type auditFile struct {
	*sweepFile // name, title, preset, base and presets
	spec       audit.Spec
	factors    [][2]listItem     // by factor, low level first; the name of an item is that of its level
	reading    map[string]string // of the primary reading: level by factor
	readingAt  string
	readings   []map[string]string // of the law of shares, likewise
	readingsAt string
}

// auditFieldNames are the keys of an audit file in the order of their documentation.
var auditFieldNames = []string{"name", "title", "preset", "base", "presets", "factors", "primary", "screening", "shares", "phase", "margins", "budget"}

// readAudit reads an audit file. Places and values are checked here, the design as a whole by audit.Spec.Check.
func readAudit(text []byte, source string) (*auditFile, error) {
	root, err := yamlRoot(text, source)
	if err != nil {
		return nil, err
	}
	if root == nil || root.Kind != yaml.MappingNode {
		return nil, invalidf("%s: is not an audit; an audit has %s", source, strings.Join(auditFieldNames, ", "))
	}
	f := &auditFile{
		sweepFile: &sweepFile{yamlFile: newYAMLFile(source, root), presets: map[string][]entry{}, primary: &Primary{Margins: claims.DefaultMargins()}},
		spec: audit.Spec{
			Format: audit.Format, Screening: audit.Screening{Resolution: 4, FoldOver: true},
		},
	}
	readers := map[string]func(*yaml.Node) error{
		"name":   func(node *yaml.Node) error { return f.text(node, "name", &f.name) },
		"title":  func(node *yaml.Node) error { return f.text(node, "title", &f.title) },
		"preset": f.readPreset, "base": f.readBase, "presets": f.readPresets, "factors": f.readFactors, "primary": f.readAuditPrimary,
		"screening": f.readScreening, "shares": f.readShares, "phase": f.readPhase, "margins": f.readMargins, "budget": f.readBudget,
	}
	if err := f.readRoot(root, "an audit", auditFieldNames, readers); err != nil {
		return nil, err
	}
	if f.name == "" {
		return nil, &fault{key: "name", where: source, reason: "must name the audit"}
	}
	f.spec.Name, f.spec.Title, f.spec.Margins = f.name, f.title, f.primary.Margins
	return f, f.chooseReadings()
}

// chooseReadings sets the high factors of the primary reading and of those of the law of shares, which have its levels
// where they name no others.
func (f *auditFile) chooseReadings() error {
	var err error
	if f.spec.Primary.High, err = f.highOf("primary.reading", f.readingAt, f.reading); err != nil || f.spec.Shares == nil {
		return err
	}
	for i, reading := range f.readings {
		whole := maps.Clone(f.reading)
		if whole == nil {
			whole = map[string]string{}
		}
		maps.Copy(whole, reading)
		high, err := f.highOf(fmt.Sprintf("shares.readings[%d]", i), f.readingsAt, whole)
		if err != nil {
			return err
		}
		f.spec.Shares.Readings = append(f.spec.Shares.Readings, high)
	}
	return nil
}

// highOf returns the names of the factors that have their high level in a reading.
func (f *auditFile) highOf(key, where string, reading map[string]string) ([]string, error) {
	high := []string{}
	for i, factor := range f.spec.Factors {
		switch level := reading[factor.Name]; level {
		case "", factor.Low.Name:
		case factor.High.Name:
			high = append(high, factor.Name)
		default:
			return nil, &fault{key: key + "." + factor.Name, value: level, where: where, reason: fmt.Sprintf("is not a level; there are %s and %s", f.factors[i][0].name, f.factors[i][1].name)}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(reading)) {
		if !slices.Contains(f.spec.Names(), name) {
			return nil, &fault{key: key + "." + name, where: where, reason: "is not a factor; the nearest one is " + Nearest(name, f.spec.Names())}
		}
	}
	return high, nil
}

// readFactors reads the factors: each a mapping of the names of its two levels, the low one first, to settings.
func (f *auditFile) readFactors(node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return &fault{key: "factors", where: f.at(node), reason: "must hold the names of factors, each with two levels"}
	}
	pairs, err := f.pairs(node)
	if err != nil {
		return err
	}
	for _, pair := range pairs {
		name := pair.key.Value
		if pair.value.Kind != yaml.MappingNode {
			return &fault{key: "factors." + name, where: f.at(pair.key), reason: "must hold two levels, each with settings"}
		}
		levels, err := f.pairs(pair.value)
		if err != nil {
			return err
		}
		if len(levels) != 2 {
			return &fault{key: "factors." + name, where: f.at(pair.key), reason: fmt.Sprintf("has %d levels: a factor has two, the low one first", len(levels))}
		}
		factor, items := audit.Factor{Name: name}, [2]listItem{}
		for i, level := range levels {
			if items[i], err = f.readLevel(name, level); err != nil {
				return err
			}
			made := audit.Level{Name: items[i].name, Settings: map[string]string{}}
			for _, s := range items[i].settings {
				made.Settings[s.key.Name] = Format(s.value)
			}
			if i == 0 {
				factor.Low = made
			} else {
				factor.High = made
			}
		}
		f.spec.Factors, f.factors = append(f.spec.Factors, factor), append(f.factors, items)
	}
	return nil
}

// variedSections are the sections whose keys a factor may set, and fixedKeys those among their keys that an audit
// sets itself or that change no model.
var (
	variedSections = []string{"asr", "attackers", "deal", "model", "pool", "train", "trigger"}
	fixedKeys      = []string{"attackers.counts", "attackers.seats", "attackers.singles", "attackers.transfers", "train.score_every", "train.score_images"}
)

// readLevel reads a level of a factor.
func (f *auditFile) readLevel(factor string, pair yamlPair) (listItem, error) {
	entries, err := f.entries(pair.value)
	if err != nil {
		return listItem{}, err
	}
	for _, e := range entries {
		section, _, _ := strings.Cut(e.key, ".")
		if !slices.Contains(variedSections, section) || slices.Contains(fixedKeys, e.key) {
			return listItem{}, &fault{
				key: e.key, where: e.where,
				reason: "cannot be part of a factor: a factor sets keys of " + strings.Join(variedSections, ", ") + ", but none of " + strings.Join(fixedKeys, ", "),
			}
		}
	}
	if len(entries) == 0 {
		return listItem{}, &fault{key: "factors." + factor + "." + pair.key.Value, where: f.at(pair.key), reason: "must set a key: a level is told from the other one by its settings"}
	}
	settings, err := settingsOf(entries)
	return listItem{name: pair.key.Value, settings: settings}, err
}

// readAuditPrimary reads the reading that is judged with correction.
func (f *auditFile) readAuditPrimary(node *yaml.Node) error {
	p := &f.spec.Primary
	return f.fields(node, "primary", []string{"reading", "claims", "counts", "seeds"}, func(name string, value *yaml.Node) error {
		switch name {
		case "reading":
			var err error
			f.readingAt = f.at(value)
			f.reading, err = f.readReading("primary.reading", value)
			return err
		case "claims":
			err := f.readClaims(value)
			p.Claims = f.primary.Claims
			return err
		case "counts":
			return f.numbers(value, "primary.counts", &p.Counts)
		default:
			return f.number(value, "primary.seeds", &p.Seeds)
		}
	})
}

// readReading reads a reading: the names of levels by factor.
func (f *auditFile) readReading(key string, node *yaml.Node) (map[string]string, error) {
	if node.Kind != yaml.MappingNode {
		return nil, &fault{key: key, where: f.at(node), reason: "must hold factors, each with the name of a level"}
	}
	pairs, err := f.pairs(node)
	reading := map[string]string{}
	for _, pair := range pairs {
		reading[pair.key.Value] = pair.value.Value
	}
	return reading, err
}

// readShares reads the grid of the law of shares.
func (f *auditFile) readShares(node *yaml.Node) error {
	p := &audit.Shares{}
	f.spec.Shares, f.readingsAt = p, f.at(node)
	return f.fields(node, "shares", []string{"readings", "jitter", "counts", "seeds"}, func(name string, value *yaml.Node) error {
		switch name {
		case "readings":
			f.readingsAt = f.at(value)
			if value.Kind != yaml.SequenceNode {
				return &fault{key: "shares.readings", where: f.at(value), reason: "must list readings, each with levels of factors; {} is the primary one"}
			}
			for i, item := range value.Content {
				reading, err := f.readReading(fmt.Sprintf("shares.readings[%d]", i), item)
				if err != nil {
					return err
				}
				f.readings = append(f.readings, reading)
			}
			return nil
		case "jitter":
			raw, err := writtenIn(value)
			wrong := &fault{key: "shares.jitter", where: f.at(value), reason: "must list shares from 0 to 1 that ascend, such as [0, 0.5, 1]"}
			if err != nil || !raw.divided {
				return wrong
			}
			wrong.value = raw.shown()
			for _, text := range raw.list {
				jitter, err := parseFloat(strings.TrimSpace(text))
				if err != nil {
					return wrong
				}
				p.Jitter = append(p.Jitter, jitter)
			}
			return nil
		case "counts":
			return f.numbers(value, "shares.counts", &p.Counts)
		default:
			return f.number(value, "shares.seeds", &p.Seeds)
		}
	})
}

// readScreening reads the fractional factorial.
func (f *auditFile) readScreening(node *yaml.Node) error {
	s := &f.spec.Screening
	seeds := 0
	err := f.fields(node, "screening", []string{"resolution", "runs", "counts", "seeds", "looks", "fold_over"}, func(name string, value *yaml.Node) error {
		switch name {
		case "resolution":
			return f.number(value, "screening.resolution", &s.Resolution)
		case "runs":
			return f.number(value, "screening.runs", &s.Runs)
		case "counts":
			return f.numbers(value, "screening.counts", &s.Counts)
		case "seeds":
			return f.number(value, "screening.seeds", &seeds)
		case "looks":
			return f.numbers(value, "screening.looks", &s.Looks)
		default:
			s.FoldOver = value.Value == "true"
			if !s.FoldOver && value.Value != "false" {
				return &fault{key: "screening.fold_over", value: value.Value, where: f.at(value), reason: "must be true or false"}
			}
			return nil
		}
	})
	switch {
	case err != nil || seeds == 0:
		return err
	case len(s.Looks) == 0:
		s.Looks = []int{seeds}
	case len(s.Looks) > seeds:
		return &fault{
			key: "screening.looks", value: s.Looks, where: f.at(node),
			reason: fmt.Sprintf("has %d looks, and there are %d seeds: set at least %d seeds, or fewer looks", len(s.Looks), seeds, s.Looks[len(s.Looks)-1]),
		}
	case s.Looks[len(s.Looks)-1] != seeds:
		return &fault{
			key: "screening.looks", value: s.Looks, where: f.at(node),
			reason: fmt.Sprintf("must end with the number of seeds, %d, or seeds must be %d", seeds, s.Looks[len(s.Looks)-1]),
		}
	}
	return nil
}

// strongest is the value of phase.pair with which the screening chooses the pair.
const strongest = "strongest"

// readPhase reads the grid of the phase diagram.
func (f *auditFile) readPhase(node *yaml.Node) error {
	p := &audit.Phase{First: 3, Step: 3, Most: 12}
	f.spec.Phase = p
	return f.fields(node, "phase", []string{"pair", "poisoned", "counts", "seeds"}, func(name string, value *yaml.Node) error {
		switch name {
		case "pair":
			raw, err := writtenIn(value)
			if err != nil || !raw.divided && raw.text != strongest {
				return &fault{key: "phase.pair", where: f.at(value), reason: "must list two factors, or be " + strongest}
			}
			p.Pair = raw.list
			if raw.divided && len(raw.list) != 2 {
				return &fault{key: "phase.pair", value: raw.shown(), where: f.at(value), reason: "must list two factors, or be " + strongest}
			}
			return nil
		case "poisoned":
			return f.numbers(value, "phase.poisoned", &p.Poisoned)
		case "counts":
			return f.numbers(value, "phase.counts", &p.Counts)
		default:
			into := map[string]*int{"first": &p.First, "step": &p.Step, "most": &p.Most}
			return f.fields(value, "phase.seeds", []string{"first", "step", "most"}, func(name string, value *yaml.Node) error {
				return f.number(value, "phase.seeds."+name, into[name])
			})
		}
	})
}

// readBudget reads the bounds of what is trained.
func (f *auditFile) readBudget(node *yaml.Node) error {
	return f.fields(node, "budget", []string{"models", "hours"}, func(name string, value *yaml.Node) error {
		if name == "models" {
			return f.number(value, "budget.models", &f.spec.Budget.Models)
		}
		wrong := &fault{key: "budget.hours", where: f.at(value), reason: "must be a number above 0, of hours of training summed over the models"}
		raw, err := writtenIn(value)
		if err != nil || raw.divided {
			return wrong
		}
		wrong.value = raw.shown()
		if f.spec.Budget.Hours, err = parseFloat(strings.TrimSpace(raw.text)); err != nil || !(f.spec.Budget.Hours > 0) {
			return wrong
		}
		return nil
	})
}
