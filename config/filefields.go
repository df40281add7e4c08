package config

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// readRoot reads the keys of a file itself, each at most once. what names the file in
// errors, such as "an audit".
func (f *sweepFile) readRoot(root *yaml.Node, what string, names []string, readers map[string]func(*yaml.Node) error) error {
	pairs, err := f.pairs(root)
	if err != nil {
		return err
	}
	given := map[string]int{}
	for _, pair := range pairs {
		name := pair.key.Value
		read, known := readers[name]
		switch {
		case !known && f.holdsAnchors(pair):
			continue
		case !known:
			return &fault{key: name, where: f.at(pair.key), reason: "is not a key of " + what + "; the nearest one is " + Nearest(name, names)}
		case given[name] > 0:
			return &fault{key: name, where: f.at(pair.key), reason: fmt.Sprintf("was already given in line %d", given[name])}
		}
		given[name] = pair.key.Line
		if err := read(pair.value); err != nil {
			return err
		}
	}
	return nil
}

// decimal reads a number in [0, 1].
func (f *sweepFile) decimal(node *yaml.Node, key string, into *float64) error {
	wrong := &fault{key: key, where: f.at(node), reason: "must be a number in [0,1]"}
	raw, err := writtenIn(node)
	if err != nil || raw.divided {
		return wrong
	}
	wrong.value = raw.shown()
	if *into, err = parseFloat(strings.TrimSpace(raw.text)); err != nil || !(*into >= 0 && *into <= 1) {
		return wrong
	}
	return nil
}

// decimals reads a list of numbers in [0, 1].
func (f *sweepFile) decimals(node *yaml.Node, key string, into *[]float64) error {
	wrong := &fault{key: key, where: f.at(node), reason: "must be a list of numbers in [0,1]"}
	raw, err := writtenIn(node)
	if err != nil || !raw.divided || len(raw.list) == 0 {
		return wrong
	}
	wrong.value = raw.shown()
	*into = nil
	for _, text := range raw.list {
		x, err := parseFloat(strings.TrimSpace(text))
		if err != nil || !(x >= 0 && x <= 1) {
			return wrong
		}
		*into = append(*into, x)
	}
	return nil
}

// number reads a number of at least 1.
func (f *sweepFile) number(node *yaml.Node, key string, into *int) error {
	wrong := &fault{key: key, where: f.at(node), reason: "must be a whole number of at least 1"}
	raw, err := writtenIn(node)
	if err != nil || raw.divided {
		return wrong
	}
	wrong.value = raw.shown()
	if *into, err = parseInt(strings.TrimSpace(raw.text)); err != nil || *into < 1 {
		return wrong
	}
	return nil
}

// numbers reads a list of numbers of at least 1.
func (f *sweepFile) numbers(node *yaml.Node, key string, into *[]int) error {
	wrong := &fault{key: key, where: f.at(node), reason: "must be a list of whole numbers of at least 1"}
	raw, err := writtenIn(node)
	if err != nil || !raw.divided || len(raw.list) == 0 {
		return wrong
	}
	wrong.value = raw.shown()
	*into = nil
	for _, text := range raw.list {
		n, err := parseInt(strings.TrimSpace(text))
		if err != nil || n < 1 {
			return wrong
		}
		*into = append(*into, n)
	}
	return nil
}
