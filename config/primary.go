package config

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"backfire/claims"
)

// Primary holds the choices that a sweep fixes before anything is trained, so that no
// result can make them: the claims whose verdicts are corrected together, and the games
// that they are judged by. It is part of the sweep's hash.
type Primary struct {
	// Claims lists the IDs of the claims. All other answers are exploratory.
	Claims []string `json:"claims"`
	// Reading holds values of keys that the points vary, in the notation of [Format]: the
	// claims are judged by the points that have them. Empty: by all points.
	Reading map[string]string `json:"reading,omitempty"`
	// Margins are the sizes of effects that count.
	Margins claims.Margins `json:"margins"`
	// Looks lists the numbers of seeds after which the verdicts are to be read, ascending.
	// Empty: none are announced.
	Looks []int `json:"looks,omitempty"`
}

// Holds reports whether a point with the given values of the varied keys belongs to the
// primary reading.
func (p *Primary) Holds(keys map[string]string) bool {
	for key, value := range p.Reading {
		if keys[key] != value {
			return false
		}
	}
	return true
}

// primaryFields are the keys below primary, in the order of their documentation.
var primaryFields = []string{"claims", "reading", "margins", "looks"}

// readPrimary reads the choices that the sweep fixes before anything is trained.
func (f *sweepFile) readPrimary(node *yaml.Node) error {
	f.primary, f.primaryAt = &Primary{Margins: claims.DefaultMargins()}, f.at(node)
	readers := map[string]func(*yaml.Node) error{
		"claims": f.readClaims, "reading": f.readReading, "margins": f.readMargins, "looks": f.readLooks,
	}
	if err := f.fields(node, "primary", primaryFields, func(name string, value *yaml.Node) error { return readers[name](value) }); err != nil {
		return err
	}
	p := f.primary
	if len(p.Claims) == 0 {
		return &fault{key: "primary.claims", where: f.primaryAt, reason: "must list the claims whose verdicts are corrected together"}
	}
	if least := claims.MinSeeds(len(p.Claims)); len(p.Looks) > 0 && p.Looks[0] < least {
		return &fault{
			key: "primary.looks", value: p.Looks, where: f.primaryAt,
			reason: fmt.Sprintf("must be numbers of seeds from %d on: fewer give no verdict on %d claims that are corrected together", least, len(p.Claims)),
		}
	}
	return nil
}

// fields reads a mapping with the given names, each at most once.
func (f *sweepFile) fields(node *yaml.Node, field string, names []string, read func(name string, value *yaml.Node) error) error {
	if node.Kind != yaml.MappingNode {
		return &fault{key: field, where: f.at(node), reason: "must hold " + strings.Join(names, ", ")}
	}
	pairs, err := f.pairs(node)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, pair := range pairs {
		name := pair.key.Value
		switch {
		case !slices.Contains(names, name):
			return &fault{key: field + "." + name, where: f.at(pair.key), reason: "is not known; the nearest one is " + Nearest(name, names)}
		case seen[name]:
			return &fault{key: field + "." + name, where: f.at(pair.key), reason: "was already given"}
		}
		seen[name] = true
		if err := read(name, pair.value); err != nil {
			return err
		}
	}
	return nil
}

// readClaims reads the list of claims.
func (f *sweepFile) readClaims(node *yaml.Node) error {
	wrong := &fault{key: "primary.claims", where: f.at(node), reason: "must be a list of different claims, such as [C1, C4]"}
	raw, err := writtenIn(node)
	if err != nil || !raw.divided {
		return wrong
	}
	wrong.value = raw.shown()
	for _, id := range raw.list {
		claim, err := claims.Find(strings.TrimSpace(id))
		if err != nil {
			wrong.reason += fmt.Sprintf("; %q: %v", id, err)
			return wrong
		}
		if slices.Contains(f.primary.Claims, claim.ID) {
			return wrong
		}
		f.primary.Claims = append(f.primary.Claims, claim.ID)
	}
	return nil
}

// readReading reads the values of varied keys of the primary reading.
func (f *sweepFile) readReading(node *yaml.Node) error {
	entries, err := f.entries(node)
	if err != nil {
		return err
	}
	f.reading, err = settingsOf(entries)
	f.primary.Reading = map[string]string{}
	for _, s := range f.reading {
		f.primary.Reading[s.key.Name] = Format(s.value)
	}
	return err
}

// readMargins reads the sizes of effects that count.
func (f *sweepFile) readMargins(node *yaml.Node) error {
	m := &f.primary.Margins
	margins := map[string]*float64{"effect": &m.Effect, "accuracy": &m.Accuracy, "correlation": &m.Correlation}
	names := []string{"effect", "accuracy", "correlation"}
	return f.fields(node, "primary.margins", names, func(name string, value *yaml.Node) error {
		wrong := &fault{key: "primary.margins." + name, where: f.at(value), reason: "must be a number between 0 and 1"}
		raw, err := writtenIn(value)
		if err != nil || raw.divided {
			return wrong
		}
		wrong.value = raw.shown()
		if *margins[name], err = parseFloat(strings.TrimSpace(raw.text)); err != nil || m.Check() != nil {
			return wrong
		}
		return nil
	})
}

// readLooks reads the numbers of seeds after which verdicts are read.
func (f *sweepFile) readLooks(node *yaml.Node) error {
	wrong := &fault{key: "primary.looks", where: f.at(node), reason: "must be a list of numbers of seeds that ascends"}
	raw, err := writtenIn(node)
	if err != nil || !raw.divided {
		return wrong
	}
	wrong.value = raw.shown()
	for _, text := range raw.list {
		look, err := parseInt(strings.TrimSpace(text))
		if n := len(f.primary.Looks); err != nil || look < 1 || n > 0 && look <= f.primary.Looks[n-1] {
			return wrong
		}
		f.primary.Looks = append(f.primary.Looks, look)
	}
	return nil
}

// checkReading refuses a primary reading of keys that the points do not vary, or of values
// that no point has.
func (x *expansion) checkReading() error {
	for _, s := range x.file.reading {
		varied := slices.ContainsFunc(x.points, func(p Point) bool { _, ok := p.Keys[s.key.Name]; return ok })
		if !varied {
			return &fault{key: s.key.Name, where: s.where, reason: "cannot be part of the primary reading: neither list nor grid sets it"}
		}
	}
	p := x.file.primary
	if p != nil && !slices.ContainsFunc(x.points, func(point Point) bool { return p.Holds(point.Keys) }) {
		return &fault{key: "primary.reading", where: x.file.primaryAt, reason: "is that of no point"}
	}
	return nil
}
