// Package definition describes what a defense declares about itself: its name, the
// stage at which it acts, and its settings with their defaults, ranges and help.
// The keys of the configuration, the documentation, the notation
// name(key=value) of a defender and the stored form of a defense follow from a
// [Definition]. The defenses themselves are in package defenses and below it.
package definition

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"backfire/internal/interval"
)

// Kind is the name of a defense in configurations, tables and stored cells.
type Kind string

// Stage is the point of a training at which a defense acts.
type Stage string

// The stages, in the order in which they follow each other.
const (
	Data    Stage = "data"    // changes the defender's own rows, once
	Batches Stage = "batches" // changes each batch
	Filter  Stage = "filter"  // removes contributed rows after a first training, then trains anew
	Repair  Stage = "repair"  // changes the trained model, with the defender's own rows
	Answers Stage = "answers" // changes what the model is asked, and its answers
	Program Stage = "program" // takes the place of the training and of the model's answers
	Models  Stage = "models"  // decides which models are trained, and which of them answers
)

// Setting declares one setting of a defense.
type Setting struct {
	// Key is the name of the field in the JSON of the settings.
	Key string
	// Default is the default, in the notation of the command line.
	Default string
	// Range is the range of a number, such as "(0,1]"; empty: any.
	Range string
	// Checked reports that the settings' own method Validate checks the range, which
	// depends on other settings.
	Checked bool
	// Oneof holds the allowed words of a text; empty: any.
	Oneof []string
	// Help describes the setting in one phrase, with its unit.
	Help string
	// Levels is above 0 for a setting in 8-bit units: its smallest value. Other
	// programs write such a setting as a share of the range from 0 to 1, for which
	// a smaller value is taken.
	Levels float64
}

// MaxCount is the largest whole number that a setting may have. It is far above what
// can be computed, and keeps sums within 64 bits.
const MaxCount = 1_000_000

// Definition describes one defense.
type Definition struct {
	// Kind is the name of the defense.
	Kind Kind
	// Variants are further names of the defense in a configuration, each with other
	// settings.
	Variants []string
	// Stages are the stages at which the defense acts, at least one.
	Stages []Stage
	// Summary describes what the defense does in one phrase.
	Summary string
	// Settings declares the settings. It is empty for a defense whose section of the
	// configuration is declared elsewhere.
	Settings []Setting
	// Triggers reports that the defense draws triggers of its own. They have the
	// range of the attackers' triggers.
	Triggers bool
	// New returns a pointer to settings with the zero value of every field that
	// Settings declares.
	New func() any
}

// Default returns a pointer to the default settings.
func (d Definition) Default() any {
	settings := d.New()
	for _, s := range d.Settings {
		field, _ := fieldOf(settings, s.Key)
		set(field, s.Default)
	}
	return settings
}

// set sets a field to a value in the notation of the command line. Tests check that
// every declared default has the type of its field.
func set(field reflect.Value, text string) {
	switch field.Kind() {
	case reflect.Int:
		n, _ := strconv.ParseInt(text, 10, 0)
		field.SetInt(n)
	case reflect.Float64:
		v, _ := strconv.ParseFloat(text, 64)
		field.SetFloat(v)
	case reflect.Bool:
		field.SetBool(text == "true")
	default:
		field.SetString(text)
	}
}

// Acts reports whether the defense acts at a stage.
func (d Definition) Acts(at Stage) bool { return slices.Contains(d.Stages, at) }

// TypeOf returns the type of a declared setting: int, float64, bool or string.
func (d Definition) TypeOf(key string) reflect.Type {
	field, ok := fieldOf(d.New(), key)
	if !ok {
		return nil
	}
	switch field.Kind() {
	case reflect.Int:
		return reflect.TypeFor[int]()
	case reflect.Float64:
		return reflect.TypeFor[float64]()
	case reflect.Bool:
		return reflect.TypeFor[bool]()
	default:
		return reflect.TypeFor[string]()
	}
}

// fieldOf returns the field of settings with a JSON key, also one of an embedded
// struct.
func fieldOf(settings any, key string) (reflect.Value, bool) {
	value := reflect.Indirect(reflect.ValueOf(settings))
	for _, field := range reflect.VisibleFields(value.Type()) {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name == key {
			return value.FieldByIndex(field.Index), true
		}
	}
	return reflect.Value{}, false
}

// Validate returns an error for a setting outside its range, and the error of the
// settings' own method Validate, if they have one.
func (d Definition) Validate(settings any) error {
	for _, s := range d.Settings {
		field, _ := fieldOf(settings, s.Key)
		if err := s.check(field); err != nil {
			return err
		}
	}
	if own, ok := settings.(interface{ Validate() error }); ok {
		return own.Validate()
	}
	return nil
}

// check returns an error unless the value of a field is allowed.
func (s Setting) check(field reflect.Value) error {
	allowed := interval.Parse(s.Range)
	var value float64
	switch field.Kind() {
	case reflect.Int:
		if value = float64(field.Int()); value > MaxCount {
			return fmt.Errorf("%s is %v: it must be at most %d", s.Key, field.Interface(), MaxCount)
		}
	case reflect.Float64:
		value = field.Float()
	case reflect.String:
		if len(s.Oneof) > 0 && !slices.Contains(s.Oneof, field.String()) {
			return fmt.Errorf("%s is %q: it must be %s", s.Key, field.String(), alternatives(s.Oneof))
		}
		return nil
	default:
		return nil
	}
	if !s.Checked && !allowed.Contains(value) {
		return fmt.Errorf("%s is %v: it must be %s%s", s.Key, field.Interface(), wanted(allowed, value), s.unit())
	}
	return nil
}

// wanted returns the allowed values in words.
func wanted(allowed interval.Interval, value float64) string {
	if words := allowed.String(); words != "" {
		return words
	}
	return fmt.Sprintf("a number, not %v", value)
}

// unit returns the unit of a setting as the end of a message; empty without one.
func (s Setting) unit() string {
	if s.Levels > 0 {
		return ", in 8-bit units"
	}
	return ""
}

// alternatives joins words by commas and or.
func alternatives(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// Scale is the size of the game that a defender plays.
type Scale struct {
	// Contributed is the number of images that the defender contributes.
	Contributed int
	// Agents is the number of attackers and honest contributors.
	Agents int
	// Epochs is the number of epochs of the training, Batch its batch size.
	Epochs, Batch int
}
