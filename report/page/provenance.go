package page

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"backfire/experiments/store"
	"backfire/stats"
)

// Setting is a key of the models' cells and its values.
type Setting struct {
	Key    string
	Values []string // distinct, in the order of the models
	More   int      // values that are not listed
}

// Fixed reports whether all models have the same value.
func (s Setting) Fixed() bool { return len(s.Values) == 1 && s.More == 0 }

// mostValues is the number of values of a key that are listed.
const mostValues = 12

// settings lists the keys of the cells of models, with all values that they have.
func settings(records []*store.Record) []Setting {
	var keys []string
	values := map[string][]string{}
	for _, record := range records {
		data, err := yaml.Marshal(record.Cell)
		if err != nil {
			continue // the store has read it from YAML
		}
		var node yaml.Node
		if err := yaml.Unmarshal(data, &node); err != nil || len(node.Content) == 0 {
			continue
		}
		walk("", node.Content[0], func(key, value string) {
			if values[key] == nil {
				keys = append(keys, key)
			}
			if !slices.Contains(values[key], value) {
				values[key] = append(values[key], value)
			}
		})
	}
	var all []Setting
	for _, key := range keys {
		s := Setting{Key: key, Values: values[key]}
		if len(s.Values) > mostValues {
			s.More = len(s.Values) - mostValues
			s.Values = s.Values[:mostValues]
		}
		all = append(all, s)
	}
	return all
}

// walk calls found with every value below a node: keys of maps are joined by
// dots, entries of a list of maps share a key, other lists are one value.
func walk(key string, node *yaml.Node, found func(key, value string)) {
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			walk(strings.TrimPrefix(key+"."+node.Content[i].Value, "."), node.Content[i+1], found)
		}
	case yaml.SequenceNode:
		var flat []string
		for _, entry := range node.Content {
			if entry.Kind == yaml.MappingNode {
				walk(key+"[]", entry, found)
				continue
			}
			flat = append(flat, entry.Value)
		}
		if len(flat) > 0 {
			found(key, strings.Join(flat, ", "))
		}
	default:
		found(key, node.Value)
	}
}

// Machine is the program and the machine that models were trained on.
type Machine struct {
	store.Environment
	GPUs   string
	Models int
}

// Model is a trained model.
type Model struct {
	Cell, Title, Dataset string
	Seed                 uint64
	Loss, TrainAccuracy  string
	Clean, ASR           string
	Collapsed            bool
	Seconds              string // of all epochs
	Speed                string // images through training steps per second, in the last epoch
}

// provenance lists models and machines.
func (p *Page) provenance(results *resultCache) {
	machines := map[string]int{}
	for _, record := range results.all() {
		p.Models = append(p.Models, newModel(record))
		environment, err := record.Environment()
		if err != nil {
			p.Notes = append(p.Notes, fmt.Sprintf("The machine that trained %s cannot be read: %v.", filepath.Base(record.Dir), err))
			continue
		}
		id := fmt.Sprintf("%+v", environment)
		if _, known := machines[id]; !known {
			machines[id] = len(p.Machines)
			p.Machines = append(p.Machines, Machine{Environment: environment, GPUs: strings.Join(environment.Engine.GPUs, ", ")})
		}
		p.Machines[machines[id]].Models++
	}
}

// newModel returns a result in a line.
func newModel(r *store.Record) Model {
	m := Model{
		Cell: r.Result.Cell, Title: r.Cell.Title(), Dataset: r.Cell.Data.Name, Seed: r.Cell.Game.Seed,
		Loss: fmt.Sprintf("%.3f", r.Result.FinalLoss), TrainAccuracy: stats.Percent(stats.Number(r.Result.TrainAccuracy), r.Result.TrainingImages),
		Clean: stats.Percent(stats.Number(r.Result.CleanAccuracy.Value()), r.Result.CleanAccuracy.Of), Collapsed: r.Result.Collapsed, ASR: "–",
	}
	if r.Result.ASR.Mean.Defined() {
		m.ASR = stats.Percent(r.Result.ASR.Mean, r.Result.AttackersImages())
	}
	if metrics, err := r.Metrics(); err == nil && len(metrics) > 0 {
		seconds := 0.0
		for _, e := range metrics {
			seconds += e.Seconds
		}
		m.Seconds, m.Speed = fmt.Sprintf("%.1f", seconds), fmt.Sprintf("%.0f", metrics[len(metrics)-1].ImagesPerSecond)
	}
	return m
}
