package config

import (
	"reflect"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"backfire/defenses"
)

// Reading the tags of Config reports no errors, so this test checks that they follow
// their rules.
func TestDeclarationsAreSound(t *testing.T) {
	name := regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)?$`)
	tags := intervalTags(reflect.TypeFor[Config](), "")
	variables, flags := map[string]string{}, map[string]string{"preset": "", "config": "", "set": ""}
	for _, key := range Keys() {
		require.Regexp(t, name, key.Name)
		require.NotEmpty(t, key.Help, key.Name)
		require.NotRegexp(t, `\.$`, key.Help, "%s: help is a phrase, not a sentence", key.Name)
		require.Equal(t, tags[key.Name] != "", key.Range.Bounded(), "%s: range tag %q", key.Name, tags[key.Name])
		require.Contains(t, []string{"", "text"}, map[bool]string{true: scalarName(key.scalar())}[key.isPath], "%s: a path is text", key.Name)
		if key.hasDefault {
			value, err := key.parse(written{text: key.Default})
			require.NoError(t, err, key.Name)
			require.Equal(t, key.typ, reflect.TypeOf(value), key.Name)
		} else {
			require.Contains(t, []reflect.Kind{reflect.Pointer, reflect.Slice}, key.typ.Kind(), "%s needs a default", key.Name)
		}
		for _, variable := range key.Env {
			require.Regexp(t, `^BACKFIRE_[A-Z0-9_]+$`, variable)
			require.False(t, isServiceVariable(variable), variable)
			require.NotContains(t, variables, variable, "%s has the variable of %s", key.Name, variables[variable])
			variables[variable] = key.Name
		}
		if key.Flag != "" {
			require.NotContains(t, flags, key.Flag, "%s has the flag of %s", key.Name, flags[key.Flag])
			flags[key.Flag] = key.Name
		}
	}
	for _, variable := range Variables() {
		require.False(t, isServiceVariable(variable.Name), variable.Name)
		require.NotContains(t, variables, variable.Name)
	}
}

// intervalTags returns the range tags as they are written.
func intervalTags(section reflect.Type, prefix string) map[string]string {
	tags := map[string]string{}
	for i := range section.NumField() {
		field := section.Field(i)
		if field.Type == reflect.TypeFor[DefenseSettings]() {
			for _, d := range defenses.Definitions() {
				for _, s := range d.Settings {
					tags[string(d.Kind)+"."+s.Key] = s.Range
				}
			}
			continue
		}
		name := prefix + field.Tag.Get("key")
		if field.Type.Kind() == reflect.Struct {
			for key, tag := range intervalTags(field.Type, name+".") {
				tags[key] = tag
			}
			continue
		}
		tags[name] = field.Tag.Get("range")
	}
	return tags
}

func TestKeysAreACopy(t *testing.T) {
	Keys()[0].Name = "changed"
	require.Equal(t, "seed", Keys()[0].Name)
}

func TestFirstVariableIsNamedAfterTheKey(t *testing.T) {
	key, ok := lookup("deal.held_out")
	require.True(t, ok)
	require.Equal(t, []string{"BACKFIRE_DEAL_HELD_OUT"}, key.Env)
}

func TestKindInWords(t *testing.T) {
	for name, want := range map[string]string{
		"seed": "whole number", "attackers.p0": "number", "asr.exclude_target_class": "true or false", "store": "text",
		"attackers.counts": "list of whole numbers", "attackers.rates": "list of numbers", "attackers.targets": "list of texts",
	} {
		key, ok := lookup(name)
		require.True(t, ok, name)
		require.Equal(t, want, key.kind())
	}
}
