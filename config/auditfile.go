package config

import (
	"fmt"
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
}

// auditFieldNames are the keys of an audit file in the order of their documentation.
var auditFieldNames = []string{"name", "title", "preset", "base", "presets", "factors", "primary", "screening", "phase", "margins", "budget"}

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
		"screening": f.readScreening, "phase": f.readPhase, "margins": f.readMargins, "budget": f.readBudget,
	}
	if err := f.readRoot(root, "an audit", auditFieldNames, readers); err != nil {
		return nil, err
	}
	if f.name == "" {
		return nil, &fault{key: "name", where: source, reason: "must name the audit"}
	}
	f.spec.Name, f.spec.Title, f.spec.Margins = f.name, f.title, f.primary.Margins
	return f, f.chooseReading()
}

// chooseReading sets the high factors of the primary reading.
func (f *auditFile) chooseReading() error {
	f.spec.Primary.High = []string{}
	for i, factor := range f.spec.Factors {
		switch level := f.reading[factor.Name]; level {
		case "", factor.Low.Name:
		case factor.High.Name:
			f.spec.Primary.High = append(f.spec.Primary.High, factor.Name)
		default:
			return &fault{key: "primary.reading." + factor.Name, value: level, where: f.readingAt, reason: fmt.Sprintf("is not a level; there are %s and %s", f.factors[i][0].name, f.factors[i][1].name)}
		}
	}
	for name := range f.reading {
		if !slices.Contains(f.spec.Names(), name) {
			return &fault{key: "primary.reading." + name, where: f.readingAt, reason: "is not a factor; the nearest one is " + Nearest(name, f.spec.Names())}
		}
	}
	return nil
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
			f.reading, f.readingAt = map[string]string{}, f.at(value)
			if value.Kind != yaml.MappingNode {
				return &fault{key: "primary.reading", where: f.at(value), reason: "must hold factors, each with the name of a level"}
			}
			pairs, err := f.pairs(value)
			for _, pair := range pairs {
				f.reading[pair.key.Value] = pair.value.Value
			}
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
