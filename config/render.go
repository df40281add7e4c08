package config

import (
	"bytes"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// YAML returns the configuration as a file that [Load] resolves to the same values.
// Each value has its source as a comment.
func (r *Resolved) YAML() ([]byte, error) {
	root := &yaml.Node{Kind: yaml.MappingNode}
	sections := map[string]*yaml.Node{"": root}
	for _, setting := range r.Settings() {
		value, err := yamlValue(setting.Value)
		if err != nil {
			return nil, fmt.Errorf("config: write %s: %w", setting.Key, err)
		}
		value.LineComment = setting.Source
		path, name := "", setting.Key
		if i := strings.LastIndexByte(setting.Key, '.'); i >= 0 {
			path, name = setting.Key[:i], setting.Key[i+1:]
		}
		if sections[path] == nil {
			sections[path] = &yaml.Node{Kind: yaml.MappingNode}
			root.Content = append(root.Content, yamlText(path), sections[path])
		}
		sections[path].Content = append(sections[path].Content, yamlText(name), value)
	}
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(root); err != nil {
		return nil, fmt.Errorf("config: write YAML: %w", err)
	}
	if err := encoder.Close(); err != nil {
		return nil, fmt.Errorf("config: write YAML: %w", err)
	}
	return text.Bytes(), nil
}

// yamlValue returns the node of a value, with a list on one line.
func yamlValue(value any) (*yaml.Node, error) {
	node := new(yaml.Node)
	if err := node.Encode(value); err != nil {
		return nil, err
	}
	if node.Kind == yaml.SequenceNode {
		node.Style = yaml.FlowStyle
	}
	return node, nil
}

// yamlText returns the node of a plain name.
func yamlText(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Value: text}
}
