package config

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"backfire/payoffs"
)

// gameFile holds the contents of a game's file, with every value checked.
type gameFile struct {
	*sweepFile // name, title, preset, base and presets
	spec       payoffs.Spec
	places     map[string]string // of the strategies, by key
}

// gameFieldNames are the keys of a game's file in the order of their documentation, and
// strategyFieldNames those of a strategy.
var (
	gameFieldNames     = []string{"name", "title", "preset", "base", "presets", "players", "seeds", "strategies", "own_labels", "filter", "prices", "margin", "defenders", "budget"}
	strategyFieldNames = []string{"p", "p0", "p1", "p2", "kind", "labels", "coalition", "seats"}
)

// readGame reads a game's file. Places and values are checked here, the game as a whole by
// payoffs.Spec.Check.
func readGame(text []byte, source string) (*gameFile, error) {
	root, err := yamlRoot(text, source)
	if err != nil {
		return nil, err
	}
	if root == nil || root.Kind != yaml.MappingNode {
		return nil, invalidf("%s: is not a game; a game has %s", source, strings.Join(gameFieldNames, ", "))
	}
	f := &gameFile{
		sweepFile: &sweepFile{yamlFile: newYAMLFile(source, root), presets: map[string][]entry{}},
		spec:      payoffs.Spec{Format: payoffs.Format, Prices: []float64{0}, Margin: 0.05},
		places:    map[string]string{},
	}
	readers := map[string]func(*yaml.Node) error{
		"name":   func(node *yaml.Node) error { return f.text(node, "name", &f.name) },
		"title":  func(node *yaml.Node) error { return f.text(node, "title", &f.title) },
		"preset": f.readPreset, "base": f.readBase, "presets": f.readPresets, "strategies": f.readStrategies,
		"players":    f.readPlayers,
		"seeds":      func(node *yaml.Node) error { return f.number(node, "seeds", &f.spec.Seeds) },
		"own_labels": func(node *yaml.Node) error { return f.texts(node, "own_labels", &f.spec.OwnLabels) },
		"filter":     f.readFilter,
		"prices":     func(node *yaml.Node) error { return f.decimals(node, "prices", &f.spec.Prices) },
		"margin":     func(node *yaml.Node) error { return f.decimal(node, "margin", &f.spec.Margin) },
		"defenders":  func(node *yaml.Node) error { return f.texts(node, "defenders", &f.spec.Defenders) },
		"budget": func(node *yaml.Node) error {
			return f.fields(node, "budget", []string{"models"}, func(_ string, value *yaml.Node) error {
				return f.number(value, "budget.models", &f.spec.Budget)
			})
		},
	}
	if err := f.readRoot(root, "a game", gameFieldNames, readers); err != nil {
		return nil, err
	}
	if f.name == "" {
		return nil, &fault{key: "name", where: source, reason: "must name the game"}
	}
	f.spec.Name, f.spec.Title = f.name, f.title
	return f, nil
}

// readPlayers reads the number of players, all of whom have the same strategies.
func (f *gameFile) readPlayers(node *yaml.Node) error {
	if node.Kind != yaml.ScalarNode {
		return &fault{key: "players", where: f.at(node), reason: "must be the number of players: a game is symmetric, so that all players have the same strategies"}
	}
	return f.number(node, "players", &f.spec.Players)
}

// readFilter reads the filter, in the notation of defenders.
func (f *gameFile) readFilter(node *yaml.Node) error {
	if err := f.text(node, "filter", &f.spec.Filter); err != nil {
		return err
	}
	if f.spec.Filter == noFilter {
		f.spec.Filter = ""
		return nil
	}
	if slices.Contains(filters(), f.spec.Filter) {
		return nil // with the default settings
	}
	stack, err := parseDetector(f.spec.Filter)
	if err != nil {
		return &fault{key: "filter", value: f.spec.Filter, where: f.at(node), reason: err.Error() + "; " + noFilter + " for q = 0"}
	}
	text, err := json.Marshal(stack)
	if err != nil {
		return fmt.Errorf("config: read filter: %w", err)
	}
	f.spec.Detector = string(text)
	return nil
}

// readStrategies reads the strategies: a mapping of names to choices.
func (f *gameFile) readStrategies(node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return &fault{key: "strategies", where: f.at(node), reason: "must hold the names of strategies, each with " + strings.Join(strategyFieldNames, ", ") + " or fewer"}
	}
	pairs, err := f.pairs(node)
	if err != nil {
		return err
	}
	for _, pair := range pairs {
		one, key := payoffs.Strategy{Name: pair.key.Value}, "strategies."+pair.key.Value
		f.places[key] = f.at(pair.key)
		if isNothing(pair.value) {
			return &fault{key: key, where: f.at(pair.key), reason: "must hold " + strings.Join(strategyFieldNames, ", ") + " or fewer, such as {p0: 0.2}"}
		}
		err := f.fields(pair.value, key, strategyFieldNames, func(name string, value *yaml.Node) error {
			return f.readChoice(&one, key+"."+name, name, value)
		})
		if err != nil {
			return err
		}
		f.spec.Strategies = append(f.spec.Strategies, one)
	}
	return nil
}

// readChoice reads one key of a strategy. p stands for p0, p1 and p2 together; 0 for a
// trigger of the usual size that is on no image.
func (f *gameFile) readChoice(s *payoffs.Strategy, key, name string, node *yaml.Node) error {
	rate := func(into ...**float64) error {
		value := new(float64)
		if err := f.decimal(node, key, value); err != nil {
			return err
		}
		for _, one := range into {
			if *one != nil {
				return &fault{key: key, where: f.at(node), reason: "was already given: p stands for p0, p1 and p2"}
			}
			*one = value
		}
		return nil
	}
	switch name {
	case "p":
		if node.Value == "0" {
			return rate(&s.P0)
		}
		return rate(&s.P0, &s.P1, &s.P2)
	case "p0":
		return rate(&s.P0)
	case "p1":
		return rate(&s.P1)
	case "p2":
		return rate(&s.P2)
	case "kind":
		return f.text(node, key, &s.Kind)
	case "labels":
		return f.text(node, key, &s.Labels)
	case "seats":
		return f.number(node, key, &s.Seats)
	default:
		var text string
		if err := f.text(node, key, &text); err != nil {
			return err
		}
		if text != "true" && text != "false" {
			return &fault{key: key, value: text, where: f.at(node), reason: "must be true or false"}
		}
		s.Coalition = text == "true"
		return nil
	}
}

// texts reads a list of texts.
func (f *gameFile) texts(node *yaml.Node, key string, into *[]string) error {
	raw, err := writtenIn(node)
	if err != nil || !raw.divided || len(raw.list) == 0 {
		return &fault{key: key, where: f.at(node), reason: fmt.Sprintf("must be a list, such as [%s]", "a, b")}
	}
	*into = raw.list
	return nil
}
