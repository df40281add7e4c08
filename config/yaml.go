package config

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// yamlRoot returns the content of the only document of a YAML text that is not empty;
// nil if all are.
func yamlRoot(text []byte, source string) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var root *yaml.Node
	for {
		var document yaml.Node
		switch err := decoder.Decode(&document); {
		case errors.Is(err, io.EOF):
			return root, nil
		case err != nil:
			return nil, invalidf("%s: %w", source, err)
		case len(document.Content) == 0 || isNothing(document.Content[0]):
		case root != nil:
			return nil, invalidf("%s:%d: holds more than one YAML document; the first begins at line %d", source, document.Content[0].Line, root.Line)
		default:
			root = document.Content[0]
		}
	}
}

// isNothing reports whether a node is null or has no content.
func isNothing(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.Tag == "!!null"
}

// target returns the node for which an alias stands, or the node itself.
func target(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

// yamlPair is one entry of a YAML mapping. Neither node is an alias.
type yamlPair struct {
	key, value *yaml.Node
	aliased    bool // an alias stands for the value
}

// yamlFile reads the mappings of one YAML file.
type yamlFile struct {
	source string
	// read holds the entries of mappings that were read, so that a mapping to which
	// many merge keys refer is read once; nil while a mapping is being read.
	read map[*yaml.Node][]yamlPair
	used map[*yaml.Node]bool // the nodes to which an alias refers
}

// newYAMLFile returns a reader of the mappings below the root of a file.
func newYAMLFile(source string, root *yaml.Node) *yamlFile {
	f := &yamlFile{source: source, read: map[*yaml.Node][]yamlPair{}, used: map[*yaml.Node]bool{}}
	f.findUsed(root)
	return f
}

// findUsed finds the nodes to which the aliases below a node refer from outside.
func (f *yamlFile) findUsed(node *yaml.Node, around ...*yaml.Node) {
	if node.Kind == yaml.AliasNode && !slices.Contains(around, node.Alias) {
		f.used[node.Alias] = true
	}
	around = append(around, node)
	for _, child := range node.Content {
		f.findUsed(child, around...)
	}
}

// holdsAnchors reports whether an entry of the document is only there for its anchors:
// its key begins with x-, or its value has an anchor that is used, so that it is read
// there.
func (f *yamlFile) holdsAnchors(pair yamlPair) bool {
	return strings.HasPrefix(pair.key.Value, "x-") || pair.value.Anchor != "" && f.used[pair.value] && !pair.aliased
}

// at returns the place of a node.
func (f *yamlFile) at(node *yaml.Node) string { return fmt.Sprintf("%s:%d", f.source, node.Line) }

// pairs returns the entries of a mapping, then those of the mappings that it merges
// (<<) and whose keys it does not have. A key that is written twice is there twice.
func (f *yamlFile) pairs(mapping *yaml.Node) ([]yamlPair, error) {
	if known, ok := f.read[mapping]; ok {
		if known == nil {
			return nil, invalidf("%s: merges itself (<<)", f.at(mapping))
		}
		return known, nil
	}
	f.read[mapping] = nil
	pairs := []yamlPair{}
	var merge *yaml.Node
	for i := 0; i < len(mapping.Content); i += 2 {
		written, value := mapping.Content[i], target(mapping.Content[i+1])
		key := target(written)
		switch {
		case key.Kind != yaml.ScalarNode:
			return nil, invalidf("%s: has a list or a mapping where a key belongs", f.at(written))
		case written.Tag != "!!merge":
			pairs = append(pairs, yamlPair{key, value, value != mapping.Content[i+1]})
		case merge != nil:
			return nil, invalidf("%s: has a second merge key; merge several mappings as <<: [*a, *b]", f.at(written))
		default:
			merge = value
		}
	}
	pairs, err := f.merge(pairs, merge)
	f.read[mapping] = pairs
	return pairs, err
}

// merge adds the entries of the mapping, or of each of a list of mappings, whose keys
// are not there yet.
func (f *yamlFile) merge(pairs []yamlPair, merge *yaml.Node) ([]yamlPair, error) {
	if merge == nil {
		return pairs, nil
	}
	sources := []*yaml.Node{merge}
	if merge.Kind == yaml.SequenceNode {
		sources = merge.Content
	}
	for _, source := range sources {
		if source = target(source); source.Kind != yaml.MappingNode {
			return nil, invalidf("%s: a merge key (<<) needs a mapping, such as *a, or a list of mappings", f.at(source))
		}
		more, err := f.pairs(source)
		if err != nil {
			return nil, err
		}
		there := map[string]bool{}
		for _, pair := range pairs {
			there[pair.key.Value] = true
		}
		for _, pair := range more {
			if !there[pair.key.Value] {
				pairs = append(pairs, pair)
			}
		}
	}
	return pairs, nil
}

// writtenIn returns the value that a node holds: the text of a scalar, or the texts of
// the elements of a list. YAML's own reading of the text, as a number, a date or a
// truth value, does not count. The error is a predicate.
func writtenIn(node *yaml.Node) (written, error) {
	node = target(node)
	if node.Kind != yaml.SequenceNode {
		text, err := scalarIn(node)
		return written{text: text, missing: node.Tag == "!!null" && node.Value == "" && node.Style == 0}, err
	}
	w := written{divided: true, list: make([]string, 0, len(node.Content))}
	for _, element := range node.Content {
		element = target(element)
		if element.Kind == yaml.SequenceNode {
			return w, errors.New("is a list within a list")
		}
		text, err := scalarIn(element)
		if err != nil {
			return w, err
		}
		w.list = append(w.list, text)
	}
	return w, nil
}

// plainTags are the tags that change nothing, since the key has a type.
var plainTags = []string{"!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp"}

// scalarIn returns the text of a scalar. The error is a predicate.
func scalarIn(node *yaml.Node) (string, error) {
	switch {
	case node.Kind != yaml.ScalarNode:
		return "", errors.New("is not a single value")
	case node.Style&yaml.TaggedStyle == 0 || slices.Contains(plainTags, node.ShortTag()):
		return node.Value, nil
	case node.ShortTag() == "!!binary": // how YAML writes text that is not UTF-8
		text, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(node.Value), ""))
		if err != nil {
			return "", errors.New("has the tag !!binary and is not base64")
		}
		return string(text), nil
	default:
		return "", fmt.Errorf("has the tag %s, which means nothing here", node.ShortTag())
	}
}
